"""atomic_for: a transaction on one row's shard, and on no other. atomic_shards: one on each shard
that is written to."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any, NoReturn

from django.db import connections, models, transaction
from django.db.transaction import TransactionManagementError

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


class _Joiner:
    """A database execute wrapper that opens the transaction of an atomic_shards() on its shard
    before the first statement that writes; `atomics` commits or rolls back."""

    def __init__(self, alias: str, atomics: ExitStack) -> None:
        self.alias = alias
        self.atomics = atomics
        self.is_open = False
        self._depth = _depth(alias)

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        if self.can_join and not _only_reads(sql):
            self.join()
        return execute(sql, params, many, context)

    @property
    def can_join(self) -> bool:
        """Whether the transaction is yet to be opened, and nothing was opened inside before."""
        return not self.is_open and _depth(self.alias) == self._depth

    def join(self) -> None:
        """Open the transaction. Raise TransactionManagementError inside of another one that
        would be committed by itself."""
        if self.is_open:
            return
        if not self.can_join:
            raise TransactionManagementError(
                f"A transaction on {self.alias} was opened inside atomic_shards() and would be "
                "committed by itself. Use atomic_for() instead, or open it outside."
            )
        self.is_open = True
        with availability.translate_errors(self.alias):
            self.atomics.enter_context(transaction.atomic(using=self.alias))


def _depth(alias: str) -> tuple[bool, int]:
    """Return how deep the connection is inside transactions and savepoints."""
    connection = connections[alias]
    return connection.in_atomic_block, len(connection.savepoint_ids)


# Of anything else it is not sure that it only reads. PRAGMA and SET are for the connection, which
# opens while a transaction begins.
_READS = ("SELECT", "EXPLAIN", "SHOW", "PRAGMA", "SET", "BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK")


def _only_reads(sql: str) -> bool:
    return sql.lstrip(" (\n\t").upper().startswith(_READS)


def require_unblocked(alias: str) -> None:
    """Prepare for a write to `alias`: join the atomic_shards() around it. Raise
    CrossShardTransaction if a transaction on another shard blocks it."""
    joiner = None
    for wrapper in connections[alias].execute_wrappers:
        if isinstance(wrapper, _Blocker):
            raise CrossShardTransaction(wrapper.pinned, wrapper.touched)
        if isinstance(wrapper, _Joiner):
            joiner = wrapper
    if joiner is not None:
        joiner.join()


def join_early(alias: str) -> None:
    """Join the atomic_shards() around a write to `alias` that Django is about to open a
    transaction of its own for, if there is one and nothing is in the way."""
    joiner = _joiner_of(alias)
    if joiner is not None and joiner.can_join:
        joiner.join()


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


def atomic_shards(view: Callable[..., Any] | None = None) -> Any:
    """Open a transaction on each shard when it is first written to, and commit them together when
    the block ends, or roll back all of them if it raises: `with atomic_shards():`, or a decorator
    of a view.

    Not a cross-shard transaction: others may see the rows of one shard before those of the next,
    and a crash between two commits leaves the first. Inside another one it is a part of that.
    Global rows need `transaction.atomic()` beside it. Raise TypeError for an async function.
    """
    if view is None:
        return _together()
    if inspect.iscoroutinefunction(view):
        raise TypeError(
            "atomic_shards cannot decorate an async function. Move its writes into a function "
            "and await it with sync_to_async."
        )

    @wraps(view)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with _together():
            return view(*args, **kwargs)

    return wrapped


@contextmanager
def _together() -> Iterator[None]:
    around = [each for alias in conf.shards() if (each := _joiner_of(alias))]
    if around:
        try:
            yield
        except BaseException:
            # As a transaction.atomic(savepoint=False): it is the outer block that is undone.
            for joiner in around:
                if joiner.is_open:
                    transaction.set_rollback(True, using=joiner.alias)
            raise
        return
    with ExitStack() as wrappers, ExitStack() as atomics:
        for alias in conf.shards():
            wrapper = _Joiner(alias, atomics)
            wrappers.enter_context(connections[alias].execute_wrapper(wrapper))
        yield


def _joiner_of(alias: str) -> _Joiner | None:
    found = (each for each in connections[alias].execute_wrappers if isinstance(each, _Joiner))
    return next(found, None)
