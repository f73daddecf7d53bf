"""Connections that have met a fault of their database, and must not outlive it.

What a connection has learned of a fault, such as a server that was read-only during a failover, a
damaged page or a broken log, may stay with it after the fault is over. So it is closed before the
next request and the next round of the relay. Waiting too long for a lock is no such fault, and
neither is what is wrong with the statement or its rows.
"""

from typing import Any

from django.core.signals import request_started
from django.db import DatabaseError, connections
from django.db.backends.signals import connection_created

# https://www.sqlite.org/rescode.html; the name of an extended code begins with the primary code's.
SQLITE = (
    *("SQLITE_READONLY", "SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_CANTOPEN"),
    *("SQLITE_FULL", "SQLITE_NOMEM", "SQLITE_PROTOCOL"),
)
# read_only_sql_transaction: the server is a standby, or was one. Django itself closes connections
# that broke. https://www.postgresql.org/docs/current/errcodes-appendix.html
POSTGRESQL = "25006"


def note_failure(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Database execute wrapper: note that the connection has met a fault."""
    try:
        return execute(sql, params, many, context)
    except DatabaseError as error:
        if is_fault(error):
            context["connection"].has_met_fault = True
        raise


def is_fault(error: BaseException) -> bool:
    """Return whether a database error is one that a connection may remember."""
    cause = error.__cause__
    name = str(getattr(cause, "sqlite_errorname", ""))
    return name.startswith(SQLITE) or getattr(cause, "sqlstate", None) == POSTGRESQL


def close_failed_connections(**kwargs: Any) -> None:
    """request_started receiver: close this thread's connections that have met a fault."""
    connection: Any
    for connection in connections.all(initialized_only=True):
        if getattr(connection, "has_met_fault", False) and not connection.in_atomic_block:
            connection.close()
            connection.has_met_fault = False


def install_wrapper(sender: Any, connection: Any, **kwargs: Any) -> None:
    """connection_created receiver: let the connection note its faults."""
    if note_failure not in connection.execute_wrappers:
        # In front: a block of execute_wrapper() that is open removes the last when it ends.
        connection.execute_wrappers.insert(0, note_failure)


def connect_receivers() -> None:
    """Connect both receivers. Idempotent."""
    for signal, receiver in (
        (connection_created, install_wrapper),
        (request_started, close_failed_connections),
    ):
        signal.connect(receiver, dispatch_uid=f"{__name__}.{receiver.__name__}")
