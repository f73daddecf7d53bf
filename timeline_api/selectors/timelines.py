"""Timelines: everybody's, and a member's own home."""

from shardrouter import shard_for

from ..models import Account, HomeEntry, Message
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
    for each `limit` entries, and only until the relay has been there. What is on a shard that does
    not answer keeps its place in `positions`, so that a lost shard is asked once and not searched
    past. Raises ShardUnavailable when it is the account's own.
    """
    back = after_id is not None
    messages: dict[int, Message] = {}
    missing: set[str] = set()
    places: list[int] = []
    while len(places) < limit:
        ids = _entries(account, before_id=before_id, after_id=after_id, limit=limit)
        found, lost = _messages(ids)
        messages |= found
        missing |= lost
        standing = [pk for pk in ids if pk in found or (lost and shard_for(pk) in lost)]
        places = standing + places if back else places + standing
        if len(ids) < limit:
            break
        before_id, after_id = (None, ids[0]) if back else (ids[-1], None)
    places = places[-limit:] if back else places[:limit]
    return Page((messages[pk] for pk in places if pk in messages), missing, places)


def _entries(
    account: Account, *, before_id: int | None, after_id: int | None, limit: int
) -> list[int]:
    """The message ids of a range of the home of `account`, newest first."""
    mine = HomeEntry.objects.filter(owner=account)
    entries = cut(mine, before_id=before_id, after_id=after_id, limit=limit, field="message_id")
    return [entry.message_id for entry in entries]


def _messages(ids: list[int]) -> tuple[dict[int, Message], set[str]]:
    """Those of the messages that stand and can be had, and the shards that do not answer."""
    if not ids:
        return {}, set()
    found = (
        Message.objects.scatter(on_shard_down="skip").select_related("author").filter(pk__in=ids)
    )
    return {message.pk: message for message in found}, set(found.shards_missing)
