"""Turns: how writers of a SQLite file wait until another's transaction ends.

SQLite itself lets a waiting writer look less and less often, in the end ten times a second: under
load each look finds yet another writer, and whoever waits longest fails first. Here a writer looks
every few milliseconds, at random, and more often once it has waited for long. How long it waits
before it fails is the `timeout` of the database's OPTIONS, as before.
"""

import math
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

from django.db import OperationalError
from django.db.backends.signals import connection_created

# The mean seconds between two looks, at first and after LONG_WAIT seconds. A look costs 10 µs.
SELDOM, OFTEN = 0.005, 0.0005
LONG_WAIT = 0.15
# https://docs.djangoproject.com/en/5.2/ref/databases/#sqlite-notes: Django's own default.
DEFAULT_TIMEOUT = 5.0


# The most seconds that a statement of an eagerly() waits.
_patience: ContextVar[float | None] = ContextVar("patience", default=None)


@contextmanager
def eagerly(patience: float = math.inf) -> Iterator[None]:
    """Let the block's transactions look often from the start, and for `patience` seconds at most:
    for the relay, which has few, large ones, and pauses between them."""
    token = _patience.set(patience)
    try:
        yield
    finally:
        _patience.reset(token)


def wait_in_turn(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Database execute wrapper: let what takes the file's lock wait for its turn.

    That is a BEGIN, and a write outside of a transaction.
    """
    connection = context["connection"]
    raw = connection.connection
    # A statement that waits has done nothing yet, but the first rows of many may be written.
    if sql.startswith("SELECT") or many or raw.in_transaction:
        return execute(sql, params, many, context)
    timeout = connection.settings_dict["OPTIONS"].get("timeout", DEFAULT_TIMEOUT)
    patience = _patience.get()
    longest = timeout if patience is None else min(timeout, patience)
    raw.execute("PRAGMA busy_timeout = 0")
    try:
        return _execute_within(longest, partial(execute, sql, params, many, context))
    finally:
        raw.execute(f"PRAGMA busy_timeout = {int(timeout * 1000)}")


def _execute_within(timeout: float, statement: Callable[[], Any]) -> Any:
    """Return what `statement` returns. Raise its OperationalError if the file is still locked after
    `timeout` seconds."""
    began = time.monotonic()
    while True:
        try:
            return statement()
        except OperationalError as error:
            waited = time.monotonic() - began
            if not is_busy(error.__cause__) or waited >= timeout:
                raise
        mean = OFTEN if waited > LONG_WAIT or _patience.get() is not None else SELDOM
        time.sleep(random.uniform(0.5, 1.5) * mean)  # noqa: S311


def is_busy(error: BaseException | None) -> bool:
    """Return whether SQLite's own error says that the file is locked."""
    return str(getattr(error, "sqlite_errorname", "")).startswith("SQLITE_BUSY")


def install_wrapper(sender: Any, connection: Any, **kwargs: Any) -> None:
    """connection_created receiver: let the connection's writes wait in turn."""
    if connection.vendor == "sqlite" and wait_in_turn not in connection.execute_wrappers:
        # In front: a block of execute_wrapper() that is open removes the last when it ends.
        connection.execute_wrappers.insert(0, wait_in_turn)


def connect_receiver() -> None:
    """Connect the receiver. Idempotent."""
    connection_created.connect(install_wrapper, dispatch_uid=f"{__name__}.install_wrapper")
