"""Timelines: everybody's, and a member's own home."""

from dataclasses import dataclass
from typing import Any

from django.db.models import (
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.functions import Coalesce

from shardrouter import group_by_shard
from shardrouter.exceptions import ShardUnavailable

from ..models import Account, Block, Blocker, Follow, HomeEntry, Like, Message, Mute
from .id_lists import joined, split
from .pages import Page, cut


def public_page(
    *, before_id: int | None = None, after_id: int | None = None, limit: int = 30
) -> Page:
    """A page of everybody's messages, without reposts, newest first, with their authors. One query
    on each shard.

    A shard that does not answer is left out and named.
    """
    return cut(_written(), before_id=before_id, after_id=after_id, limit=limit)


def home_page(
    account: Account, *, before_id: int | None = None, after_id: int | None = None, limit: int = 30
) -> Page:
    """A page of the home timeline of `account`, newest first, with the authors. A repost has the
    `original`; one of somebody who is followed, or that is not the first, is not shown.

    One query on the account's shard for the entries, with what the account has done with each
    (`marks`: likes, has reposted), and the celebrities that are followed, and
    one on each shard that these are on: messages of celebrities have no entries, and are looked
    for where they were written. Entries whose message is gone are filled up from those that
    follow: the same once more for each `limit` entries, and only until the relay has been there.
    Below the home's floor, where no entries are kept, the page goes on with the messages
    themselves, without reposts: one query for the follows, and one on each shard. What is on a
    shard that does not answer keeps its place in `positions`, so that a lost shard is asked once
    and not searched past. Raises ShardUnavailable when it is the account's own.
    """
    home = _Home(account, limit)
    if after_id is None:
        home.go_down(before_id)
    else:
        home.go_up(after_id)
    rows = (home.messages[pk] for pk in home.places if pk in home.messages)
    return Page(rows, home.missing, home.places)


class _Home:
    """A page that is being filled: `places` are message ids, newest first."""

    def __init__(self, account: Account, limit: int) -> None:
        self.account, self.limit = account, limit
        self.messages: dict[int, Message] = {}
        self.missing: set[str] = set()
        self.places: list[int] = []

    def go_down(self, before_id: int | None) -> None:
        """Fill the page with the newest below `before_id`."""
        below = before_id
        full = True
        while full and len(self.places) < self.limit:
            entries = self._entries(before_id=below, after_id=None)
            full = entries.full
            lowest = entries.ids[-1] if full else entries.floor
            self.places += self._standing(entries, lowest, below)
            below = lowest if below is None else min(lowest, below)
        wanted = self.limit - len(self.places)
        if wanted > 0 and below:
            self.places += self._history(before_id=below, after_id=None, limit=wanted)
        del self.places[self.limit :]

    def go_up(self, after_id: int) -> None:
        """Fill the page with the oldest above `after_id`."""
        place = after_id
        full = True
        while full and len(self.places) < self.limit:
            entries = self._entries(before_id=None, after_id=place)
            if place < entries.floor:
                wanted = self.limit - len(self.places)
                older = self._history(before_id=entries.floor, after_id=place, limit=wanted)
                self.places = older + self.places
                place = entries.floor - 1
            full = entries.full
            below = entries.ids[0] + 1 if full else None
            self.places = self._standing(entries, place + 1, below, upwards=True) + self.places
            place = entries.ids[0] if full else place
        self.places = self.places[-self.limit :]

    def _entries(self, *, before_id: int | None, after_id: int | None) -> "_Entries":
        """A range of the home's entries, at most `limit`; of one statement, since the relay may
        trim in between."""
        mine = HomeEntry.objects.filter(_shown(), owner=self.account)
        if after_id is not None:
            # What is left below the floor, until the next trim, is history's to tell.
            mine = mine.filter(message_id__gte=F("owner__home_floor"))
        celebrities = _celebrities(self.account)
        rows = cut(
            mine.annotate(celebrities=celebrities, **_marks()).values_list(
                "message_id",
                "original_id",
                "marked_liked",
                "marked_reposted",
                "owner__home_floor",
                "celebrities",
            ),
            before_id=before_id,
            after_id=after_id,
            limit=self.limit,
            field="message_id",
        )
        if rows:
            *_, floor, pulled = rows[0]
        else:
            myself = Account.objects.filter(pk=self.account.pk).annotate(celebrities=celebrities)
            floor, pulled = myself.values_list("home_floor", "celebrities").first() or (0, None)
        standing = [row for row in rows if row[0] >= floor]
        return _Entries(
            ids=[message_id for message_id, *_ in standing],
            originals={
                message_id: original_id for message_id, original_id, *_ in standing if original_id
            },
            marks={
                message_id: (liked, reposted) for message_id, _, liked, reposted, *_ in standing
            },
            floor=floor,
            full=len(standing) == self.limit,
            celebrities=split(pulled),
        )

    def _standing(
        self, entries: "_Entries", lowest: int, below: int | None, *, upwards: bool = False
    ) -> list[int]:
        """The places of the entries whose messages stand, or may stand on a shard that does not
        answer, and of celebrities' messages from `lowest` to `below`."""
        if below is not None and below <= lowest:
            return []
        ids_on = group_by_shard([*entries.ids, *entries.originals.values()])
        celebrities_on = group_by_shard(entries.celebrities)
        found: dict[int, Message] = {}
        lost = set()
        for alias in sorted({*ids_on, *celebrities_on}):
            messages = Message.objects.using(alias)
            wanted = Q(pk__in=ids_on.get(alias, ()))
            if alias in celebrities_on:
                theirs = messages.filter(author_id__in=celebrities_on[alias], pk__gte=lowest)
                theirs = theirs.filter(repost_of_id__isnull=True)
                if below is not None:
                    theirs = theirs.filter(pk__lt=below)
                theirs = theirs.order_by("pk" if upwards else "-pk")
                wanted |= Q(pk__in=theirs.values("pk")[: self.limit])
            try:
                rows = messages.select_related("author").filter(wanted, author__is_suspended=False)
                found |= {message.pk: message for message in rows}
            except ShardUnavailable:
                self.missing.add(alias)
                lost.update(ids_on.get(alias, ()))
        originals = set(entries.originals.values()) - set(entries.ids)
        places = (found.keys() | lost) - originals
        for message_id, original_id in entries.originals.items():
            if message_id in found and original_id in found:
                found[message_id].original = found[original_id]
            elif not lost & {message_id, original_id}:
                # Gone, and the repost with it, when the relay has been there.
                places.discard(message_id)
            if original_id in lost:
                found.pop(message_id, None)
        for message_id, mine in entries.marks.items():
            if message_id in found:
                found[message_id].marks = mine
        self.messages |= {pk: message for pk, message in found.items() if pk in places}
        return sorted(places, reverse=True)

    def _history(self, *, before_id: int, after_id: int | None, limit: int) -> list[int]:
        """The ids of messages themselves, of one's own and those of whom one follows."""
        muted = Mute.objects.filter(account=self.account).values("muted_id")
        authors = list(home_authors(self.account, exclude=muted))
        page = cut(
            _written().filter(author_id__in=authors, pk__lt=before_id),
            before_id=before_id if after_id is None else None,
            after_id=after_id,
            limit=limit,
        )
        self.messages |= {message.pk: message for message in page}
        self.missing |= set(page.shards_missing)
        return [message.pk for message in page]


@dataclass(frozen=True)
class _Entries:
    """A range of a home: message `ids`, newest first; of those that are reposts the `originals`; of
    each, as `marks`, whether its owner likes and has reposted it; whether it is `full`, so that
    there may be more; the `floor`, below which there are none; and the `celebrities` whom its owner
    follows, whose messages are not among them."""

    ids: list[int]
    originals: dict[int, int]
    marks: dict[int, tuple[bool, bool]]
    floor: int
    full: bool
    celebrities: list[int]


def _celebrities(account: Account) -> Subquery:
    muted = Mute.objects.filter(account=OuterRef("follower"), muted_id=OuterRef("followee_id"))
    pulled = Follow.objects.filter(~Exists(muted), follower=account, followee_is_celebrity=True)
    return joined(pulled, "follower", "followee_id")


def home_authors(
    account: Account, *, exclude: QuerySet | tuple[int, ...] = (), **conditions: Any
) -> set[int]:
    """Whose messages are in the home of `account`: their own and those of whom they follow, where
    the follow meets `conditions` and is of none of `exclude`. One query on the account's shard."""
    follows = Follow.objects.filter(follower=account, **conditions)
    follows = follows.exclude(followee_id__in=exclude)
    return {account.pk, *follows.values_list("followee_id", flat=True)}


def _shown() -> Q:
    """Entries but those that are reposts of what their owner has anyway, by its author or reposted
    before; or of what they do not want to see, or may not."""
    muted_author = Mute.objects.filter(account=OuterRef("owner"), muted_id=OuterRef("author_id"))
    silenced_author = Follow.objects.filter(
        follower=OuterRef("owner"), followee_id=OuterRef("author_id"), followee_is_suspended=True
    )
    earlier = HomeEntry.objects.filter(
        ~Exists(muted_author),
        ~Exists(silenced_author),
        owner=OuterRef("owner"),
        original_id=OuterRef("original_id"),
        message_id__lt=OuterRef("message_id"),
        message_id__gte=OuterRef("owner__home_floor"),
    )
    followed = Follow.objects.filter(
        follower=OuterRef("owner"), followee_id=OuterRef("original_author_id")
    )
    muted = Mute.objects.filter(account=OuterRef("owner"))
    unseen = muted.filter(muted_id=OuterRef("original_author_id"))
    blocks = Block.objects.filter(
        account=OuterRef("owner"), blocked_id=OuterRef("original_author_id")
    )
    blockers = Blocker.objects.filter(
        account=OuterRef("owner"), blocker_id=OuterRef("original_author_id")
    )
    return ~Exists(muted.filter(muted_id=OuterRef("author_id"))) & (
        Q(original_id__isnull=True)
        | ~Q(original_author_id=F("owner"))
        & ~Exists(followed)
        & ~Exists(unseen)
        & ~Exists(blocks)
        & ~Exists(blockers)
        & ~Exists(earlier)
    )


def _marks() -> dict[str, Exists]:
    """Whether the owner of an entry likes its message, or the one it shows, and has reposted it."""
    shown = Coalesce(OuterRef("original_id"), OuterRef("message_id"))
    likes = Like.objects.filter(account=OuterRef("owner"), message_id=shown)
    reposts = Message.objects.filter(author=OuterRef("owner"), repost_of_id=shown)
    return {"marked_liked": Exists(likes), "marked_reposted": Exists(reposts)}


def _written() -> QuerySet[Message]:
    """What everybody has written, without reposts. A shard that does not answer is left out."""
    messages = Message.objects.scatter(on_shard_down="skip").select_related("author")
    return messages.filter(repost_of_id__isnull=True, author__is_suspended=False)
