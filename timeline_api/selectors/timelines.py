"""Timelines: everybody's, and a member's own home."""

from django.db.models import F

from shardrouter import shard_for

from ..models import Account, Follow, HomeEntry, Message
from .pages import Page, cut


def public_page(
    *, before_id: int | None = None, after_id: int | None = None, limit: int = 30
) -> Page:
    """A page of everybody's messages, newest first, with their authors. One query on each shard.

    A shard that does not answer is left out and named.
    """
    everybody = Message.objects.scatter(on_shard_down="skip").select_related("author")
    return cut(everybody, before_id=before_id, after_id=after_id, limit=limit)


def home_page(
    account: Account, *, before_id: int | None = None, after_id: int | None = None, limit: int = 30
) -> Page:
    """A page of the home timeline of `account`, newest first, with the authors.

    One query on the account's shard for the entries, and one on each shard whose messages they
    name. Entries whose message is gone are filled up from those that follow: the same once more
    for each `limit` entries, and only until the relay has been there. Below the home's floor,
    where no entries are kept, the page goes on with the messages themselves: one query for the
    follows, and one on each shard. What is on a shard that does not answer keeps its place in
    `positions`, so that a lost shard is asked once and not searched past. Raises ShardUnavailable
    when it is the account's own.
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
        place = before_id
        while len(self.places) < self.limit:
            ids, floor = self._entries(before_id=place, after_id=None)
            self.places += self._standing(ids)
            if len(ids) < self.limit:
                break
            place = ids[-1]
        wanted = self.limit - len(self.places)
        if wanted > 0 and floor:
            below = floor if before_id is None else min(floor, before_id)
            self.places += self._history(before_id=below, after_id=None, limit=wanted)
        del self.places[self.limit :]

    def go_up(self, after_id: int) -> None:
        """Fill the page with the oldest above `after_id`."""
        ids, floor = self._entries(before_id=None, after_id=after_id)
        if after_id < floor:
            self.places = self._history(before_id=floor, after_id=after_id, limit=self.limit)
        while len(self.places) < self.limit:
            self.places = self._standing(ids) + self.places
            if len(ids) < self.limit:
                break
            ids, _ = self._entries(before_id=None, after_id=ids[0])
        self.places = self.places[-self.limit :]

    def _entries(self, *, before_id: int | None, after_id: int | None) -> tuple[list[int], int]:
        """The message ids of a range of the home, newest first, and the floor, below which there
        are none: of one statement, since the relay may trim in between."""
        mine = HomeEntry.objects.filter(owner=self.account)
        if after_id is not None:
            # What is left below the floor, until the next trim, is history's to tell.
            mine = mine.filter(message_id__gte=F("owner__home_floor"))
        rows = cut(
            mine.values_list("message_id", "owner__home_floor"),
            before_id=before_id,
            after_id=after_id,
            limit=self.limit,
            field="message_id",
        )
        if not rows:
            floor = Account.objects.filter(pk=self.account.pk).values_list("home_floor", flat=True)
            return [], floor.first() or 0
        floor = rows[0][1]
        return [message_id for message_id, _ in rows if message_id >= floor], floor

    def _standing(self, ids: list[int]) -> list[int]:
        """Those of `ids` whose messages stand, or may stand on a shard that does not answer."""
        found, lost = _messages(ids)
        self.messages |= found
        self.missing |= lost
        return [pk for pk in ids if pk in found or (lost and shard_for(pk) in lost)]

    def _history(self, *, before_id: int, after_id: int | None, limit: int) -> list[int]:
        """The ids of messages themselves, of one's own and those of whom one follows."""
        follows = Follow.objects.filter(follower=self.account)
        authors = [self.account.pk, *follows.values_list("followee_id", flat=True)]
        theirs = (
            Message.objects.scatter(on_shard_down="skip")
            .select_related("author")
            .filter(author_id__in=authors, pk__lt=before_id)
        )
        page = cut(
            theirs,
            before_id=before_id if after_id is None else None,
            after_id=after_id,
            limit=limit,
        )
        self.messages |= {message.pk: message for message in page}
        self.missing |= set(page.shards_missing)
        return [message.pk for message in page]


def _messages(ids: list[int]) -> tuple[dict[int, Message], set[str]]:
    """Those of the messages that stand and can be had, and the shards that do not answer."""
    if not ids:
        return {}, set()
    found = (
        Message.objects.scatter(on_shard_down="skip").select_related("author").filter(pk__in=ids)
    )
    return {message.pk: message for message in found}, set(found.shards_missing)
