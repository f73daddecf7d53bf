"""What was done and need not be done again: a small JSON file in VAR_DIR/run."""

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from hashlib import sha256
from pathlib import Path


class Stamps:
    """Names and the digests for which they were done last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._done: dict[str, str] = json.loads(path.read_text())
        except (OSError, ValueError):
            self._done = {}

    def get(self, name: str) -> str | None:
        return self._done.get(name)

    def set(self, name: str, digest: str) -> None:
        """Record it now: what follows may be interrupted."""
        self._done[name] = digest
        self.path.write_text(json.dumps(self._done, indent=1))


def digest_of_files(paths: Iterable[Path]) -> str:
    """A digest of names and contents; folders are walked. A path that is missing counts too."""
    total = sha256()
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.suffix != ".pyc":
                total.update(f"{file}\0{file.stat().st_size}\0".encode())
                total.update(sha256(file.read_bytes()).digest())
    return total.hexdigest()


def applied_migrations(databases: dict[str, dict]) -> str | None:
    """A digest of the migrations that each SQLite file of DATABASES has had, read without Django.

    None when there is no telling: a file is missing, or a database is on a server. So a file that
    was lost, or put back from an older backup, is migrated at the next start.
    """
    total = sha256()
    for alias, database in sorted(databases.items()):
        path = Path(str(database["NAME"]))
        if not database["ENGINE"].endswith("sqlite3") or not path.is_file():
            return None
        try:
            # Not mode=ro: a WAL left behind by a crash is taken in by whoever opens the file next.
            with closing(sqlite3.connect(path, timeout=5)) as connection:
                rows = connection.execute("SELECT app, name FROM django_migrations ORDER BY id")
                total.update(repr((alias, rows.fetchall())).encode())
        except sqlite3.Error:
            return None
    return total.hexdigest()
