"""Bringing databases, population, admin user and static files up to date before the services start.

`prepare` compares digests with the completed steps, and starts Django only for steps to be done.
"""

import os
import subprocess
import sys
from pathlib import Path

from .completed_steps import CompletedSteps, digest_of_files, digest_of_migrations
from .config import ROOT, Config
from .errors import DeployError

MIGRATIONS = [ROOT / "requirements.txt", *ROOT.glob("*/migrations")]
STATIC = {
    service: [ROOT / "requirements.txt", ROOT / f"timeline_{service}" / "static"]
    for service in ("api", "web")
}


def prepare(config: Config, databases: dict[str, dict]) -> None:
    """Bring the databases (DATABASES) and the static files up to date.

    Idempotent. Raise DeployError if a step fails or a database file is missing.
    """
    steps = CompletedSteps(config.run / "completed_steps.json")
    _check_no_database_is_missing(steps, databases)
    static = {service: _static_digest(config, service) for service in STATIC}
    collecting = {
        service: _start(service, ["collectstatic", "--noinput", "--clear", "--verbosity=0"])
        for service in STATIC
        if steps.get(f"static {service}") != static[service]
    }
    digest = _databases_digest(databases)
    if digest is None or steps.get("databases") != digest:
        _prepare_databases(steps, databases)
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


def _prepare_databases(steps: CompletedSteps, databases: dict[str, dict]) -> None:
    print(f"Migrating {', '.join(databases)}", flush=True)
    _run(["migrate", "--verbosity=0"], "the migrations")
    _populate(steps)
    _create_admin()
    steps.set("databases", _databases_digest(databases) or "")


def _populate(steps: CompletedSteps) -> None:
    """Load the demo population, once: it does not come back after somebody has deleted it."""
    if steps.get("population") == "loaded" or os.environ.get("POPULATION", "True") != "True":
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
    """Create the superuser `admin` with ADMIN_PASSWORD, unless it is empty or there is one."""
    if not os.environ.get("ADMIN_PASSWORD"):
        return
    code = (
        "from django.contrib.auth.models import User\n"
        "import os\n"
        "if not User.objects.filter(is_superuser=True).exists():\n"
        "    User.objects.create_superuser('admin', '', os.environ['ADMIN_PASSWORD'])"
    )
    _finish(_start("api", ["shell", "--no-imports", "-c", code]), "creating the admin user")


def _start(service: str, arguments: list[str]) -> subprocess.Popen:
    environment = {
        **os.environ,
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
