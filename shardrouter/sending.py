"""Sending: statements of several psycopg 3 connections, all sent before any answer is read.

What psycopg does for a statement is a generator, which its cursors run to the end, one at a time:
begin the transaction, adapt the values, send, read, make the result. Here the generators of several
connections are run side by side. Generators are private to psycopg, so a cursor that has none, or
whose class executes in another way, gets no Statement and runs as it is.
"""

from __future__ import annotations

import selectors
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from typing import Any

# Seconds between two looks at whether Ctrl-C was pressed, where the system does not interrupt.
_INTERVAL = 0.1
# Seconds in which a server should have cancelled what an interrupted process waits for.
_CANCELLED_WITHIN = 5.0
# libpq's PQTRANS_ACTIVE: a statement is being run.
_ACTIVE = 1


class Statement:
    """A statement on one connection, sent and answered by send(); then `error` is what went wrong
    and `rows` are the first rows of a server-side cursor."""

    def __init__(self, connection: Any, steps: Generator[int, int | None, Any]) -> None:
        self.connection = connection
        self.error: Exception | None = None
        self.rows: Any = None
        self.is_done = False
        # What to wait for, as selectors name it.
        self.wanted = 0
        self._steps = steps

    def go_on(self, ready: int | None = None) -> None:
        """Run until psycopg has to wait; None begins."""
        try:
            self.wanted = int(self._steps.send(ready))
        except StopIteration as end:
            self.rows, self.is_done = end.value, True
        except Exception as error:
            self.error, self.is_done = error, True

    def give_up(self) -> None:
        """Cancel it, so that the connection can be used again; close the connection otherwise."""
        connection = self.connection
        if self.is_done or connection.pgconn.transaction_status != _ACTIVE:
            return
        try:
            connection.cancel_safe(timeout=_CANCELLED_WITHIN)
            connection.wait(self._steps, timeout=_CANCELLED_WITHIN)
        except Exception:
            # As a rule that it was cancelled.
            if connection.pgconn.transaction_status == _ACTIVE:
                connection.close()


def statement_of(cursor: Any, driver: Any, sql: Any, params: Any, rows: int) -> Statement | None:
    """Return what executing `sql` would be with `cursor` of psycopg, the module `driver`, and of a
    server-side cursor fetching the first `rows`. None if it is no cursor of psycopg 3 itself."""
    execute = getattr(type(cursor), "execute", None)
    if execute is None or not hasattr(driver, "ServerCursor"):
        return None
    if execute is driver.Cursor.execute:
        steps = cursor._execute_gen(sql, params)
    elif execute is driver.ServerCursor.execute and rows:
        steps = _opening(cursor, sql, params, rows)
    else:
        return None
    # In a pipeline of psycopg's, answers come in its own order.
    return None if cursor.connection.pgconn.pipeline_status else Statement(cursor.connection, steps)


def _opening(cursor: Any, sql: Any, params: Any, rows: int) -> Generator[int, int | None, Any]:
    """Open a server-side cursor and return its first `rows`. If those are all, close it again."""
    yield from cursor._declare_gen(sql, params, None)
    first = yield from cursor._fetch_gen(rows)
    if len(first) < rows:
        yield from cursor._close_gen()
    return first


def send(statements: Sequence[Statement]) -> None:
    """Send all `statements`, each of another connection, and wait for all answers. An error is
    kept in its statement. What interrupts the wait cancels them."""
    with ExitStack() as stack:
        for each in statements:
            stack.enter_context(each.connection.lock)
        try:
            _run(statements)
        except BaseException:
            for each in statements:
                each.give_up()
            raise


def _run(statements: Sequence[Statement]) -> None:
    with selectors.DefaultSelector() as selector:
        for each in statements:
            each.go_on()
            if not each.is_done:
                selector.register(each.connection.fileno(), each.wanted, each)
        while selector.get_map():
            for key, ready in selector.select(_INTERVAL):
                _go_on(key, ready, selector)


def _go_on(key: selectors.SelectorKey, ready: int, selector: selectors.BaseSelector) -> None:
    statement: Statement = key.data
    statement.go_on(ready)
    if statement.is_done:
        selector.unregister(key.fileobj)
    elif statement.wanted != key.events:
        selector.modify(key.fileobj, statement.wanted, statement)
