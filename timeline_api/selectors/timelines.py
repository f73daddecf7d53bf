"""Timelines: everybody's, and a member's own home."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from shardrouter import group_by_shard
from shardrouter.exceptions import ShardUnavailable
from shardrouter.prepared import prepared

from ..models import Account, Block, Blocker, Follow, HomeEntry, Like, Message, Mute
from .id_lists import id_list, parse_id_list
from .marks import page_seen_by
from .pages import Page, newest_first, window, window_page
from .rows import MESSAGE_COLUMNS, Entry, Line, MessageRow


def public_page(
    *,
    viewer: Account | None = None,
    before_id: int | None = None,
    after_id: int | None = None,
    limit: int = 30,
) -> Page[Entry]:
    """Return a page of everybody's messages, without reposts, newest first. One query on each
    shard, and for a viewer one on theirs.

    A shard that does not answer is left out and named.
    """
    rows = _public(before_id, after_id, limit)
    page = _lines(window_page(rows, after_id, rows.shards_missing))
    return page_seen_by(viewer, page, in_timeline=True)


@prepared
def _public(before_id: int | None, after_id: int | None, limit: int) -> QuerySet[Any]:
    return window(_written(), before_id, after_id, limit)


def home_page(
    account: Account, *, before_id: int | None = None, after_id: int | None = None, limit: int = 30
) -> Page[Entry]:
    """Return a page of the home timeline of `account`, newest first. A repost of somebody who is
    followed, or that is not the first of its original, is not shown.

    One query on the account's shard, for the entries with the account's marks on them and for the
    celebrities that are followed, and one on each shard that these are on: messages of celebrities
    have no entries, and are read where they were written. For entries whose message is deleted
    older ones move up: the same queries once more for each `limit` entries, and only until the
    relay has deleted them. Below the home's floor, where no entries are kept, the page goes on with
    the messages themselves, without reposts: one query for the follows, and one on each shard. For
    messages without entries one query more on the account's shard gets the marks.

    What is on a shard that does not answer keeps its position, so that a lost shard is asked once
    and not searched past. Raise ShardUnavailable when it is the account's own.
    """
    home = HomeReader(account, limit)
    if after_id is None:
        home.read_older(before_id)
    else:
        home.read_newer(after_id)
    page = home.page()
    if any(line.liked is None for line in page):
        return page_seen_by(account, page, in_timeline=True)
    return page


class HomeReader:
    """A page of a home that is being read: `positions` are message ids, newest first."""

    def __init__(self, account: Account, limit: int) -> None:
        self.account, self.limit = account, limit
        self.positions: list[int] = []
        self.lines: dict[int, Line] = {}
        self.missing: set[str] = set()

    def page(self) -> Page[Line]:
        """Return what has been read."""
        page: Page[Line] = Page(self.positions)
        return page.with_rows(self.lines, self.missing)

    def read_older(self, before_id: int | None) -> None:
        """Fill the page with the newest below `before_id`."""
        below = before_id
        full = True
        while full and len(self.positions) < self.limit:
            entries = self._entries(before_id=below, after_id=None)
            full = entries.full
            lowest = entries.oldest_id if full else entries.floor
            self.positions += self._existing(entries, lowest, below)
            below = lowest if below is None else min(lowest, below)
        wanted = self.limit - len(self.positions)
        if wanted > 0 and below:
            self.positions += self.read_history(before_id=below, after_id=None, limit=wanted)
        del self.positions[self.limit :]

    def read_newer(self, after_id: int) -> None:
        """Fill the page with the oldest above `after_id`."""
        above = after_id
        full = True
        while full and len(self.positions) < self.limit:
            entries = self._entries(before_id=None, after_id=above)
            if above < entries.floor:
                wanted = self.limit - len(self.positions)
                older = self.read_history(before_id=entries.floor, after_id=above, limit=wanted)
                self.positions = older + self.positions
                above = entries.floor - 1
            full = entries.full
            below = entries.newest_id + 1 if full else None
            newer = self._existing(entries, above + 1, below, upwards=True)
            self.positions = newer + self.positions
            above = entries.newest_id if full else above
        self.positions = self.positions[-self.limit :]

    def _entries(self, *, before_id: int | None, after_id: int | None) -> "EntryRange":
        """Return a range of the home's entries, at most `limit`, with the floor and the
        celebrities: in one statement, since the relay may trim in between."""
        owner_id = self.account.pk
        page = window_page(_entries(owner_id, before_id, after_id, self.limit), after_id)
        row = next(iter(page), None) or next(iter(_without_entries(owner_id)), (0, None))
        *_, floor, celebrity_ids = row
        rows = {pk: EntryRow(*row[:-2]) for pk, row in page.rows.items() if pk >= floor}
        full = len(rows) == self.limit
        return EntryRange(rows, floor, full, parse_id_list(celebrity_ids))

    def _existing(
        self, entries: "EntryRange", lowest: int, below: int | None, *, upwards: bool = False
    ) -> list[int]:
        """Read the messages of the entries, and those of celebrities from `lowest` to `below`.
        Return the ids of those that exist, or may exist on a shard that does not answer."""
        if below is not None and below <= lowest:
            return []
        found, lost = self._messages(entries, lowest, below, upwards=upwards)
        existing = []
        for message_id in (found.keys() | lost) - entries.only_originals():
            entry = entries.rows.get(message_id) or EntryRow(message_id)
            shown_id = entry.original_id or message_id
            if message_id in found and shown_id in found:
                original = found[shown_id] if entry.original_id else None
                line = Line(found[message_id], original, entry.liked, entry.reposted)
                self.lines[message_id] = line
            elif not lost & {message_id, shown_id}:
                continue  # the original is deleted, and the repost will be, by the relay
            existing.append(message_id)
        return sorted(existing, reverse=True)

    def _messages(
        self, entries: "EntryRange", lowest: int, below: int | None, *, upwards: bool
    ) -> tuple[dict[int, MessageRow], set[int]]:
        """Return the messages that `_existing` is about, and the ids on shards that do not
        answer."""
        ids_on = group_by_shard([*entries.rows, *entries.original_ids()])
        celebrities_on = group_by_shard(entries.celebrity_ids)
        found: dict[int, MessageRow] = {}
        lost: set[int] = set()
        for alias in sorted({*ids_on, *celebrities_on}):
            ids = ids_on.get(alias, [])
            try:
                if alias in celebrities_on:
                    authors = celebrities_on[alias]
                    rows = _with_celebrities(
                        alias, ids, authors, lowest, below, self.limit, upwards
                    )
                else:
                    rows = _on_shard(alias, ids)
                for columns in rows:
                    found[columns[0]] = MessageRow.from_columns(columns)
            except ShardUnavailable:
                self.missing.add(alias)
                lost.update(ids_on.get(alias, ()))
        return found, lost

    def read_history(self, *, before_id: int, after_id: int | None, limit: int) -> list[int]:
        """Read messages without entries, of oneself and of those whom one follows. Return their
        ids."""
        muted = Mute.objects.filter(account=self.account).values("muted_id")
        authors = list(home_authors(self.account, exclude=muted))
        page = newest_first(
            _written().filter(author_id__in=authors, pk__lt=before_id),
            before_id=before_id if after_id is None else None,
            after_id=after_id,
            limit=limit,
        )
        self.lines |= _lines(page).rows
        self.missing |= set(page.shards_missing)
        return list(page.positions)


class EntryRow(NamedTuple):
    """An entry of a home: a message, of a repost the original, and the owner's marks on what is
    shown. Of a message without an entry these are not known."""

    message_id: int
    original_id: int | None = None
    liked: bool | None = None
    reposted: bool | None = None


@dataclass(frozen=True)
class EntryRange:
    """A range of a home: entries by message id, newest first; the `floor`, below which there are
    none; whether the range is `full`, so that there may be more; and the celebrities whom the owner
    follows, whose messages have no entries."""

    rows: dict[int, EntryRow]
    floor: int
    full: bool
    celebrity_ids: list[int]

    @property
    def newest_id(self) -> int:
        return next(iter(self.rows))

    @property
    def oldest_id(self) -> int:
        return next(reversed(self.rows))

    def original_ids(self) -> set[int]:
        """Return the messages that reposts among the entries show."""
        return {row.original_id for row in self.rows.values() if row.original_id}

    def only_originals(self) -> set[int]:
        """Return those of `original_ids` that are no entries themselves."""
        return self.original_ids() - self.rows.keys()


@prepared
def _entries(
    owner_id: int, before_id: int | None, after_id: int | None, limit: int
) -> QuerySet[Any]:
    mine = HomeEntry.objects.filter(is_shown(), owner_id=owner_id)
    if after_id is not None:
        # What is left below the floor, until the next trim, comes from the history.
        mine = mine.filter(message_id__gte=F("owner__home_floor"))
    columns = mine.annotate(celebrities=celebrity_ids_of("owner_id"), **_marks()).values_list(
        *EntryRow._fields, "owner__home_floor", "celebrities"
    )
    return window(columns, before_id, after_id, limit, "message_id")


@prepared
def _without_entries(owner_id: int) -> QuerySet[Any]:
    """The floor and the celebrities of a home without entries in a range."""
    owner = Account.objects.filter(pk=owner_id).annotate(celebrities=celebrity_ids_of("pk"))
    return owner.values_list("home_floor", "celebrities")


@prepared
def _on_shard(alias: str, ids: list[int]) -> QuerySet[Any]:
    messages = Message.objects.using(alias).filter(pk__in=ids, author__is_suspended=False)
    return messages.values_list(*MESSAGE_COLUMNS)


@prepared
def _with_celebrities(
    alias: str,
    ids: list[int],
    author_ids: list[int],
    lowest: int,
    below: int | None,
    limit: int,
    upwards: bool,
) -> QuerySet[Any]:
    """As `_on_shard`, with the messages of celebrities from `lowest` to `below`."""
    messages = Message.objects.using(alias)
    theirs = messages.filter(author_id__in=author_ids, pk__gte=lowest, repost_of_id__isnull=True)
    if below is not None:
        theirs = theirs.filter(pk__lt=below)
    newest = theirs.order_by("pk" if upwards else "-pk").values("pk")[:limit]
    wanted = messages.filter(Q(pk__in=ids) | Q(pk__in=newest), author__is_suspended=False)
    return wanted.values_list(*MESSAGE_COLUMNS)


def celebrity_ids_of(owner: str) -> Subquery:
    """Return the ids of the celebrities whose messages the account in the column `owner` reads, as
    one text."""
    muted = Mute.objects.filter(account=OuterRef("follower"), muted_id=OuterRef("followee_id"))
    followed = Follow.objects.filter(
        ~Exists(muted), follower_id=OuterRef(owner), followee_is_celebrity=True
    )
    return id_list(followed, "follower", "followee_id")


def home_authors(
    account: Account,
    *,
    exclude: QuerySet[Any, Any] | tuple[int, ...] = (),
    **conditions: Any,
) -> set[int]:
    """Return the ids of those whose messages are in the home of `account`: their own and those of
    whom they follow, where the follow meets `conditions` and is of none of `exclude`. One query on
    the account's shard."""
    follows = Follow.objects.filter(follower=account, **conditions)
    follows = follows.exclude(followee_id__in=exclude)
    return {account.pk, *follows.values_list("followee_id", flat=True)}


def is_shown() -> Q:
    """Return the condition for entries that their owner sees: no messages by the muted; no reposts
    of what the owner has anyway, by its author or reposted before, nor of what the owner does not
    want to see, or may not."""
    author_is_muted = Mute.objects.filter(account=OuterRef("owner"), muted_id=OuterRef("author_id"))
    author_is_suspended = Follow.objects.filter(
        follower=OuterRef("owner"), followee_id=OuterRef("author_id"), followee_is_suspended=True
    )
    earlier = HomeEntry.objects.filter(
        ~Exists(author_is_muted),
        ~Exists(author_is_suspended),
        owner=OuterRef("owner"),
        original_id=OuterRef("original_id"),
        message_id__lt=OuterRef("message_id"),
        message_id__gte=OuterRef("owner__home_floor"),
    )
    original_author = OuterRef("original_author_id")
    followed = Follow.objects.filter(follower=OuterRef("owner"), followee_id=original_author)
    muted = Mute.objects.filter(account=OuterRef("owner"), muted_id=original_author)
    blocked = Block.objects.filter(account=OuterRef("owner"), blocked_id=original_author)
    blockers = Blocker.objects.filter(account=OuterRef("owner"), blocker_id=original_author)
    return ~Exists(author_is_muted) & (
        Q(original_id__isnull=True)
        | ~Q(original_author_id=F("owner"))
        & ~Exists(followed)
        & ~Exists(muted)
        & ~Exists(blocked)
        & ~Exists(blockers)
        & ~Exists(earlier)
    )


def _marks() -> dict[str, Exists]:
    """Return the columns for whether the owner of an entry likes, and has reposted, what the entry
    shows."""
    shown = Coalesce(OuterRef("original_id"), OuterRef("message_id"))
    likes = Like.objects.filter(account=OuterRef("owner"), message_id=shown)
    reposts = Message.objects.filter(author=OuterRef("owner"), repost_of_id=shown)
    return {"liked": Exists(likes), "reposted": Exists(reposts)}


def _written() -> QuerySet[Any]:
    """Return what has been written, without reposts. A shard that does not answer is left out."""
    messages = Message.objects.scatter(on_shard_down="skip").filter(
        repost_of_id__isnull=True, author__is_suspended=False
    )
    return messages.values_list(*MESSAGE_COLUMNS)


def _lines(page: Page[tuple[Any, ...]]) -> Page[Line]:
    rows = page.rows.items()
    return page.with_rows({pk: Line(MessageRow.from_columns(columns)) for pk, columns in rows})
