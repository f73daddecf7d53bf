"""Availability: database errors that mean "this shard is not reachable" become ShardUnavailable.

So do those of a database that lacks the tables of sharded models, such as an empty file in the
place of a lost one. Only errors that are known to mean that are translated. Others, such as wrong
SQL or a lock that is held too long, stay what they are, so that `on_shard_down="skip"` never hides
them.
"""

import re
from types import TracebackType
from typing import Any

from django.apps import apps
from django.db import DatabaseError, Error, InterfaceError, OperationalError

from . import conf
from .exceptions import ShardUnavailable
from .placement import is_sharded

# https://www.sqlite.org/rescode.html; the name of an extended code begins with the primary code's.
_SQLITE = ("SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_PROTOCOL")
# https://www.postgresql.org/docs/current/errcodes-appendix.html: connection exceptions, rejected
# logins, too many connections, an unknown database, a server that is stopping or starting.
_POSTGRESQL = ("08", "28", "53300", "3D000", "57P01", "57P02", "57P03", "57P05")
# undefined_table and undefined_column. SQLite has no codes for them.
_POSTGRESQL_LACKS = ("42P01", "42703")
_SQLITE_LACKS = re.compile(r"no such (table|column): |table \w+ has no column named ")


def translate_errors(alias: str) -> "_ErrorTranslation":
    """Return a context in which an error that means that the shard `alias` is not reachable
    becomes ShardUnavailable(alias)."""
    return _ErrorTranslation(alias)


class _ErrorTranslation:
    # A class, since every query enters one, and a generator costs more.
    __slots__ = ("alias",)

    def __init__(self, alias: str) -> None:
        self.alias = alias

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if (
            isinstance(error, DatabaseError | InterfaceError)
            and not isinstance(error, ShardUnavailable)
            and self.alias in conf.shards()
            and (_means_not_reachable(error) or _lacks_schema(error))
        ):
            raise ShardUnavailable(self.alias, error) from error


def _means_not_reachable(error: Error) -> bool:
    """Decide by the code of the driver's own error, since messages differ between versions."""
    cause: Any = error.__cause__
    name: str | None = getattr(cause, "sqlite_errorname", None)
    if name is not None:
        return name.startswith(_SQLITE)
    if not hasattr(cause, "sqlstate"):
        return False
    state: str | None = cause.sqlstate
    if state is None:
        # The server has said nothing: there was no connection, or it broke.
        return isinstance(error, OperationalError | InterfaceError)
    return state.startswith(_POSTGRESQL)


def _lacks_schema(error: Error) -> bool:
    """Return whether the database lacks the table or a column of a sharded model, or a table named
    after one, as that of a search index. What names another table is wrong SQL."""
    lacks = getattr(error.__cause__, "sqlstate", None) in _POSTGRESQL_LACKS
    if not lacks and not _SQLITE_LACKS.match(str(error)):
        return False
    named = re.findall(r"\w+", str(error).partition("\n")[0])
    for model in apps.get_models():
        if model._meta.managed and is_sharded(model):
            table = model._meta.db_table
            columns = {field.column for field in model._meta.local_concrete_fields}
            if any(name.startswith(f"{table}_") for name in named):
                return True
            if table in named and ("column" not in named or columns & set(named)):
                return True
    return False
