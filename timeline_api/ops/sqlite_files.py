"""SQLite files that are moved, deleted or put back under a process that holds them open.

A persistent connection goes on reading and writing the file it once opened, wherever that is now:
what it answers would be from the past, and what it writes would be lost. So each request, and
each round of the relay, first lets go of connections whose file is not the one at its path any
more.
"""

import os
from typing import Any

from django.core.signals import request_started
from django.db import connections
from django.db.backends.signals import connection_created


def _identity(path: str) -> tuple[int, int] | None:
    """What tells one file from another at the same path; None when there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def remember(sender: Any, connection: Any, **kwargs: Any) -> None:
    """connection_created receiver: note which file was opened."""
    if connection.vendor != "sqlite":
        return
    path = connection.connection.execute("PRAGMA database_list").fetchone()[2]
    connection.opened_file = (path, _identity(path)) if path else None  # "" is in memory


def let_go(**kwargs: Any) -> None:
    """request_started receiver: close connections to files that are gone. Costs a stat each."""
    for connection in connections.all(initialized_only=True):
        opened = getattr(connection, "opened_file", None)
        if opened and connection.connection and not connection.in_atomic_block:
            path, identity = opened
            if _identity(path) != identity:
                connection.close()


def watch() -> None:
    """Connect both receivers."""
    connection_created.connect(remember, dispatch_uid="timeline_api.ops.sqlite_files.remember")
    request_started.connect(let_go, dispatch_uid="timeline_api.ops.sqlite_files.let_go")
