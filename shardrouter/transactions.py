"""atomic_for: a transaction on one row's shard, and on no other."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.db import connections, models, transaction

from . import availability, conf
from .exceptions import CrossShardTransaction
from .placement import shard_for


class _Refusal:
    """A database execute wrapper that lets nothing through. Wrappers sit on a connection, which
    belongs to one thread, so nothing leaks to other requests."""

    def __init__(self, pinned: str, touched: str) -> None:
        self.pinned = pinned
        self.touched = touched

    def __call__(self, execute: Callable, sql: str, params: Any, many: bool, context: Any) -> Any:
        raise CrossShardTransaction(self.pinned, self.touched)


def refusal_on(alias: str) -> CrossShardTransaction | None:
    """The error for touching `alias` now, or None when no other shard is pinned."""
    for wrapper in connections[alias].execute_wrappers:
        if isinstance(wrapper, _Refusal):
            return CrossShardTransaction(wrapper.pinned, wrapper.touched)
    return None


def require_not_refused(alias: str) -> None:
    """Raise CrossShardTransaction when another shard is pinned, before `alias` is touched."""
    if error := refusal_on(alias):
        raise error


@contextmanager
def atomic_for(
    subject: models.Model | int | str, *, savepoint: bool = True, durable: bool = False
) -> Iterator[str]:
    """A transaction on the shard of `subject` (a row or an id); gives that shard's alias.

    Until it ends, any statement to another shard raises CrossShardTransaction. Nests, as
    transaction.atomic does, for rows of the same shard. Register what must run after the commit
    with `transaction.on_commit(…, using=alias)`.
    """
    pinned = shard_for(subject)
    require_not_refused(pinned)
    with ExitStack() as stack:
        for alias in conf.shards():
            if alias != pinned:
                wrapper = _Refusal(pinned, alias)
                stack.enter_context(connections[alias].execute_wrapper(wrapper))
        atomic = transaction.atomic(using=pinned, savepoint=savepoint, durable=durable)
        with availability.of(pinned):
            stack.enter_context(atomic)
        yield pinned


@contextmanager
def atomic_on(aliases: list[str]) -> Iterator[None]:
    """One transaction on each of `aliases`, committed only when the block has worked on all.

    Not a cross-shard transaction: a crash between two commits leaves the first. It makes sure
    that a refused row on one shard leaves nothing on the others.
    """
    with ExitStack() as stack:
        for alias in aliases:
            require_not_refused(alias)
            with availability.of(alias):
                stack.enter_context(transaction.atomic(using=alias))
        yield
