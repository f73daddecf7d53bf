"""Overlap: one question to several shards, of which those on PostgreSQL answer at the same time.

Each shard is asked through Django, on this thread's own connections. Where that comes to send its
first statement, the statement waits for those of the other shards: from inside of an execute
wrapper the next shard is asked, and the last one sends all of them. So whoever watches statements
(execute wrappers, `connection.queries`, a debugging toolbar) sees each, and transactions stay what
they are.

SQLite is asked one by one, since its database is this process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from django.db import connections

from . import availability
from .exceptions import ShardUnavailable
from .sending import Statement, send, statement_of

_T = TypeVar("_T")

# Asking a shard from inside of another takes some 20 of the 1,000 frames that Python allows, and
# more beneath tools that wrap statements.
_AT_ONCE = 16


def ask_shards(
    shards: Sequence[str], ask: Callable[[str], _T], *, skip: bool = False, first_rows: int = 0
) -> tuple[list[_T], tuple[str, ...]]:
    """Return what `ask` returns for each alias of `shards`, in order, and the aliases that did not
    answer, which are left out.

    Unless `skip`, the first that does not answer raises ShardUnavailable. A server-side cursor is
    opened with its first `first_rows` rows.
    """
    outcomes: list[_T | ShardUnavailable]
    if len(shards) > 1 and connections[shards[0]].vendor == "postgresql":
        outcomes = []
        for start in range(0, len(shards), _AT_ONCE):
            outcomes += _Round(ask, skip, first_rows).outcomes(shards[start : start + _AT_ONCE])
    else:
        outcomes = [_outcome(alias, ask, skip) for alias in shards]
    answers = [each for each in outcomes if not isinstance(each, ShardUnavailable)]
    missing = [each.alias for each in outcomes if isinstance(each, ShardUnavailable)]
    return answers, tuple(missing)


def _outcome(alias: str, ask: Callable[[str], _T], skip: bool) -> _T | ShardUnavailable:
    try:
        with availability.translate_errors(alias):
            return ask(alias)
    except ShardUnavailable as error:
        if not skip:
            raise
        return error


class _Round(Generic[_T]):
    """One question to some shards, each asked from inside of the one before."""

    def __init__(self, ask: Callable[[str], _T], skip: bool, first_rows: int) -> None:
        self._ask = ask
        self._skip = skip
        self.first_rows = first_rows
        self._waiting: Iterator[str] = iter(())
        self._statements: list[Statement] = []
        self._outcomes: dict[str, _T | ShardUnavailable] = {}
        self._errors: dict[str, Exception] = {}

    def outcomes(self, shards: Sequence[str]) -> list[_T | ShardUnavailable]:
        """Return each shard's answer, or why it is missing. Raise the first shard's error."""
        self._waiting = iter(shards)
        self._ask_waiting()
        for alias in shards:
            if alias in self._errors:
                raise self._errors[alias]
        return [self._outcomes[alias] for alias in shards]

    def _ask_waiting(self) -> None:
        """Ask the shards that have not been asked yet; none after an error."""
        for alias in self._waiting:
            try:
                with connections[alias].execute_wrapper(_Meeting(self)):
                    self._outcomes[alias] = _outcome(alias, self._ask, self._skip)
            except Exception as error:
                # Kept for outcomes(): this may be inside of another shard's statement.
                self._errors[alias] = error
            if self._errors:
                return

    def run(self, statement: Statement) -> Any:
        """Run `statement` together with those of the shards that have not been asked yet. Return
        its first rows. Raise what the driver does."""
        self._statements.append(statement)
        self._ask_waiting()
        if not statement.is_done:
            send([each for each in self._statements if not each.is_done])
        if statement.error is not None:
            raise statement.error.with_traceback(None)  # as psycopg's cursors do
        return statement.rows


class _Meeting:
    """An execute wrapper that lets the first statement of a shard wait for the others'."""

    def __init__(self, round_: _Round[Any]) -> None:
        self._round = round_
        self._is_over = False

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        if self._is_over or many:
            return execute(sql, params, many, context)
        self._is_over = True
        around, driver = context["cursor"], context["connection"].Database
        statement = statement_of(around.cursor, driver, sql, params, self._round.first_rows)
        if statement is None:
            return execute(sql, params, many, context)
        return self._executed(execute, sql, params, context, statement)

    def _executed(
        self, execute: Callable[..., Any], sql: str, params: Any, context: Any, statement: Statement
    ) -> Any:
        # In the place of the driver's cursor, so that what Django does around it stays around it.
        around = context["cursor"]
        cursor = around.cursor
        around.cursor = _Cursor(self._round, statement)
        try:
            executed = execute(sql, params, False, context)
        finally:
            around.cursor = cursor
        if statement.rows is not None:
            is_all = len(statement.rows) < self._round.first_rows
            close = context["connection"].Database.Cursor.close if is_all else type(cursor).close
            around.cursor = _Opened(cursor, [statement.rows, []][: 1 + is_all], close)
        return executed


class _Cursor:
    """What stands for a driver's cursor while its statement waits for the others."""

    def __init__(self, round_: _Round[Any], statement: Statement) -> None:
        self._round = round_
        self._statement = statement

    def execute(self, *args: Any) -> None:
        self._round.run(self._statement)


class _Opened:
    """A server-side cursor that has fetched its first rows, and is closed if those were all."""

    def __init__(self, cursor: Any, fetched: list[list[Any]], close: Callable[[Any], None]) -> None:
        self._cursor = cursor
        self._fetched = fetched
        self._close = close

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def fetchmany(self, size: int) -> list[Any]:
        """Return the rows that were fetched with the opening, then those that follow."""
        rows: list[Any] = self._fetched.pop(0) if self._fetched else self._cursor.fetchmany(size)
        return rows

    def close(self) -> None:
        self._close(self._cursor)
