"""Fan-out: messages into the homes of followers, shard by shard."""

from collections.abc import Callable, Collection

from django.db.models import QuerySet

from shardrouter import atomic_for, group_by_shard
from shardrouter.exceptions import ShardUnavailable

from ..models import Follow, Follower, HomeEntry, Message
from ..ops import faults
from ..selectors.messages import Place
from ..services import home_timelines


def deliver(*, author_id: int, places: Collection[Place], follower_ids: Collection[int]) -> None:
    """Put the author's messages into the homes of those of `follower_ids` who follow now.

    Whether they do is read in the transaction that writes, on the follower's own shard: a late
    delivery never brings back somebody who was unfollowed. Shards that are down are left out, the
    others served, and then ShardUnavailable raised, so that the event comes again.
    """

    def serve(ids: list[int]) -> None:
        _deliver_on_shard(author_id, places, ids)

    write_on_each_shard(author_id, places, follower_ids, serve)


def write_on_each_shard(
    author_id: int,
    places: Collection[Place],
    follower_ids: Collection[int],
    write: Callable[[list[int]], None],
) -> None:
    """Let `write` put the messages into homes, those of one shard at a time. Shards that are down
    are left out, the others served, and then ShardUnavailable raised."""
    down: ShardUnavailable | None = None
    written = []
    for alias, ids in group_by_shard(follower_ids).items():
        try:
            write(ids)
            written.append(alias)
            faults.point("fanout.after_a_shard")
        except ShardUnavailable as error:
            down = error
    faults.point("fanout.before_taking_back")
    _take_back_deleted(author_id, [place.message_id for place in places], written)
    if down is not None:
        raise down


def followers_after(author_id: int, follower_id: int, limit: int) -> list[int]:
    """The author's next followers by the mirror, in key order, `limit` at most."""
    mirror = Follower.objects.filter(followee_id=author_id, follower_id__gt=follower_id)
    ids = mirror.order_by("follower_id").values_list("follower_id", flat=True)
    return list(ids[:limit])


def following(author_id: int, follower_ids: Collection[int], alias: str) -> QuerySet[Follow]:
    """The follows of the author on shard `alias` by whoever is between the least and the greatest
    of `follower_ids`. A range costs a tenth of so many ids one by one; it may give more than them,
    whose mirror is not written yet.

    Locked where the database has row locks; SQLite's IMMEDIATE transaction locks it whole.
    """
    follows = Follow.objects.using(alias).filter(
        followee_id=author_id,
        follower_id__gte=min(follower_ids),
        follower_id__lte=max(follower_ids),
    )
    return follows.select_for_update()


def _deliver_on_shard(author_id: int, places: Collection[Place], follower_ids: list[int]) -> None:
    with atomic_for(follower_ids[0]) as alias:
        owners = following(author_id, follower_ids, alias).values_list("follower_id", flat=True)
        home_timelines.enter(owner_ids=owners, author_id=author_id, places=places)


def _take_back_deleted(
    author_id: int, message_ids: Collection[int], aliases: Collection[str]
) -> None:
    """Remove what was deleted while it was delivered: the deletion's own event may have passed."""
    standing = Message.objects.filter(author_id=author_id, pk__in=message_ids)
    gone = set(message_ids) - set(standing.values_list("pk", flat=True))
    if gone:
        for alias in aliases:
            HomeEntry.objects.using(alias).filter(message_id__in=gone).delete()
