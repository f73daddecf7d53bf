"""Sick shards: databases that could not be written a moment ago.

They are locked, read-only, full or half-made, or do not answer. Work for others goes on. What must
be written there raises ShardUnavailable, as for a shard that is down: at once while the shard is
known to be sick, and otherwise after LOCK_SECONDS at most.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from django.db import DatabaseError, connections

from shardrouter.exceptions import ShardUnavailable

from ..ops import failed_connections, sqlite_turns

# How long a sick shard is left alone before it is tried again.
SICK_SECONDS = 2.0
# How long to wait for a lock: of a shard that was well, and of one that was sick when last tried.
LOCK_SECONDS, LOCK_SECONDS_AFTER_SICKNESS = 1.0, 0.05
# lock_not_available, query_canceled, deadlock and serialization failures, disk full, out of memory.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
POSTGRESQL = ("55P03", "57014", "40P01", "40001", "53")


def means_sick(error: BaseException) -> bool:
    """Return whether a database error says that the database cannot be written now, and nothing
    about the statement."""
    if isinstance(error, ShardUnavailable) or failed_connections.is_fault(error):
        return True
    state = getattr(error.__cause__, "sqlstate", None) or ""
    return sqlite_turns.is_busy(error.__cause__) or state.startswith(POSTGRESQL)


def unavailable(alias: str, error: DatabaseError) -> ShardUnavailable:
    """Return the error as ShardUnavailable if it means that `alias` is sick; raise any other."""
    if isinstance(error, ShardUnavailable):
        return error
    if not means_sick(error):
        raise error
    return ShardUnavailable(alias, error)


class SickShards:
    """The databases that one relay has found sick, and when each may be tried again."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def __contains__(self, alias: str) -> bool:
        return time.monotonic() < self._until.get(alias, 0)

    @contextmanager
    def avoided(self) -> Iterator[None]:
        """Let writes to sick databases fail soon, as ShardUnavailable, inside the block. Nests."""
        with ExitStack() as stack:
            stack.enter_context(sqlite_turns.eagerly(LOCK_SECONDS))
            for connection in connections.all():
                stack.enter_context(self._watched(connection))
            yield

    @contextmanager
    def _watched(self, connection: Any) -> Iterator[None]:
        wrappers = connection.execute_wrappers
        if self._watch in wrappers:
            yield
            return
        # Around those that wait, and that are installed by the first connection.
        sqlite_turns.install_wrapper(None, connection)
        failed_connections.install_wrapper(None, connection)
        wrappers.insert(0, self._watch)
        try:
            yield
        finally:
            wrappers.remove(self._watch)

    def _watch(
        self, execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        """Database execute wrapper. What is sick can often be read all the same."""
        alias = context["connection"].alias
        try:
            if alias not in self._until or sql.startswith("SELECT"):
                return execute(sql, params, many, context)
            return self._try_again(alias, partial(execute, sql, params, many, context))
        except DatabaseError as error:
            if isinstance(error, ShardUnavailable) or not means_sick(error):
                raise
            self._until[alias] = time.monotonic() + SICK_SECONDS
            raise ShardUnavailable(alias, error) from error

    def _try_again(self, alias: str, write: Callable[[], Any]) -> Any:
        if alias in self:
            raise ShardUnavailable(alias, "it could not be written a moment ago")
        with sqlite_turns.eagerly(LOCK_SECONDS_AFTER_SICKNESS):
            result = write()
        self._until.pop(alias, None)
        return result
