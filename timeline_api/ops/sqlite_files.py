"""SQLite files that are moved, deleted, restored or made read-only while a process has them open.

A persistent connection goes on using the file it has opened, wherever that is now: it would return
old rows, and its writes would be lost. One that was opened while the file could not be written
never writes, and neither does any other that this process opens while the first is open: they share
the WAL-index. So each request, and each round of the relay, first closes connections whose file is
no longer the one at its path, and those that could not write. The latter are not kept between
requests either.
"""

import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from weakref import WeakSet

from django.core.signals import request_finished, request_started
from django.db import connections
from django.db.backends.signals import connection_created

# How long to wait for other threads to close their read-only connections, and between two looks.
WAIT_SECONDS, LOOK_SECONDS = 1.0, 0.005

# Connections of all threads that could not write when they were opened.
_read_only: WeakSet[Any] = WeakSet()


def path_of(connection: Any) -> Path:
    """Return the file of a SQLite database, whether its NAME is a path or a URI."""
    name = str(connection.settings_dict["NAME"])
    if name.startswith("file:"):
        name = unquote(name.removeprefix("file:").partition("?")[0])
    return Path(name)


def _identity(path: str) -> tuple[int, int] | None:
    """Return what tells one file from another at the same path; None if there is no file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _is_writable(path: str) -> bool:
    """Return whether the file, its log and its WAL-index can be written, as far as they exist."""
    parts = (path, f"{path}-wal", f"{path}-shm")
    return all(os.access(part, os.W_OK) or not os.path.exists(part) for part in parts)


def record_opened_file(sender: Any, connection: Any, **kwargs: Any) -> None:
    """connection_created receiver: record which file the connection has opened, and how."""
    if connection.vendor != "sqlite":
        return
    path = connection.connection.execute("PRAGMA database_list").fetchone()[2]
    connection.opened_file = (path, _identity(path)) if path else None  # "" is in memory
    _read_only.discard(connection)
    if path and (not _is_writable(path) or path in _read_only_paths()):
        _read_only.add(connection)


def close_stale_connections(**kwargs: Any) -> None:
    """request_started receiver: close connections to files that are gone from their path, and those
    that cannot write. Costs one stat for each connection."""
    for connection in connections.all(initialized_only=True):
        opened = getattr(connection, "opened_file", None)
        if opened and connection.connection and not connection.in_atomic_block:
            path, identity = opened
            if _identity(path) != identity:
                connection.close()
    if _read_only:
        close_read_only_connections()
        _wait_for_other_threads()


def close_read_only_connections(**kwargs: Any) -> None:
    """request_finished receiver: close this thread's connections that cannot write."""
    if not _read_only:
        return
    for connection in connections.all(initialized_only=True):
        if connection in _read_only and not connection.in_atomic_block:
            connection.close()
            _read_only.discard(connection)


def _wait_for_other_threads() -> None:
    """Wait until no read-only connection is open to a file that can be written again. Each thread
    closes its own at the end of its request."""
    ends = time.monotonic() + WAIT_SECONDS
    while any(map(_is_writable, _read_only_paths())) and time.monotonic() < ends:
        time.sleep(LOOK_SECONDS)


def _read_only_paths() -> set[str]:
    return {each.opened_file[0] for each in list(_read_only) if each.connection is not None}


def connect_receivers() -> None:
    """Connect the receivers. Idempotent."""
    for signal, receiver in (
        (connection_created, record_opened_file),
        (request_started, close_stale_connections),
        (request_finished, close_read_only_connections),
    ):
        signal.connect(receiver, dispatch_uid=f"{__name__}.{receiver.__name__}")
