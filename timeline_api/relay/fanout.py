"""Fan-out: messages into the homes of followers, shard by shard."""

from collections.abc import Callable, Collection

from django.db.models import QuerySet

from shardrouter import atomic_for, group_by_shard
from shardrouter.exceptions import ShardUnavailable

from ..models import Follow, Follower, Message
from ..ops import faults
from ..selectors.messages import Place
from ..services import home_timelines


def deliver(*, author_id: int, places: Collection[Place], follower_ids: Collection[int]) -> None:
    """Add the author's messages to the homes of those of `follower_ids` who follow now. Idempotent.

    Whether they follow is read in the transaction that writes, on the follower's own shard: so a
    late delivery never brings back an author who was unfollowed. Shards that are down are skipped;
    raise ShardUnavailable when the others are done, so that the event is retried.
    """

    def write(ids: list[int]) -> None:
        deliver_on_shard(author_id, places, ids)

    write_on_each_shard(author_id, places, follower_ids, write)


def deliver_on_shard(author_id: int, places: Collection[Place], follower_ids: list[int]) -> None:
    """Do the part of `deliver` on the shard of these followers, in one transaction."""
    with atomic_for(follower_ids[0]) as alias:
        follows = follows_in_range(author_id, follower_ids, alias)
        owner_ids = follows.values_list("follower_id", flat=True)
        home_timelines.add_entries(owner_ids=owner_ids, author_id=author_id, places=places)


def write_on_each_shard(
    author_id: int,
    places: Collection[Place],
    follower_ids: Collection[int],
    write: Callable[[list[int]], None],
) -> None:
    """Call `write`, which adds the messages to homes, with the followers of one shard at a time.
    Shards that are down are skipped; raise ShardUnavailable when the others are done."""
    down: ShardUnavailable | None = None
    written = []
    for alias, ids in group_by_shard(follower_ids).items():
        try:
            write(ids)
            written.append(alias)
            faults.point("fanout.after_a_shard")
        except ShardUnavailable as error:
            down = error
    faults.point("fanout.before_second_look")
    _delete_entries_of_deleted(author_id, [place.message_id for place in places], written)
    if down is not None:
        raise down


def followers_after(author_id: int, follower_id: int, limit: int) -> list[int]:
    """Return the ids of the author's next followers after `follower_id`, by the mirror, in
    ascending order, at most `limit`. One query on the author's shard."""
    mirror = Follower.objects.filter(followee_id=author_id, follower_id__gt=follower_id)
    ids = mirror.order_by("follower_id").values_list("follower_id", flat=True)
    return list(ids[:limit])


def follows_in_range(author_id: int, follower_ids: Collection[int], alias: str) -> QuerySet[Follow]:
    """Return the author's Follow rows on a shard from the least to the greatest of `follower_ids`.

    A range costs a tenth of a list of ids. It may contain follows of others, whose mirror is not
    written yet; to deliver to them too does no harm. The rows are locked where the database has row
    locks; on SQLite the IMMEDIATE transaction locks the whole database.
    """
    follows = Follow.objects.using(alias).filter(
        followee_id=author_id,
        follower_id__gte=min(follower_ids),
        follower_id__lte=max(follower_ids),
    )
    return follows.select_for_update()


def _delete_entries_of_deleted(
    author_id: int, message_ids: Collection[int], aliases: Collection[str]
) -> None:
    """Delete the entries of messages that were deleted while they were delivered: the event of
    their deletion may have been handled before the entries were written."""
    existing = Message.objects.filter(author_id=author_id, pk__in=message_ids)
    deleted = set(message_ids) - set(existing.values_list("pk", flat=True))
    for message_id in deleted:
        for alias in aliases:
            what = {"author_id": author_id, "message_id": message_id}
            while home_timelines.delete_entries_of_message(alias=alias, **what):
                pass
