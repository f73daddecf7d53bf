"""A PostgreSQL server for one test run: `python -m tests.postgresql COMMAND …`.

Starts an empty cluster in a temporary folder, runs COMMAND with PGHOST, PGPORT and PGUSER set,
removes both, and exits with COMMAND's exit code. Needs no running server and no password: it
listens on a socket in that folder only.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from deploy.system_packages import find_postgresql

# Test databases need not survive a crash, so nothing waits for the disk.
OPTIONS = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60"]

# The names of the API's databases, by their environment variables.
DATABASES = {
    "DATABASE_URL": "main",
    "CACHE_DATABASE_URL": "cache",
    "SHARD0_URL": "shard0",
    "SHARD1_URL": "shard1",
    "SHARD2_URL": "shard2",
}


def urls(prefix: str = "") -> dict[str, str]:
    """Return environment variable → URL of a database on the server at PGHOST, PGPORT, PGUSER.

    A host that is a path is the folder of a socket.
    """
    server = "postgres://{PGUSER}@:{PGPORT}/{PGHOST}".format(**os.environ)
    return {variable: f"{server}/{prefix}{name}" for variable, name in DATABASES.items()}


def create(prefix: str) -> dict[str, str]:
    """Create empty databases whose names start with `prefix`. Return their `urls`."""
    with psycopg.connect(dbname="postgres", autocommit=True) as connection:
        for name in DATABASES.values():
            connection.execute(f"CREATE DATABASE {prefix}{name}")
    return urls(prefix)


@contextmanager
def server() -> Iterator[dict[str, str]]:
    """Run a server. Yield the environment variables that lead to it."""
    binaries = find_postgresql()
    if binaries is None:
        sys.exit("PostgreSQL's initdb is missing. `make test` installs it.")
    # In /tmp, because the path of a socket has 107 bytes at most.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    try:
        as_user = _as_its_user(folder)
        data, log = folder / "data", folder / "log"
        _run(as_user, f"{binaries}/initdb", "-D", str(data), "-A", "trust", "-U", "postgres",
             "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")  # fmt: skip
        settings = " ".join(f"-c {option}" for option in OPTIONS)
        options = f"-c listen_addresses= -c unix_socket_directories={folder} {settings}"
        control = (as_user, f"{binaries}/pg_ctl", "-D", str(data), "-w", "-s")
        _run(*control, "-l", str(log), "-o", options, "start")
        try:
            yield {"PGHOST": str(folder), "PGPORT": "5432", "PGUSER": "postgres"}
        finally:
            _run(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_its_user(folder: Path) -> list[str]:
    """Return what to put before a command as root, as whom PostgreSQL refuses to run."""
    if os.geteuid() != 0:
        return []
    try:
        pwd.getpwnam("postgres")
        user = "postgres"
    except KeyError:
        user = "nobody"
    shutil.chown(folder, user)
    return ["setpriv", f"--reuid={user}", "--regid=" + str(pwd.getpwnam(user).pw_gid),
            "--init-groups"]  # fmt: skip


def _run(prefix: list[str], *command: str) -> None:
    # Not through a pipe, which the server would inherit and keep open.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run([*prefix, *command], stdout=output, stderr=output, cwd="/")
        if done.returncode:
            output.seek(0)
            sys.exit(f"{Path(command[0]).name} failed:\n{output.read().decode(errors='replace')}")


def main() -> int:
    with server() as environment:
        return subprocess.run(sys.argv[1:], env={**os.environ, **environment}).returncode


if __name__ == "__main__":
    sys.exit(main())
