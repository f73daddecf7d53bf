"""SQLite files that are moved, deleted or restored while a process has them open.

A persistent connection goes on using the file it has opened, wherever that is now: it would return
old rows, and its writes would be lost. So each request, and each round of the relay, first closes
connections whose file is no longer the one at its path.
"""

import os
from typing import Any

from django.core.signals import request_started
from django.db import connections
from django.db.backends.signals import connection_created


def _identity(path: str) -> tuple[int, int] | None:
    """Return what tells one file from another at the same path; None if there is no file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def record_opened_file(sender: Any, connection: Any, **kwargs: Any) -> None:
    """connection_created receiver: record which file the connection has opened."""
    if connection.vendor != "sqlite":
        return
    path = connection.connection.execute("PRAGMA database_list").fetchone()[2]
    connection.opened_file = (path, _identity(path)) if path else None  # "" is in memory


def close_stale_connections(**kwargs: Any) -> None:
    """request_started receiver: close connections to files that are gone from their path. Costs one
    stat for each connection."""
    for connection in connections.all(initialized_only=True):
        opened = getattr(connection, "opened_file", None)
        if opened and connection.connection and not connection.in_atomic_block:
            path, identity = opened
            if _identity(path) != identity:
                connection.close()


def connect_receivers() -> None:
    """Connect both receivers. Idempotent."""
    connection_created.connect(record_opened_file, dispatch_uid=f"{__name__}.record_opened_file")
    request_started.connect(
        close_stale_connections, dispatch_uid=f"{__name__}.close_stale_connections"
    )
