"""Repairs: compare what is derived from messages and follows with them, and rebuild it.

Safe at any time, also while members write and the relay runs. What the relay has not delivered yet
shows as a difference, which disappears when it is delivered.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Q, QuerySet

from shardrouter import atomic_for

from .. import conf
from ..models import Account, Follow, HomeEntry, Message
from ..selectors import messages, timelines
from . import home_timelines


@dataclass(frozen=True)
class HomeDifference:
    """Message ids that a home lacks, and those that it should not have. False if there are none."""

    missing: frozenset[int]
    extra: frozenset[int]

    def __bool__(self) -> bool:
        return bool(self.missing or self.extra)


def home_difference(account: Account) -> HomeDifference:
    """Compare the home's entries with the messages of its owner and of their followees. Messages of
    celebrities, which are pulled, need no entries; their reposts do.

    Raise Account.DoesNotExist if the account was deleted. Two queries on its shard for entries and
    follows, and one on each shard for messages.
    """
    floor = Account.objects.values_list("home_floor", flat=True).get(pk=account.pk)
    entries = _entries(account).filter(message_id__gte=floor)
    entered = frozenset(entries.values_list("message_id", flat=True))
    messages_due = _messages_due(_authors(account)).filter(pk__gte=floor)
    due = frozenset(messages_due.values_list("pk", flat=True))
    return HomeDifference(missing=due - entered, extra=entered - due)


def rebuild_home(account: Account) -> HomeDifference:
    """Rebuild the home from messages and follows. Return what was wrong with it.

    The entries are read before the messages, so an entry without a message is of a deleted one and
    not of a new one. If the follows change in between, it starts again. Raise Account.DoesNotExist
    if the account was deleted.
    """
    while True:
        entered = set(_entries(account).values_list("message_id", flat=True))
        authors = _authors(account)
        wanted, floor = _newest_due(authors)
        with atomic_for(account):
            if not home_timelines.lock_home(account.pk):
                raise Account.DoesNotExist
            if _authors(account) != authors:
                continue
            missing = wanted.keys() - entered
            extra = {pk for pk in entered if pk >= floor and pk not in wanted}
            home_timelines.insert_entries([(account.pk, *wanted[pk]) for pk in sorted(missing)])
            _delete_entries(account, extra, floor)
            Account.objects.filter(pk=account.pk).update(home_floor=floor)
            return HomeDifference(frozenset(missing), frozenset(extra))


class CountDifference(NamedTuple):
    """A wrong counter: the number stored on the account, and the number of rows."""

    stored: int
    actual: int


def count_differences(account: Account) -> dict[str, CountDifference]:
    """Return the account's wrong counters, by the name of the field. Four queries on its shard.

    Raise Account.DoesNotExist if the account was deleted.
    """
    stored = Account.objects.get(pk=account.pk)
    actual = {
        "message_count": stored.messages.filter(repost_of_id__isnull=True).count(),
        "following_count": stored.follows.count(),
        "follower_count": stored.followers.count(),
    }
    return {
        name: CountDifference(getattr(stored, name), number)
        for name, number in actual.items()
        if getattr(stored, name) != number
    }


def repair_counts(account: Account) -> dict[str, CountDifference]:
    """Set the account's counters to the numbers of rows. Return those that were wrong."""
    with atomic_for(account):
        home_timelines.lock_home(account.pk)
        wrong = count_differences(account)
        if wrong:
            right = {name: difference.actual for name, difference in wrong.items()}
            Account.objects.filter(pk=account.pk).update(**right)
    return wrong


def _entries(account: Account) -> QuerySet[HomeEntry]:
    """The home's entries, without those of celebrities' messages, which are not required."""
    follows = Follow.objects.filter(follower=account, followee_is_celebrity=True)
    celebrities = follows.values("followee_id")
    entries = HomeEntry.objects.filter(owner=account)
    return entries.exclude(author_id__in=celebrities, original_id__isnull=True)


def _delete_entries(account: Account, message_ids: set[int], floor: int) -> None:
    """Delete the entries of these messages, and all below the floor."""
    entries = HomeEntry.objects.filter(owner=account)
    for batch in _batches(sorted(message_ids)):
        entries.filter(message_id__in=batch).delete()
    entries.filter(message_id__lt=floor).delete()


@dataclass(frozen=True)
class _Authors:
    """Whose messages need entries in a home, and of whom only the reposts do (celebrities)."""

    fanned_out: frozenset[int]
    celebrities: frozenset[int]


def _authors(account: Account) -> _Authors:
    everyone = timelines.home_authors(account)
    fanned_out = timelines.home_authors(account, followee_is_celebrity=False)
    return _Authors(frozenset(fanned_out), frozenset(everyone - fanned_out))


def _messages_due(authors: _Authors) -> QuerySet[Message]:
    """The messages that need an entry in a home, on all shards."""
    reposts = Q(author_id__in=authors.celebrities, repost_of_id__isnull=False)
    return Message.objects.scatter().filter(Q(author_id__in=authors.fanned_out) | reposts)


def _newest_due(
    authors: _Authors,
) -> tuple[dict[int, tuple[int, int, int | None, int | None]], int]:
    """Return message id → (author, *place) of the newest HOME_CAP messages, and the floor."""
    cap = conf.get("HOME_CAP")
    due = _messages_due(authors).order_by("-pk")
    newest = list(due.values_list("author_id", *messages.PLACE)[: cap + 1])
    floor = newest[cap - 1][1] if len(newest) > cap else 0
    return {row[1]: row for row in newest[:cap]}, floor


def _batches(ids: list[int], size: int = 500) -> Iterator[list[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
