"""Blocks and mutes: whom a member does not see, and who may not reach whom.

All of it is on the member's own shard: their blocks and mutes, and the mirrors of others' blocks.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db.models import OuterRef, QuerySet, Subquery

from ..models import Account, Block, Blocker, Mute
from .id_lists import id_list, parse_id_list


class Blocked(Exception):
    """One of the two has blocked the other."""


def either_has_blocked(account_id: int, other_id: int) -> bool:
    """Return whether one has blocked the other. Two queries on the shard of `account_id`."""
    return (
        Block.objects.filter(account_id=account_id, blocked_id=other_id).exists()
        or Blocker.objects.filter(account_id=account_id, blocker_id=other_id).exists()
    )


def require_no_block(account_id: int, other_id: int) -> None:
    """Raise Blocked if one has blocked the other. Call it in the transaction, on the shard of
    `account_id`, of what it would forbid."""
    if either_has_blocked(account_id, other_id):
        raise Blocked


def is_notified_of(account_id: int, actor_id: int) -> bool:
    """Return whether a member is notified of what the other does: not if one has blocked the
    other, or the member has muted them. Three queries on the member's shard."""
    muted = Mute.objects.filter(account_id=account_id, muted_id=actor_id)
    return not (either_has_blocked(account_id, actor_id) or muted.exists())


class Hidden(NamedTuple):
    """The ids of whom a reader does not see: they have `blocked`, they are blocked by (`blockers`),
    and they have `muted`, who are hidden in timelines alone."""

    blocked: frozenset[int] = frozenset()
    blockers: frozenset[int] = frozenset()
    muted: frozenset[int] = frozenset()

    @property
    def everywhere(self) -> frozenset[int]:
        """Those whom the reader sees nowhere."""
        return self.blocked | self.blockers

    @property
    def in_timelines(self) -> frozenset[int]:
        """Those whom the reader does not see in timelines."""
        return self.blocked | self.blockers | self.muted


def hidden_columns(viewer_id: int, **id_lists: Subquery) -> QuerySet[Any]:
    """Return the queryset of whom the viewer does not see, and of further `id_lists`, for
    `hidden_from`: one row, on the viewer's shard. Prepared queries end with it."""
    of_viewer = {"account_id": OuterRef("pk")}
    columns = {
        "hidden_blocked": id_list(Block.objects.filter(**of_viewer), "account", "blocked_id"),
        "hidden_by": id_list(Blocker.objects.filter(**of_viewer), "account", "blocker_id"),
        "hidden_muted": id_list(Mute.objects.filter(**of_viewer), "account", "muted_id"),
        **id_lists,
    }
    return Account.objects.filter(pk=viewer_id).annotate(**columns).values_list(*columns)


def hidden_from(
    rows: Sequence[tuple[str | None, ...]], id_lists: int
) -> tuple[Hidden, list[frozenset[int]]]:
    """Return whom a viewer does not see, and the ids of the further `id_lists`, so many, from the
    rows of `hidden_columns`. Of a viewer who is deleted there is none."""
    row = rows[0] if rows else (None,) * (3 + id_lists)
    ids = [frozenset(parse_id_list(column)) for column in row]
    return Hidden(*ids[:3]), ids[3:]
