"""Bringing databases, population, admin user and static files up to date before the services start.

`prepare` compares digests with the completed steps, and starts Django only for steps to be done.
"""

import os
import secrets
import subprocess
import sys
from pathlib import Path

from . import exposure
from .completed_steps import CompletedSteps, digest_of_files, digest_of_migrations
from .config import ROOT, Config
from .errors import DeployError

MIGRATIONS = [ROOT / "requirements.txt", *ROOT.glob("*/migrations")]
STATIC = {
    service: [ROOT / "requirements.txt", ROOT / f"timeline_{service}" / "static"]
    for service in ("api", "web")
}


def prepare(config: Config, databases: dict[str, dict], *, keep_old_files: bool = False) -> None:
    """Bring the databases (DATABASES) and the static files up to date.

    `keep_old_files`: static files that are no more stay, for pages that somebody has open.
    Idempotent. Raise DeployError if a step fails or a database file is missing.
    """
    steps = CompletedSteps(config.run / "completed_steps.json")
    _check_no_database_is_missing(steps, databases)
    exposure.check_settings(config, is_populated=is_populated(config))
    static = {service: _static_digest(config, service) for service in STATIC}
    collect = ["collectstatic", "--noinput", "--verbosity=0"]
    collect += [] if keep_old_files else ["--clear"]
    collecting = {
        service: _start(service, collect)
        for service in STATIC
        if steps.get(f"static {service}") != static[service]
    }
    digest = _databases_digest(databases)
    if digest is None or steps.get("databases") != digest:
        _prepare_databases(config, steps, databases)
    if config.is_open:
        exposure.check_passwords(config, _published_passwords())
    for service, process in collecting.items():
        _finish(process, f"the static files of the {service} service")
        steps.set(f"static {service}", _static_digest(config, service))


def _check_no_database_is_missing(steps: CompletedSteps, databases: dict[str, dict]) -> None:
    """Raise DeployError if a file is gone: `migrate` would create an empty shard in its place."""
    if not steps.get("databases"):
        return
    for alias, database in databases.items():
        path = Path(str(database["NAME"]))
        if alias != "cache" and database["ENGINE"].endswith("sqlite3") and not path.exists():
            raise DeployError(
                f"{path} was there and is gone. Put it back from a backup; or, to begin with "
                f"an empty {alias}, delete {steps.path} and run this again."
            )


def _databases_digest(databases: dict[str, dict]) -> str | None:
    applied = digest_of_migrations(databases)
    return applied and f"{applied} {digest_of_files(MIGRATIONS)}"


def _static_digest(config: Config, service: str) -> str:
    manifest = config.var / "static" / service / "staticfiles.json"
    return digest_of_files([*STATIC[service], manifest])


def is_populated(config: Config) -> bool:
    """Return whether the demo population was loaded here. Somebody may have deleted it since."""
    return CompletedSteps(config.run / "completed_steps.json").get("population") == "loaded"


def _prepare_databases(config: Config, steps: CompletedSteps, databases: dict[str, dict]) -> None:
    print(f"Migrating {', '.join(databases)}", flush=True)
    _run(["migrate", "--verbosity=0"], "the migrations")
    if config.population:
        _populate(steps)
    _create_admin()
    steps.set("databases", _databases_digest(databases) or "")


def _populate(steps: CompletedSteps) -> None:
    """Load the demo population, once: it does not come back after somebody has deleted it."""
    if steps.get("population") == "loaded":
        return
    if steps.get("population") != "loading" and _accounts_exist():
        return
    print("Loading the population (once; some seconds)", flush=True)
    steps.set("population", "loading")  # the next start repeats an interrupted load
    _run(["loaddata", "population", "--verbosity=0"], "the population")
    steps.set("population", "loaded")


def _accounts_exist() -> bool:
    code = "from timeline_api.models import Account; print(Account.objects.scatter().exists())"
    process = _start("api", ["shell", "--no-imports", "-c", code])
    return "True" in _finish(process, "looking for accounts")


def _create_admin() -> None:
    """Create the superuser `admin`, unless there is one, or ADMIN_PASSWORD is set and empty.

    Without ADMIN_PASSWORD, make one and print it: it is stored nowhere.
    """
    given = os.environ.get("ADMIN_PASSWORD")
    password = secrets.token_urlsafe(12) if given is None else given
    if not password:
        return
    code = (
        "from django.contrib.auth.models import User\n"
        "import os\n"
        "if not User.objects.filter(is_superuser=True).exists():\n"
        "    User.objects.create_superuser('admin', '', os.environ['ADMIN_PASSWORD'])\n"
        "    print('created')"
    )
    shell = _start("api", ["shell", "--no-imports", "-c", code], ADMIN_PASSWORD=password)
    if "created" in _finish(shell, "creating the admin user") and given is None:
        print(f"Created the operator admin with the password {password}", flush=True)
        print("It is shown this once, and stored nowhere: write it down.", flush=True)


def _published_passwords() -> str:
    """Return the names of those who log in with the published password, separated by commas."""
    code = (
        "from timeline_api.population import published\n"
        f"print(*published.users_of({exposure.PUBLISHED_PASSWORD!r}), sep=', ')"
    )
    return _finish(
        _start("api", ["shell", "--no-imports", "-c", code]), "checking passwords"
    ).strip()


def _start(service: str, arguments: list[str], **variables: str) -> subprocess.Popen:
    environment = {
        **os.environ,
        **variables,
        "DJANGO_SETTINGS_MODULE": f"twitsite.settings.{service}",
        "LOG_LEVEL": "WARNING",
    }
    return subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        cwd=ROOT,
        env=environment,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def _finish(process: subprocess.Popen, what: str) -> str:
    """Wait for a process and return its output. Raise DeployError with the last line of it."""
    try:
        output, _ = process.communicate()
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise
    if process.returncode:
        last = (output.strip().splitlines() or ["no reason given"])[-1]
        raise DeployError(f"{what} failed: {last}")
    return output


def _run(arguments: list[str], what: str) -> None:
    _finish(_start("api", arguments), what)
