"""The preparation steps that are done: a small JSON file in VAR_DIR/run."""

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path


class CompletedSteps:
    """Map the name of a step to the digest of its inputs when it was last completed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with suppress(FileNotFoundError):  # its name in earlier checkouts
            path.with_name("stamps.json").rename(path)
        try:
            self._digests: dict[str, str] = json.loads(path.read_text())
        except (OSError, ValueError):
            self._digests = {}

    def get(self, name: str) -> str | None:
        return self._digests.get(name)

    def set(self, name: str, digest: str) -> None:
        """Record a step. Written at once, since the next one may be interrupted."""
        self._digests[name] = digest
        self.path.write_text(json.dumps(self._digests, indent=1))


def digest_of_files(paths: Iterable[Path]) -> str:
    """Return a digest of the names and contents of files, and of the files in folders.

    A missing path changes the digest too.
    """
    total = sha256()
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.suffix != ".pyc":
                total.update(f"{file}\0{file.stat().st_size}\0".encode())
                total.update(sha256(file.read_bytes()).digest())
    return total.hexdigest()


def digest_of_migrations(databases: dict[str, dict]) -> str | None:
    """Return a digest of the migrations applied to each SQLite file of DATABASES.

    Reads the files without Django, which takes milliseconds. Return None if a file is missing or a
    database is not SQLite. A file restored from an older backup gives another digest, so the next
    start migrates it.
    """
    total = sha256()
    for alias, database in sorted(databases.items()):
        path = Path(str(database["NAME"]))
        if not database["ENGINE"].endswith("sqlite3") or not path.is_file():
            return None
        try:
            # Not mode=ro: whoever opens the file first after a crash has to recover its WAL.
            with closing(sqlite3.connect(path, timeout=5)) as connection:
                rows = connection.execute("SELECT app, name FROM django_migrations ORDER BY id")
                total.update(repr((alias, rows.fetchall())).encode())
        except sqlite3.Error:
            return None
    return total.hexdigest()
