"""Backups: copies of `default` and all shards as they were at one moment, made while all goes on.

For some milliseconds nobody writes: a lock is taken on each file, then a snapshot is opened of
each, and the locks are released. The snapshots are copied while others write. So what one shard
lacks of another's, as the mirror of a follow, an event in the copied outboxes delivers.
"""

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from django.db import connections
from django.utils import timezone

from shardrouter import shards

from .sqlite_files import path_of

MANIFEST = "manifest.json"
# How long to wait for the lock of each file.
LOCK_SECONDS = 10.0


class BackupError(Exception):
    """A backup that cannot be made, is damaged, or must not be restored here; it says why."""


def back_up(folder: Path) -> dict[str, Any]:
    """Write a backup into `folder`, which must be empty or missing. Return its manifest.

    Raise BackupError, and leave no manifest, if a database cannot be locked or copied.
    """
    paths = database_paths()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise BackupError(f"{folder} is not empty. Name a folder that is.")
    with _snapshots(paths) as snapshots:
        made_at = timezone.now()
        files = {alias: _copy(source, folder, alias) for alias, source in snapshots.items()}
    manifest = {"version": 1, "made_at": made_at.isoformat(), "databases": files}
    _write_durably(folder / MANIFEST, json.dumps(manifest, indent=1).encode())
    return manifest


def verify(folder: Path) -> dict[str, Any]:
    """Return the manifest of the backup in `folder`. Raise BackupError if a file is missing,
    damaged, or of other shards than the settings name."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError) as error:
        raise BackupError(f"{folder} has no complete backup: {error}.") from None
    expected = {"default", *shards()}
    if set(manifest["databases"]) != expected:
        raise BackupError(
            f"The backup is of {', '.join(sorted(manifest['databases']))}, and the settings name "
            f"{', '.join(sorted(expected))}. Set SHARDS as it was."
        )
    for file in manifest["databases"].values():
        _verify_file(folder / file["file"], file)
    return manifest


def restore(folder: Path) -> dict[str, Any]:
    """Verify the backup in `folder` and put its files where the settings say. Return the manifest.

    Raise BackupError, having changed nothing, if it is damaged or a database is there already.
    """
    manifest, paths = verify(folder), database_paths()
    for path in paths.values():
        for part in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
            if part.exists():
                raise BackupError(f"{part} is there. Stop Twitsite and move it away first.")
    for alias, path in paths.items():
        partial = path.with_name(f"{path.name}.part")
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / manifest["databases"][alias]["file"], partial)
        _sync(partial)
        partial.rename(path)
    return manifest


def database_paths() -> dict[str, Path]:
    """Return alias → the file of `default` and each shard. Raise BackupError for PostgreSQL."""
    paths = {}
    for alias in ("default", *shards()):
        if connections[alias].vendor != "sqlite":
            raise BackupError(
                f"{alias} is on PostgreSQL: back it up by pg_dump. docs/operations.md says how."
            )
        paths[alias] = path_of(connections[alias])
    return paths


@contextmanager
def _snapshots(paths: dict[str, Path]) -> Iterator[dict[str, sqlite3.Connection]]:
    """Yield alias → a connection in a read transaction; all of them see the same moment."""
    with ExitStack() as stack:
        with ExitStack() as locks:
            for alias, path in paths.items():
                lock = locks.enter_context(closing(_open(alias, path)))
                _execute(alias, lock, "BEGIN IMMEDIATE")
            snapshots = {}
            for alias, path in paths.items():
                snapshots[alias] = stack.enter_context(closing(_open(alias, path)))
                _execute(alias, snapshots[alias], "BEGIN")
                _execute(alias, snapshots[alias], "SELECT COUNT(*) FROM sqlite_master")
        yield snapshots


def _open(alias: str, path: Path) -> sqlite3.Connection:
    try:
        uri = f"{path.absolute().as_uri()}?mode=rw"
        return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=LOCK_SECONDS)
    except sqlite3.Error as error:
        raise BackupError(f"{alias} ({path}) cannot be opened: {error}.") from error


def _execute(alias: str, connection: sqlite3.Connection, sql: str) -> None:
    try:
        connection.execute(sql).fetchall()
    except sqlite3.Error as error:
        raise BackupError(f"{alias} cannot be backed up: {error}. Try again.") from error


def _copy(source: sqlite3.Connection, folder: Path, alias: str) -> dict[str, Any]:
    path = folder / f"{alias}.sqlite3"
    try:
        with closing(sqlite3.connect(path)) as copy:
            source.backup(copy)
            # One file each, without a log beside it.
            copy.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise BackupError(f"{path} cannot be written: {error}.") from error
    _sync(path)
    _check_integrity(path)
    return {"file": path.name, "bytes": path.stat().st_size, "sha256": _sha256(path)}


def _verify_file(path: Path, file: dict[str, Any]) -> None:
    if (
        not path.is_file()
        or path.stat().st_size != file["bytes"]
        or _sha256(path) != file["sha256"]
    ):
        raise BackupError(f"{path} is missing, or is not as it was when it was backed up.")
    _check_integrity(path)


def _check_integrity(path: Path) -> None:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as copy:
            found = copy.execute("PRAGMA integrity_check").fetchall()
    except sqlite3.Error as error:
        raise BackupError(f"{path} is damaged: {error}.") from error
    if found != [("ok",)]:
        raise BackupError(f"{path} is damaged: {found[0][0]}.")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_durably(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    _sync(path)


def _sync(path: Path) -> None:
    for each in (path, path.parent):
        descriptor = os.open(each, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
