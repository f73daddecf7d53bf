"""Exceptions: what shardrouter raises instead of a wrong answer. Each says what to do next."""

from django.db import OperationalError


class ShardRouterError(Exception):
    """The base class of all exceptions of shardrouter."""


class UnroutedQuery(ShardRouterError):
    """A query that names no shard key, and so no shard."""

    def __init__(self, label: str, reason: str, hint: str | None = None) -> None:
        self.label = label
        self.reason = reason
        super().__init__(
            f"{label}: {reason}. "
            + (
                hint
                or "Name the shard key or the primary key in filter() or get(); "
                "or start from the owner (owner.related_set…); "
                "or ask every shard with .scatter()."
            )
        )


class CrossShardQuery(ShardRouterError):
    """A query whose parts need not be on one shard, or that cannot be merged exactly."""

    def __init__(self, label: str, reason: str, hint: str = "") -> None:
        self.label = label
        self.reason = reason
        super().__init__(f"{label}: {reason}." + (f" {hint}" if hint else ""))


class CrossShardTransaction(ShardRouterError):
    """A second shard was touched inside atomic_for(): no transaction spans two databases."""

    def __init__(self, pinned: str, touched: str) -> None:
        self.pinned = pinned
        self.touched = touched
        super().__init__(
            f"This transaction is on {pinned}; it may not touch {touched}. Read from {touched} "
            "before the transaction, or write there after it (an outbox row in this transaction "
            "makes sure that it happens)."
        )


class ShardKeyChanged(ShardRouterError):
    """A write that would change a row's shard key, or contradict the slot in its id."""

    def __init__(self, label: str, reason: str) -> None:
        self.label = label
        super().__init__(
            f"{label}: {reason}. A row's shard key never changes; nothing was written. "
            "Create a new row with the new key and delete this one."
        )


class ShardUnavailable(ShardRouterError, OperationalError):
    """The shard `alias` cannot be reached or read now."""

    def __init__(self, alias: str, cause: object = "") -> None:
        self.alias = alias
        super().__init__(f"{alias} does not answer" + (f": {cause}" if cause else ""))


class SlotMoved(ShardRouterError):
    """A write to a shard that no longer owns the row's slot; the shard map has been reloaded."""

    def __init__(self, slot: int, alias: str) -> None:
        self.slot = slot
        self.alias = alias
        super().__init__(f"Slot {slot} is no longer on {alias}. Try again.")


class PreparedQueryError(ShardRouterError):
    """A function that can never be a prepared query."""

    def __init__(self, name: str, reason: str, hint: str = "") -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"{name}: {reason}." + (f" {hint}" if hint else ""))


class AdoptionError(ShardRouterError):
    """Rows of one database that cannot be adopted as they are. Nothing is lost: mend what it names
    and run `shards adopt` again."""
