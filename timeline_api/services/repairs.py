"""Repairs: what is derived from messages and follows, compared with them and made anew.

Right at any time, also while members write and the relay runs: what is not delivered yet shows as
a difference, and goes away by itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from shardrouter import atomic_for

from .. import conf
from ..models import Account, Follow, HomeEntry, Message
from ..selectors import messages, timelines
from . import home_timelines


@dataclass(frozen=True)
class HomeDifference:
    """Message ids that a home lacks, and those that it should not have."""

    missing: frozenset[int]
    extra: frozenset[int]

    def __bool__(self) -> bool:
        return bool(self.missing or self.extra)


def home_difference(account: Account) -> HomeDifference:
    """The home's entries against the messages of its owner and of whom they follow. The messages
    of celebrities, which are pulled, need none, and their reposts do."""
    floor = Account.objects.values_list("home_floor", flat=True).get(pk=account.pk)
    entries = _entries(account).filter(message_id__gte=floor)
    entered = frozenset(entries.values_list("message_id", flat=True))
    theirs = _listed(_authors(account)).filter(pk__gte=floor)
    standing = frozenset(theirs.values_list("pk", flat=True))
    return HomeDifference(missing=standing - entered, extra=entered - standing)


def rebuild_home(account: Account) -> HomeDifference:
    """Make the home anew from messages and follows; gives what was wrong with it.

    The entries are read first and the messages after them, so that an entry without a message is
    dead and not new. When the follows change in between, it begins again.
    """
    cap = conf.get("HOME_CAP")
    while True:
        entries = set(_entries(account).values_list("message_id", flat=True))
        authors = _authors(account)
        theirs = _listed(authors).order_by("-pk")
        newest = list(theirs.values_list("author_id", *messages.PLACE)[: cap + 1])
        floor = newest[cap - 1][1] if len(newest) > cap else 0
        wanted = {place[0]: (author_id, *place) for author_id, *place in newest[:cap]}
        with atomic_for(account):
            if not home_timelines.lock(account.pk):
                raise Account.DoesNotExist
            if _authors(account) != authors:
                continue
            missing = wanted.keys() - entries
            extra = {pk for pk in entries if pk >= floor and pk not in wanted}
            home_timelines.write([(account.pk, *wanted[pk]) for pk in sorted(missing)])
            mine = HomeEntry.objects.filter(owner=account)
            for some in _batches(sorted(extra)):
                mine.filter(message_id__in=some).delete()
            mine.filter(message_id__lt=floor).delete()
            Account.objects.filter(pk=account.pk).update(home_floor=floor)
            return HomeDifference(frozenset(missing), frozenset(extra))


def count_differences(account: Account) -> dict[str, tuple[int, int]]:
    """Counter → (what it says, what the rows say), for those of an account that are wrong."""
    said = Account.objects.get(pk=account.pk)
    real = {
        "message_count": said.messages.filter(repost_of_id__isnull=True).count(),
        "following_count": said.follows.count(),
        "follower_count": said.followers.count(),
    }
    return {
        name: (getattr(said, name), number)
        for name, number in real.items()
        if getattr(said, name) != number
    }


def repair_counts(account: Account) -> dict[str, tuple[int, int]]:
    """Set an account's counters to what the rows say; gives what was wrong."""
    with atomic_for(account):
        home_timelines.lock(account.pk)
        wrong = count_differences(account)
        if wrong:
            right = {name: real for name, (_, real) in wrong.items()}
            Account.objects.filter(pk=account.pk).update(**right)
    return wrong


def _entries(account: Account) -> QuerySet[HomeEntry]:
    """The home's entries without messages of celebrities, which may stay but are not needed."""
    follows = Follow.objects.filter(follower=account, followee_is_celebrity=True)
    celebrities = follows.values("followee_id")
    entries = HomeEntry.objects.filter(owner=account)
    return entries.exclude(author_id__in=celebrities, original_id__isnull=True)


@dataclass(frozen=True)
class _Authors:
    """Whose messages a home lists, and those of whom it lists the reposts alone."""

    all: frozenset[int]
    reposts: frozenset[int]


def _authors(account: Account) -> _Authors:
    everyone = timelines.home_authors(account)
    listed = timelines.home_authors(account, followee_is_celebrity=False)
    return _Authors(frozenset(listed), frozenset(everyone - listed))


def _listed(authors: _Authors) -> QuerySet[Message]:
    reposts = Q(author_id__in=authors.reposts, repost_of_id__isnull=False)
    return Message.objects.scatter().filter(Q(author_id__in=authors.all) | reposts)


def _batches(ids: list[int], size: int = 500) -> Iterator[list[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
