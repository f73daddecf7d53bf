"""Commits: what a database has committed so far, as a value that differs after each commit.

It costs a few microseconds on SQLite and one short query on PostgreSQL, and names no table: what
has been read since it was taken can be kept for as long as it stays the same.
"""

import os
import threading
from typing import Any

from django.db import DatabaseError, connections

# The WAL-index begins with two copies of a header of 48 bytes, which each commit writes; its byte
# 12 says whether it is in use. https://www.sqlite.org/walformat.html#the_wal_index_file_format
HEADER_BYTES = 48
IN_USE = 12
# A commit takes microseconds to write both copies.
LOOKS = 5
# Which transactions are visible now. Numbers of transactions begin anew where an older copy of the
# server was started.
SNAPSHOT = "SELECT pg_current_snapshot()::text || pg_postmaster_start_time()::text"


def committed(alias: str) -> str | None:
    """Return what the database `alias` has committed; None where that cannot be said: it is down,
    keeps no WAL, or this thread is in a transaction, which sees what others do not."""
    connection = connections[alias]
    state = {"sqlite": _sqlite, "postgresql": _postgresql}.get(connection.vendor)
    if state is None or connection.in_atomic_block:
        return None
    try:
        return state(connection)
    except (DatabaseError, OSError):
        return None


def _postgresql(connection: Any) -> str | None:
    if connection.connection is None:
        return None  # what does not need this database must not wait for it
    with connection.cursor() as cursor:
        cursor.execute(SNAPSHOT)
        return str(cursor.fetchone()[0])


def _sqlite(connection: Any) -> str | None:
    connection.ensure_connection()
    if not connection.opened_file:
        return None
    path, _ = connection.opened_file
    header = _header(_wal_indexes.descriptor(f"{path}-shm"))
    if header is None:
        return None
    # A WAL-index begins anew after the last process has closed the file, and so has written it.
    file = os.stat(path)
    return f"{header.hex()} {file.st_ino} {file.st_mtime_ns} {file.st_size}"


def _header(descriptor: int) -> bytes | None:
    for _ in range(LOOKS):
        both = os.pread(descriptor, 2 * HEADER_BYTES, 0)
        header = both[:HEADER_BYTES]
        if header == both[HEADER_BYTES:] and len(header) == HEADER_BYTES:
            return header if header[IN_USE] else None
    return None


class _WalIndexes:
    """WAL-index files that this process has opened, and never closes.

    To close one would release SQLite's own locks on it, which POSIX gives to the process:
    https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._descriptors: dict[tuple[int, int], int] = {}

    def descriptor(self, path: str) -> int:
        """Return a descriptor of the file that is at `path` now. Raise OSError if there is none."""
        found = os.stat(path)
        identity = found.st_dev, found.st_ino
        descriptor = self._descriptors.get(identity)
        return self._open(path) if descriptor is None else descriptor

    def _open(self, path: str) -> int:
        with self._lock:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            found = os.fstat(descriptor)
            # Another thread may have been faster. Even then this one stays open.
            return self._descriptors.setdefault((found.st_dev, found.st_ino), descriptor)


_wal_indexes = _WalIndexes()
