"""Derived rows: the mirrors, notifications and home timelines that the relay would make of what a
population did."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

from shardrouter import ids

from .. import conf
from ..models import (
    Follower,
    HomeEntry,
    Interaction,
    Like,
    Message,
    Notification,
    Tombstone,
)
from ..services.interactions import Fact, like_fact, message_fact
from .clock import DAY, to_milliseconds
from .population import Population

# Notifications of acts longer ago than this are read.
UNREAD = 2 * DAY


def all_rows(population: Population) -> Iterator[list[Any]]:
    """Yield the rows of a population, in lists of one model each."""
    _mark_celebrities(population)
    by_author: dict[int, list[Message]] = defaultdict(list)
    for message in population.messages:
        by_author[message.author_id].append(message)
    _set_floors(population, by_author)
    yield list(population.accounts.values())
    yield population.avatars
    yield population.messages
    yield population.revisions
    yield population.tombstones
    yield population.likes
    yield _interactions(population)
    yield population.hashtags
    yield population.blocks
    yield population.blockers
    yield population.mutes
    yield population.reports
    yield _notifications(population)
    yield population.follows
    yield _followers(population)
    yield from _home_entries(population, by_author)


def _mark_celebrities(population: Population) -> None:
    """Set whose messages readers pull, on accounts and follows."""
    limit = conf.get("FANOUT_MAX_FOLLOWERS")
    celebrities = {
        account.pk for account in population.accounts.values() if account.follower_count > limit
    }
    for account in population.accounts.values():
        if account.pk in celebrities:
            account.celebrity_version = account.celebrity_version_delivered = 1
    for follow in population.follows:
        if follow.followee_id in celebrities:
            follow.celebrity_version, follow.followee_is_celebrity = 1, True


def _followers(population: Population) -> list[Follower]:
    return [
        Follower(
            id=population.clock.next_id(
                to_milliseconds(follow.created_at), ids.slot_of(follow.followee_id)
            ),
            followee_id=follow.followee_id,
            follower_id=follow.follower_id,
            created_at=follow.created_at,
        )
        for follow in population.follows
    ]


def _facts(
    messages: Iterable[Message | Tombstone], likes: Iterable[Like] = ()
) -> Iterator[tuple[Fact, datetime]]:
    """Yield each like, repost and reply, with its time."""
    for like in likes:
        yield like_fact(like), like.created_at
    for message in messages:
        if (fact := message_fact(message)) is not None:
            yield fact, message.created_at


def _interactions(population: Population) -> list[Interaction]:
    # A reply that is a Tombstone has a mirror, and no notification.
    facts = chain(_facts(population.messages, population.likes), _facts(population.tombstones))
    return [
        Interaction(
            id=population.clock.next_id(to_milliseconds(at), ids.slot_of(fact.message_author_id)),
            author_id=fact.message_author_id,
            message_id=fact.message_id,
            kind=fact.kind,
            source_id=fact.source_id,
            actor_id=fact.actor_id,
            created_at=at,
        )
        for fact, at in facts
    ]


class _Act(NamedTuple):
    """What `actor_id` did that `account_id` is notified of; the fields are Notification's."""

    kind: str
    source_id: int
    actor_id: int
    message_id: int | None
    account_id: int
    created_at: datetime


def _acts(population: Population) -> Iterator[_Act]:
    for fact, at in _facts(population.messages, population.likes):
        shown = fact.source_id if fact.kind == Interaction.REPLY else fact.message_id
        yield _Act(fact.kind, fact.source_id, fact.actor_id, shown, fact.message_author_id, at)
    for follow in population.follows:
        who = follow.follower_id, None, follow.followee_id
        yield _Act(Notification.FOLLOW, follow.pk, *who, follow.created_at)
    for message in population.messages:
        for name in set(message.mentions) - {message.parent_username}:
            who = message.author_id, message.pk, population.accounts[name].pk
            yield _Act(Notification.MENTION, message.pk, *who, message.created_at)


def _notifications(population: Population) -> list[Notification]:
    read_before = to_milliseconds(population.ends_at) - UNREAD
    acts = sorted(_acts(population), key=lambda act: (act.created_at, act.source_id))
    return [
        Notification(
            id=population.clock.next_id(
                to_milliseconds(act.created_at), ids.slot_of(act.account_id)
            ),
            is_read=to_milliseconds(act.created_at) < read_before,
            **act._asdict(),
        )
        for act in acts
        if act.account_id != act.actor_id
    ]


def _set_floors(population: Population, by_author: Mapping[int, list[Message]]) -> None:
    """Set the floor of each home that has more messages than HOME_CAP."""
    cap = conf.get("HOME_CAP")
    newest = {
        author: sorted(message.pk for message in messages)[-cap:]
        for author, messages in by_author.items()
    }
    sources = _sources(population)
    for account in population.accounts.values():
        authors = sources[account.pk]
        if sum(len(by_author.get(author, ())) for author in authors) > cap:
            candidates = chain.from_iterable(newest.get(author, ()) for author in authors)
            account.home_floor = heapq.nlargest(cap, candidates)[-1]


def _sources(population: Population) -> dict[int, list[int]]:
    """Return whose messages are fanned out into each home."""
    sources = {account.pk: [account.pk] for account in population.accounts.values()}
    for follow in population.follows:
        if not follow.followee_is_celebrity:
            sources[follow.follower_id].append(follow.followee_id)
    return sources


def _home_entries(
    population: Population, by_author: Mapping[int, list[Message]], batch: int = 20_000
) -> Iterator[list[HomeEntry]]:
    """In the order of their keys, so that a table that is kept in it is filled from end to end."""
    sources = _sources(population)
    entries: list[HomeEntry] = []
    for account in sorted(population.accounts.values(), key=lambda account: account.pk):
        read = chain.from_iterable(by_author.get(author, ()) for author in sources[account.pk])
        due = [message for message in read if message.pk >= account.home_floor]
        due.sort(key=lambda message: message.pk)
        entries += (_home_entry(account.pk, message) for message in due)
        if len(entries) >= batch:
            yield entries
            entries = []
    yield entries


def _home_entry(owner_id: int, message: Message) -> HomeEntry:
    return HomeEntry(
        owner_id=owner_id,
        message_id=message.pk,
        author_id=message.author_id,
        original_id=message.repost_of_id,
        original_author_id=message.repost_of_author_id,
    )
