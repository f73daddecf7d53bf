"""Availability: turns a database that does not answer into ShardUnavailable, named.

Only what is known to mean "not reachable" is turned. Anything else, such as wrong SQL or a lock
that is held too long, stays the error it is: `on_shard_down="skip"` must never hide it.
"""

from typing import Any

from django.db import DatabaseError, Error, InterfaceError, OperationalError

from . import conf
from .exceptions import ShardUnavailable

# https://www.sqlite.org/rescode.html; extended codes begin with the primary one's name.
_SQLITE = ("SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_PROTOCOL")
# https://www.postgresql.org/docs/current/errcodes-appendix.html: connection exceptions, refused
# logins, too many connections, an unknown database, a server that is stopping or starting.
_POSTGRESQL = ("08", "28", "53300", "3D000", "57P01", "57P02", "57P03", "57P05")


class of:
    """A context in which errors of the shard `alias` that mean "not reachable" become
    ShardUnavailable(alias). A class, since each query enters one and a generator costs more."""

    __slots__ = ("alias",)

    def __init__(self, alias: str) -> None:
        self.alias = alias

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        if (
            isinstance(error, DatabaseError | InterfaceError)
            and not isinstance(error, ShardUnavailable)
            and self.alias in conf.shards()
            and _means_not_reachable(error)
        ):
            raise ShardUnavailable(self.alias, error) from error


def _means_not_reachable(error: Error) -> bool:
    """By the code that the driver's own error carries; messages differ between versions."""
    cause = error.__cause__
    if (name := getattr(cause, "sqlite_errorname", None)) is not None:
        return name.startswith(_SQLITE)
    if not hasattr(cause, "sqlstate"):
        return False
    state = getattr(cause, "sqlstate", None)
    if state is None:
        # The server gave no verdict: there was no connection, or it broke.
        return isinstance(error, OperationalError | InterfaceError)
    return state.startswith(_POSTGRESQL)
