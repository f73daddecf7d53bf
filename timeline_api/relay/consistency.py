"""Consistency: each fact and its mirror, compared over all shards.

They differ while an event is on its way, and where databases are of different moments, as after a
restore of one of them. What reconciles a difference is what the relay does for the event of the
fact: it reads the fact, whatever the difference was, so that it may run while members write.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any, NamedTuple

from django.db.models import Model, Q, QuerySet

from shardrouter import shards

from ..models import (
    Account,
    Block,
    Blocker,
    Follow,
    Follower,
    Interaction,
    Like,
    Message,
    Outbox,
    Tombstone,
)
from ..services import outbox
from ..services.interactions import Fact, like_fact, message_fact, mirrored_fact
from .handlers import handle
from .settled import mirrored

# How many rows to compare at a time: their pairs are conditions of one statement.
AT_ONCE = 200

Pair = tuple[int, int]


class Difference(NamedTuple):
    """A fact and a mirror that differ: what they are, in words, and the event of the fact."""

    text: str
    event: Outbox

    def repair(self) -> None:
        """Reconcile the mirror with the fact, and what follows from it. Idempotent."""
        handle(self.event)


def differences() -> Iterator[Difference]:
    """Yield every difference. Reads all follows, blocks, likes, reposts and replies there are, and
    their mirrors, each a few times. Raise ShardUnavailable if a shard is down."""
    for alias in shards():
        yield from _differences_of_follows(alias)
        yield from _differences_of_blocks(alias)
        yield from _differences_of_interactions(alias)


def _differences_of_follows(alias: str) -> Iterator[Difference]:
    for follows in _chunks(Follow.objects.using(alias)):
        pairs = [(each.follower_id, each.followee_id) for each in follows]
        mirrors = _pairs(Follower, "follower_id", "followee_id", pairs)
        followees = Account.objects.filter(pk__in={pair[1] for pair in pairs})
        rows = followees.values_list("pk", "is_suspended", "celebrity_version")
        state = {pk: (is_suspended, version) for pk, is_suspended, version in rows}
        for follow, pair in zip(follows, pairs, strict=True):
            is_suspended, version = state.get(pair[1], (False, 0))
            if pair not in mirrors:
                yield _follow("has no mirror", *pair)
            elif follow.followee_is_suspended != is_suspended or follow.celebrity_version < version:
                yield _follow("has an old state of the followee", *pair)
    for mirrors_here in _chunks(Follower.objects.using(alias)):
        pairs = [(each.follower_id, each.followee_id) for each in mirrors_here]
        for pair in set(pairs) - _pairs(Follow, "follower_id", "followee_id", pairs):
            yield _follow("is only a mirror", *pair)


def _differences_of_blocks(alias: str) -> Iterator[Difference]:
    for blocks in _chunks(Block.objects.using(alias)):
        pairs = [(each.account_id, each.blocked_id) for each in blocks]
        mirrors = _pairs(Blocker, "blocker_id", "account_id", pairs)
        blocked = _existing(Account.objects.all(), (pair[1] for pair in pairs))
        for pair in pairs:
            if pair not in mirrors and pair[1] in blocked:
                yield _block("has no mirror", *pair)
    for mirrors_here in _chunks(Blocker.objects.using(alias)):
        pairs = [(each.blocker_id, each.account_id) for each in mirrors_here]
        for pair in set(pairs) - _pairs(Block, "account_id", "blocked_id", pairs):
            yield _block("is only a mirror", *pair)


def _differences_of_interactions(alias: str) -> Iterator[Difference]:
    with_others = Q(repost_of_id__isnull=False) | Q(parent_id__isnull=False)
    for likes in _chunks(Like.objects.using(alias)):
        yield from _without_mirror([like_fact(like) for like in likes])
    for messages in _chunks(Message.objects.using(alias).filter(with_others)):
        yield from _without_mirror([fact for each in messages if (fact := message_fact(each))])
    for mirrors in _chunks(Interaction.objects.using(alias)):
        yield from _without_fact([mirrored_fact(mirror) for mirror in mirrors])


def _without_mirror(facts: list[Fact]) -> Iterator[Difference]:
    """Yield the facts without a mirror. A reply to a message that has left nothing has none."""
    missing = set(facts) - mirrored(facts)
    ids = {fact.message_id for fact in missing if fact.kind == Interaction.REPLY}
    left = _existing(Message.objects.all(), ids) | _existing(Tombstone.objects.all(), ids)
    for fact in missing:
        if fact.kind != Interaction.REPLY or fact.message_id in left:
            yield _interaction("has no mirror", fact)


def _without_fact(facts: list[Fact]) -> Iterator[Difference]:
    likes = {fact.source_id for fact in facts if fact.kind == Interaction.LIKE}
    posts = {fact.source_id for fact in facts} - likes
    sources = _existing(Like.objects.all(), likes) | _existing(Message.objects.all(), posts)
    sources |= _existing(Tombstone.objects.all(), posts - sources)
    for fact in facts:
        if fact.source_id not in sources:
            yield _interaction("is only a mirror", fact)


def _follow(how: str, follower_id: int, followee_id: int) -> Difference:
    event = _event(follower_id, outbox.FOLLOW_CHANGED, followee_id=followee_id)
    return Difference(f"follow of {followee_id} by {follower_id}: {how}", event)


def _block(how: str, account_id: int, blocked_id: int) -> Difference:
    event = _event(account_id, outbox.BLOCK_CHANGED, blocked_id=blocked_id)
    return Difference(f"block of {blocked_id} by {account_id}: {how}", event)


def _interaction(how: str, fact: Fact) -> Difference:
    event = _event(fact.actor_id, outbox.INTERACTION_CHANGED, fact=asdict(fact))
    return Difference(f"{fact.kind} of {fact.message_id} by {fact.actor_id}: {how}", event)


def _event(account_id: int, kind: str, **payload: Any) -> Outbox:
    return Outbox(account_id=account_id, kind=kind, payload=payload)


def _chunks(rows: QuerySet[Any]) -> Iterator[list[Any]]:
    """Yield the rows of one shard, AT_ONCE at a time, in the order of their ids."""
    last = 0
    while chunk := list(rows.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        yield chunk
        last = chunk[-1].pk


def _pairs(model: type[Model], first: str, second: str, pairs: Iterable[Pair]) -> set[Pair]:
    """Return those of the pairs that `model` has a row of."""
    named = Q()
    for pair in pairs:
        named |= Q(**{first: pair[0], second: pair[1]})
    return set(model._default_manager.filter(named).values_list(first, second))


def _existing(rows: QuerySet[Any], ids: Iterable[int]) -> set[int]:
    wanted = set(ids)
    return set(rows.filter(pk__in=wanted).values_list("pk", flat=True)) if wanted else set()
