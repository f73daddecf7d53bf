"""What must be in place before the first request: databases, population, admin, static files.

`prepare` looks at the stamps, and starts Django only for what is not done yet.
"""

import os
import subprocess
import sys
from pathlib import Path

from .config import ROOT, Config
from .refusal import Refusal
from .stamps import Stamps, applied_migrations, digest_of_files

MIGRATIONS = [ROOT / "requirements.txt", *ROOT.glob("*/migrations")]
STATIC = {
    service: [ROOT / "requirements.txt", ROOT / f"timeline_{service}" / "static"]
    for service in ("api", "web")
}


def prepare(config: Config, databases: dict[str, dict]) -> None:
    """Bring the databases (as in DATABASES) and the static files up to date. Raises Refusal."""
    stamps = Stamps(config.run / "stamps.json")
    _check_nothing_is_lost(stamps, databases)
    static = {service: _static_digest(config, service) for service in STATIC}
    collecting = {
        service: _start(service, ["collectstatic", "--noinput", "--clear", "--verbosity=0"])
        for service in STATIC
        if stamps.get(f"static {service}") != static[service]
    }
    digest = _databases_digest(databases)
    if digest is None or stamps.get("databases") != digest:
        _prepare_databases(stamps, databases)
    for service, process in collecting.items():
        _finish(process, f"the static files of the {service} service")
        stamps.set(f"static {service}", _static_digest(config, service))


def _check_nothing_is_lost(stamps: Stamps, databases: dict[str, dict]) -> None:
    """A shard whose file is gone would be made anew, empty; better to say so."""
    if not stamps.get("databases"):
        return
    for alias, database in databases.items():
        path = Path(str(database["NAME"]))
        if alias != "cache" and database["ENGINE"].endswith("sqlite3") and not path.exists():
            raise Refusal(
                f"{path} was there and is gone. Put it back from a backup; or, to begin with "
                f"an empty {alias}, delete {stamps.path} and run this again."
            )


def _databases_digest(databases: dict[str, dict]) -> str | None:
    applied = applied_migrations(databases)
    return applied and f"{applied} {digest_of_files(MIGRATIONS)}"


def _static_digest(config: Config, service: str) -> str:
    manifest = config.var / "static" / service / "staticfiles.json"
    return digest_of_files([*STATIC[service], manifest])


def _prepare_databases(stamps: Stamps, databases: dict[str, dict]) -> None:
    print(f"Migrating {', '.join(databases)}", flush=True)
    _run(["migrate", "--verbosity=0"], "the migrations")
    _populate(stamps)
    _make_admin()
    stamps.set("databases", _databases_digest(databases) or "")


def _populate(stamps: Stamps) -> None:
    """The demo population, once: somebody who deletes it does not get it back."""
    if stamps.get("population") == "loaded" or os.environ.get("POPULATION", "True") != "True":
        return
    if stamps.get("population") != "loading" and _accounts_exist():
        return
    print("Loading the population (once; some seconds)", flush=True)
    stamps.set("population", "loading")  # an interrupted load is taken up at the next start
    _run(["loaddata", "population", "--verbosity=0"], "the population")
    stamps.set("population", "loaded")


def _accounts_exist() -> bool:
    question = "from timeline_api.models import Account; print(Account.objects.scatter().exists())"
    process = _start("api", ["shell", "--no-imports", "-c", question])
    return "True" in _finish(process, "the look for accounts")


def _make_admin() -> None:
    """The admin's first user, from ADMIN_PASSWORD; without one, nobody."""
    password = os.environ.get("ADMIN_PASSWORD")
    if not password:
        return
    question = (
        "from django.contrib.auth.models import User\n"
        "import os\n"
        "if not User.objects.filter(is_superuser=True).exists():\n"
        "    User.objects.create_superuser('admin', '', os.environ['ADMIN_PASSWORD'])"
    )
    _finish(_start("api", ["shell", "--no-imports", "-c", question]), "the admin's user")


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
    """Its output; Refusal with the last line of it when it failed."""
    try:
        output, _ = process.communicate()
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise
    if process.returncode:
        last = (output.strip().splitlines() or ["no reason given"])[-1]
        raise Refusal(f"{what} failed: {last}")
    return output


def _run(arguments: list[str], what: str) -> None:
    _finish(_start("api", arguments), what)
