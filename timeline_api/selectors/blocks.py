"""Blocks and mutes: whom a member does not see, and who may not reach whom.

All of it is on the member's own shard: their blocks and mutes, and the mirrors of others' blocks.
"""

from typing import NamedTuple

from django.db.models import Subquery

from ..models import Account, Block, Blocker, Mute
from .id_lists import joined, split
from .pages import Page, cut


class Blocked(Exception):
    """One of the two has blocked the other."""


def are_apart(account_id: int, other_id: int) -> bool:
    """Whether one has blocked the other. Two queries on the shard of `account_id`."""
    return (
        Block.objects.filter(account_id=account_id, blocked_id=other_id).exists()
        or Blocker.objects.filter(account_id=account_id, blocker_id=other_id).exists()
    )


def require_none(account_id: int, other_id: int) -> None:
    """Raise Blocked when one has blocked the other. Call it in the transaction, on the shard of
    `account_id`, of what it would forbid."""
    if are_apart(account_id, other_id):
        raise Blocked


def hears_of(account_id: int, actor_id: int) -> bool:
    """Whether a member is told of what the other does. Three queries on the member's shard."""
    muted = Mute.objects.filter(account_id=account_id, muted_id=actor_id)
    return not (are_apart(account_id, actor_id) or muted.exists())


class Hidden(NamedTuple):
    """The ids of whom a reader does not see: they have `blocked`, they are blocked by (`blockers`),
    and they have `muted`, who are hidden in timelines alone."""

    blocked: frozenset[int] = frozenset()
    blockers: frozenset[int] = frozenset()
    muted: frozenset[int] = frozenset()

    @property
    def apart(self) -> frozenset[int]:
        """Those whom the reader sees nowhere."""
        return self.blocked | self.blockers

    @property
    def everyone(self) -> frozenset[int]:
        """Those whom the reader does not see in timelines."""
        return self.blocked | self.blockers | self.muted


def with_hidden(viewer: Account, **columns: Subquery) -> tuple[Hidden, list[frozenset[int]]]:
    """Whom `viewer` does not see, and the ids in further `columns`, each of which `joined` made.
    One query on the viewer's shard."""
    columns = {
        "hidden_blocked": joined(Block.objects.filter(account=viewer), "account", "blocked_id"),
        "hidden_by": joined(Blocker.objects.filter(account=viewer), "account", "blocker_id"),
        "hidden_muted": joined(Mute.objects.filter(account=viewer), "account", "muted_id"),
    } | columns
    rows = Account.objects.filter(pk=viewer.pk).annotate(**columns).values_list(*columns)
    row = rows.first() or [None] * len(columns)
    ids = [frozenset(split(column)) for column in row]
    return Hidden(*ids[:3]), ids[3:]


def blocked_by(
    account: Account, *, before_id: int | None = None, after_id: int | None = None, limit: int = 30
) -> Page:
    """A page of the account's blocks, newest first. One query on its shard."""
    mine = Block.objects.filter(account=account)
    return cut(mine, before_id=before_id, after_id=after_id, limit=limit)


def muted_by(
    account: Account, *, before_id: int | None = None, after_id: int | None = None, limit: int = 30
) -> Page:
    """A page of the account's mutes, newest first. One query on its shard."""
    mine = Mute.objects.filter(account=account)
    return cut(mine, before_id=before_id, after_id=after_id, limit=limit)
