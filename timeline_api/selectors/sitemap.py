"""The sitemap: where the newest messages are."""

from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import QuerySet

from shardrouter.ids import made_at
from shardrouter.prepared import prepared

from ..models import Message

# A sitemap may have 50,000 addresses (https://www.sitemaps.org/protocol.html), and search engines
# follow the links of pages to what is older.
MESSAGES = 1000


class MessageAddress(NamedTuple):
    """What the address of a message is made of, and when it was written or last edited."""

    id: int
    username: str
    modified_at: datetime


def newest_messages(limit: int = MESSAGES) -> tuple[list[MessageAddress], tuple[str, ...]]:
    """Return the newest messages of everybody, without reposts, the newest first, and the shards
    that did not answer. One query on each shard."""
    rows = _newest(limit)
    addresses = [
        # The time in an id is read faster than the one beside it, of which each is parsed.
        MessageAddress(pk, username, edited_at or made_at(pk))
        for pk, username, edited_at in rows
    ]
    return addresses, rows.shards_missing


@prepared
def _newest(limit: int) -> QuerySet[Any]:
    messages = Message.objects.scatter(on_shard_down="skip").filter(
        repost_of_id__isnull=True, author__is_suspended=False
    )
    return messages.order_by("-id").values_list("id", "author__username", "edited_at")[:limit]
