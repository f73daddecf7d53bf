"""Batches: many message_posted events of all shards delivered at once, each shard written once.

What a batch cannot do well is left to the handler of single events: authors with more than
FANOUT_CHUNK followers, events that have failed before, and everything when the batch fails.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from shardrouter.exceptions import ShardUnavailable

from .. import conf
from ..models import Account, Follower, Message, Outbox
from ..selectors.messages import Place
from ..services import outbox
from . import celebrities, fanout
from .fanout import Delivery

# How many home entries one batch makes, so that other events do not wait for long.
MOST_ENTRIES = 20_000
COLUMNS = (
    *("pk", "repost_of_id", "repost_of_author_id", "author_id", "author__follower_count"),
    *("author__celebrity_version", "author__celebrity_version_delivered"),
)


@dataclass
class Outcome:
    """What has become of the events of a batch; those that are in no list are still due."""

    finished: list[Outbox] = field(default_factory=list)
    # Events that are to be handled one by one.
    single: list[Outbox] = field(default_factory=list)
    # Events that only need the one shard, which is down.
    waiting: dict[str, list[Outbox]] = field(default_factory=dict)


class Posted(NamedTuple):
    """A message_posted event with its message and what its author is now."""

    event: Outbox
    place: Place
    author: Account


def is_for_batch(event: Outbox) -> bool:
    """Return whether the event may be delivered with others: it has not failed, and is not in the
    middle of its followers."""
    begun = event.attempts or event.cursor or event.skipped_shard
    return event.kind == outbox.MESSAGE_POSTED and not begun


def deliver(events: Iterable[Outbox]) -> Outcome:
    """Deliver the events' messages to their authors' followers, those of `retry_shard` alone if the
    event has one. Idempotent."""
    outcome = Outcome()
    by_retry_shard: dict[str, list[Outbox]] = {}
    for event in events:
        by_retry_shard.setdefault(event.retry_shard, []).append(event)
    for retry_shard, group in by_retry_shard.items():
        posted = _fanned_out(group, outcome)
        if posted:
            _deliver_posted(posted, retry_shard, outcome)
    return outcome


def _fanned_out(events: list[Outbox], outcome: Outcome) -> list[Posted]:
    """Return those of the events whose message this batch delivers to followers. The others need
    nothing, are for the single handler, or must wait for the next batch."""
    posted: list[Posted] = []
    entries = 0
    pulled: dict[int, bool] = {}
    for each in _read(events, outcome):
        author = each.author
        if author.pk not in pulled:
            pulled[author.pk] = celebrities.update_status(author)
        if pulled[author.pk] and each.place.original_id is None:
            outcome.finished.append(each.event)
        elif author.follower_count > conf.get("FANOUT_CHUNK"):
            outcome.single.append(each.event)
        elif not posted or entries + author.follower_count <= MOST_ENTRIES:
            entries += author.follower_count
            posted.append(each)
    return posted


def _read(events: list[Outbox], outcome: Outcome) -> list[Posted]:
    """Return the events whose message exists, the others being finished. One query on each shard
    that the messages are on."""
    ids = [event.payload["message_id"] for event in events]
    rows = {row[0]: row for row in Message.objects.filter(pk__in=ids).values_list(*COLUMNS)}
    authors: dict[int, Account] = {}
    posted = []
    for event, message_id in zip(events, ids, strict=True):
        if (row := rows.get(message_id)) is None:
            outcome.finished.append(event)
            continue
        author = authors.get(row[3]) or authors.setdefault(row[3], _author(*row[3:]))
        posted.append(Posted(event, Place(*row[:3]), author))
    return posted


def _author(pk: int, followers: int, version: int, delivered: int) -> Account:
    return Account(
        pk=pk,
        follower_count=followers,
        celebrity_version=version,
        celebrity_version_delivered=delivered,
    )


def _deliver_posted(posted: list[Posted], retry_shard: str, outcome: Outcome) -> None:
    places: dict[int, list[Place]] = {}
    for each in posted:
        places.setdefault(each.author.pk, []).append(each.place)
    followers = _followers_of(list(places))
    parts = fanout.by_shard(Delivery(pk, places[pk], ids) for pk, ids in followers.items())
    if retry_shard:
        parts = {alias: of for alias, of in parts.items() if alias == retry_shard}
    down = fanout.write_on_each_shard(parts, fanout.deliver_on_shard)
    missed = missed_shards(parts, down)
    for each in posted:
        match missed.get(each.author.pk, []):
            case []:
                outcome.finished.append(each.event)
            case [alias]:
                outcome.waiting.setdefault(alias, []).append(each.event)
            case _:
                outcome.single.append(each.event)


def missed_shards(
    parts: dict[str, list[Delivery]], down: dict[str, ShardUnavailable]
) -> dict[int, list[str]]:
    """Return author → the shards that are down and have followers of theirs."""
    missed: dict[int, list[str]] = {}
    for alias in down:
        for delivery in parts[alias]:
            missed.setdefault(delivery.author_id, []).append(alias)
    return missed


def _followers_of(author_ids: list[int]) -> dict[int, list[int]]:
    """Return author → the followers, by the mirror. One query on each shard of the authors."""
    mirror = Follower.objects.filter(followee_id__in=author_ids)
    pairs = sorted(mirror.values_list("followee_id", "follower_id"))
    return {pk: [pair[1] for pair in of] for pk, of in groupby(pairs, key=itemgetter(0))}
