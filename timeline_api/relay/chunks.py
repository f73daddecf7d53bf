"""Chunks: events whose work is done one part at a time, and how far they have come."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from shardrouter import shard_for, shards
from shardrouter.exceptions import ShardUnavailable

from ..models import Outbox
from ..ops import faults
from . import fanout


def do_next_followers(event: Outbox, deliver: Callable[[list[int]], None], limit: int) -> bool:
    """Call `deliver` with the next `limit` followers of the event's account after its cursor.
    Return whether those were the last.

    The cursor moves after the delivery, so a relay that dies in between delivers to them again. A
    shard that is down delays nobody else's followers: it is skipped, and when all others are done
    the event starts again for that shard alone. Raise ShardUnavailable then, or if a second shard
    or the account's own is down.
    """
    follower_ids = fanout.followers_after(event.account_id, event.cursor, limit)
    skipped_shard = _deliver_or_skip(event, deliver, follower_ids)
    faults.point("followers.before_cursor")
    if len(follower_ids) == limit:
        reschedule(event, cursor=follower_ids[-1], skipped_shard=skipped_shard)
        return False
    if skipped_shard:
        reschedule(event, cursor=0, skipped_shard="", retry_shard=skipped_shard)
        raise ShardUnavailable(skipped_shard)
    return True


def _deliver_or_skip(
    event: Outbox, deliver: Callable[[list[int]], None], follower_ids: list[int]
) -> str:
    """Deliver to these followers, or to those of `retry_shard`. Return the shard that was skipped
    now or in an earlier chunk, or ""."""
    if event.retry_shard:
        follower_ids = [pk for pk in follower_ids if shard_for(pk) == event.retry_shard]
    try:
        if follower_ids:
            deliver(follower_ids)
    except ShardUnavailable as error:
        if event.retry_shard or error.alias == shard_for(event.account_id):
            raise
        if event.skipped_shard not in ("", error.alias):
            raise  # a second shard is down: wait for both
        return error.alias
    return event.skipped_shard


def do_each_shard(work: Callable[[str], bool]) -> bool:
    """Call `work` with each shard's alias; it returns whether there is more to do. Return whether
    any shard has more. Shards that are down are skipped; raise ShardUnavailable when the others
    have no more."""
    down: ShardUnavailable | None = None
    more = False
    for alias in shards():
        try:
            more = work(alias) or more
        except ShardUnavailable as error:
            down = error
    if down is not None and not more:
        raise down
    return more


def reschedule(event: Outbox, **progress: Any) -> None:
    """Store the event's progress and make it due again, after all events that are due already. If
    another relay has moved the cursor meanwhile, keep that relay's progress."""
    progress["available_at"] = timezone.now()
    Outbox.objects.filter(pk=event.pk, cursor=event.cursor).update(**progress)
    for name, value in progress.items():
        setattr(event, name, value)
