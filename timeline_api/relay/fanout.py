"""Fan-out: messages into the homes of followers, shard by shard."""

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

from django.db import DatabaseError
from django.db.models import QuerySet

from shardrouter import atomic_for, group_by_shard
from shardrouter.exceptions import ShardUnavailable

from ..models import Follow, Follower, Message
from ..ops import faults
from ..selectors.messages import Place
from ..services import home_timelines
from . import sick_shards
from .turns import Pace, with_pauses

pace = Pace()


class Delivery(NamedTuple):
    """Messages of one author, and followers who shall get them."""

    author_id: int
    places: Collection[Place]
    follower_ids: Collection[int]

    @property
    def entries(self) -> int:
        """How many home entries this is."""
        return len(self.places) * len(self.follower_ids)


def deliver(*, author_id: int, places: Collection[Place], follower_ids: Collection[int]) -> None:
    """Add the author's messages to the homes of those of `follower_ids` who follow now. Idempotent.
    Shards that are down are skipped; raise ShardUnavailable when the others are done."""
    parts = by_shard([Delivery(author_id, places, follower_ids)])
    raise_if_any(write_on_each_shard(parts, deliver_on_shard))


def deliver_on_shard(deliveries: list[Delivery]) -> None:
    """Deliver to followers of one shard, in as many transactions as it needs.

    Whether they follow is read in the transaction that writes, on the follower's own shard: so a
    late delivery never brings back an author who was unfollowed.
    """
    for turn in with_pauses(_turns(deliveries)):
        with (
            atomic_for(next(iter(turn[0].follower_ids))) as alias,
            pace.measured(sum(delivery.entries for delivery in turn)),
        ):
            _deliver_turn(alias, turn)


def write_on_each_shard(
    parts: dict[str, list[Delivery]], write: Callable[[list[Delivery]], None]
) -> dict[str, ShardUnavailable]:
    """Call `write`, which adds entries to homes, with the part of each shard. Then delete the
    entries of messages that were deleted meanwhile. Return the shards that are down, which are
    skipped, with their errors."""
    down, written = {}, []
    for alias, deliveries in parts.items():
        try:
            faults.point("fanout.before_a_shard")
            write(deliveries)
            written.append(alias)
            faults.point("fanout.after_a_shard")
        except DatabaseError as error:
            down[alias] = sick_shards.unavailable(alias, error)
    faults.point("fanout.before_second_look")
    delete_entries_of_deleted(parts, written)
    return down


def by_shard(deliveries: Iterable[Delivery]) -> dict[str, list[Delivery]]:
    """Return, for each shard, the part of the deliveries that is for its followers."""
    parts: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        for alias, ids in group_by_shard(delivery.follower_ids).items():
            parts.setdefault(alias, []).append(delivery._replace(follower_ids=ids))
    return parts


def raise_if_any(down: dict[str, ShardUnavailable]) -> None:
    """Raise one of the errors, if there are any."""
    for error in down.values():
        raise error


def followers_after(author_id: int, follower_id: int, limit: int) -> list[int]:
    """Return the ids of the author's next followers after `follower_id`, by the mirror, in
    ascending order, at most `limit`. One query on the author's shard."""
    mirror = Follower.objects.filter(followee_id=author_id, follower_id__gt=follower_id)
    ids = mirror.order_by("follower_id").values_list("follower_id", flat=True)
    return list(ids[:limit])


def follows_in_range(
    author_ids: Collection[int], follower_ids: Collection[int], alias: str
) -> QuerySet[Follow]:
    """Return the authors' Follow rows on a shard from the least to the greatest of `follower_ids`.

    A range costs a tenth of a list of ids. It may contain follows of others, whose mirror is not
    written yet; to deliver to them too does no harm. Where the database has row locks, they are
    locked in the order of the index; on SQLite the IMMEDIATE transaction locks the whole database.
    """
    follows = Follow.objects.using(alias).filter(
        followee_id__in=author_ids,
        follower_id__gte=min(follower_ids),
        follower_id__lte=max(follower_ids),
    )
    return follows.select_for_update().order_by("followee_id", "follower_id")


def _turns(deliveries: list[Delivery]) -> Iterator[list[Delivery]]:
    """Yield what to deliver in one transaction each. What is too much for one is alone in several:
    an author comes once in a turn."""
    turn: list[Delivery] = []
    entries = 0
    for delivery in deliveries:
        if turn and entries + delivery.entries > pace.rows_in_turn:
            yield turn
            turn, entries = [], 0
        if delivery.entries > pace.rows_in_turn:
            yield from ([part] for part in _split(delivery))
        else:
            turn.append(delivery)
            entries += delivery.entries
    if turn:
        yield turn


def _split(delivery: Delivery) -> Iterator[Delivery]:
    followers = sorted(delivery.follower_ids)
    size = max(1, pace.rows_in_turn // len(delivery.places))
    for start in range(0, len(followers), size):
        yield delivery._replace(follower_ids=followers[start : start + size])


def _deliver_turn(alias: str, turn: list[Delivery]) -> None:
    places = {delivery.author_id: delivery.places for delivery in turn}
    asked = [pk for delivery in turn for pk in delivery.follower_ids]
    follows = follows_in_range(list(places), asked, alias)
    rows = [
        (follower_id, author_id, *place)
        for author_id, follower_id in follows.values_list("followee_id", "follower_id")
        for place in places[author_id]
    ]
    rows.sort(key=itemgetter(0))  # one home after the other, which is how the table lies
    home_timelines.insert_entries(rows)
    home_timelines.trim_by_chance([row[0] for row in rows], added=1)


def delete_entries_of_deleted(parts: dict[str, list[Delivery]], aliases: list[str]) -> None:
    """Delete the entries of messages that were deleted while they were delivered: the event of
    their deletion may have been handled before the entries were written."""
    delivered = list(chain.from_iterable(parts[alias] for alias in aliases))
    author_of = {
        place.message_id: delivery.author_id for delivery in delivered for place in delivery.places
    }
    existing = Message.objects.filter(pk__in=list(author_of))
    for message_id in author_of.keys() - set(existing.values_list("pk", flat=True)):
        for alias in aliases:
            what = {"author_id": author_of[message_id], "message_id": message_id}
            while home_timelines.delete_entries_of_message(alias=alias, **what):
                pass
