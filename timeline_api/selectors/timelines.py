"""Timelines: everybody's, and a member's own home."""

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
    name. Entries whose message is gone, or out of reach, are filled up from those that follow;
    that costs the same once more, and happens only until the relay has been there.
    """
    mine = HomeEntry.objects.filter(owner=account)
    page = Page()
    missing: set[str] = set()
    while True:
        wanted = limit - len(page)
        entries = cut(
            mine, before_id=before_id, after_id=after_id, limit=wanted, field="message_id"
        )
        found = _messages(entries)
        missing.update(found.shards_missing)
        page = Page([*found, *page] if after_id is not None else [*page, *found], missing)
        if len(page) >= limit or len(entries) < wanted:
            return page
        if after_id is not None:
            after_id = entries[0].message_id
        else:
            before_id = entries[-1].message_id


def _messages(entries: Page) -> Page:
    """The messages of `entries`, in their order, as far as they can be had."""
    if not entries:
        return Page()
    found = (
        Message.objects.scatter(on_shard_down="skip")
        .select_related("author")
        .filter(pk__in=[entry.message_id for entry in entries])
    )
    messages = {message.pk: message for message in found}
    return Page(
        (messages[entry.message_id] for entry in entries if entry.message_id in messages),
        found.shards_missing,
    )
