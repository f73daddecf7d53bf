"""atomic_for: a transaction on one row's shard, and on no other."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NoReturn

from django.db import connections, models, transaction

from . import availability, conf
from .exceptions import CrossShardTransaction
from .location import shard_for


class _Blocker:
    """A database execute wrapper that rejects every statement. Wrappers sit on a connection, which
    belongs to one thread, so nothing leaks to other requests."""

    def __init__(self, pinned: str, touched: str) -> None:
        self.pinned = pinned
        self.touched = touched

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> NoReturn:
        raise CrossShardTransaction(self.pinned, self.touched)


def require_unblocked(alias: str) -> None:
    """Raise CrossShardTransaction if a transaction on another shard blocks `alias`."""
    for wrapper in connections[alias].execute_wrappers:
        if isinstance(wrapper, _Blocker):
            raise CrossShardTransaction(wrapper.pinned, wrapper.touched)


@contextmanager
def atomic_for(
    subject: models.Model | int | str, *, savepoint: bool = True, durable: bool = False
) -> Iterator[str]:
    """Open a transaction on the shard of `subject`, a row or an id; yield that shard's alias.

    Until it ends, any statement to another shard raises CrossShardTransaction. Nests, as
    transaction.atomic does, for rows of the same shard. Register what must run after the commit
    with `transaction.on_commit(…, using=alias)`.
    """
    pinned = shard_for(subject)
    require_unblocked(pinned)
    with ExitStack() as stack:
        for alias in conf.shards():
            if alias != pinned:
                wrapper = _Blocker(pinned, alias)
                stack.enter_context(connections[alias].execute_wrapper(wrapper))
        atomic = transaction.atomic(using=pinned, savepoint=savepoint, durable=durable)
        with availability.translate_errors(pinned):
            stack.enter_context(atomic)
        yield pinned


@contextmanager
def atomic_on(aliases: Iterable[str]) -> Iterator[None]:
    """Open a transaction on each of `aliases`, all committed only if the block succeeds.

    Not a cross-shard transaction: a crash between two commits leaves the first. It makes sure
    that a row which one shard rejects leaves nothing on the others.
    """
    with ExitStack() as stack:
        for alias in aliases:
            require_unblocked(alias)
            with availability.translate_errors(alias):
                stack.enter_context(transaction.atomic(using=alias))
        yield
