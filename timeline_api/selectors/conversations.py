"""Conversations: what a message replies to, and what replies to it."""

from functools import partial
from typing import Any, NamedTuple

from django.db.models import QuerySet

from shardrouter import shard_for
from shardrouter.prepared import prepared

from ..models import Account, Interaction, Message, Tombstone
from . import messages
from .marks import page_seen_by, seen_by
from .pages import Page, oldest_first, oldest_window
from .rows import DeletedMessage, Entry, Line


class Node(NamedTuple):
    """A message in a conversation, or the gap that a deleted one has left."""

    id: int
    author_id: int
    ancestor_ids: list[int]


def node(message_id: int) -> Node:
    """Return the message, of a repost the original, or the gap. One query on one shard; one more
    for a repost, and for what is no message. Raise Message.DoesNotExist."""
    found = _nodes(message_id)
    if found and found[0][-1] is not None:
        found = _nodes(found[0][-1])
    if found:
        return Node(*found[0][:-1])
    gap = Tombstone.objects.filter(pk=message_id).values_list(*Node._fields).first()
    if gap is None:
        raise Message.DoesNotExist("There is neither a message nor a gap with this id.")
    return Node(*gap)


@prepared
def _nodes(message_id: int) -> QuerySet[Any]:
    visible = Message.objects.filter(pk=message_id, author__is_suspended=False)
    return visible.values_list(*Node._fields, "repost_of_id")


def ancestors(node: Node, *, viewer: Account | None = None) -> list[Entry]:
    """Return what the message replies to, the nearest MAX_ANCESTORS of it, the parent last. One
    query on each shard that they are on, and for a viewer one on theirs."""
    rows, _ = messages.by_ids(node.ancestor_ids)
    entries: dict[int, Entry] = {
        pk: Line(rows[pk]) if pk in rows else DeletedMessage(pk) for pk in node.ancestor_ids
    }
    return list(seen_by(viewer, entries).values())


def replies(
    node: Node,
    *,
    viewer: Account | None = None,
    before_id: int | None = None,
    after_id: int | None = None,
    limit: int = 30,
) -> Page[Entry]:
    """Return a page of the replies to the message, the oldest first, with the gaps of deleted ones
    that have replies themselves. One query on the message's shard, one on each shard that the
    replies are on, and for a viewer one on theirs."""
    read = partial(_replies, node.author_id, node.id)
    page = oldest_first(read, before_id=before_id, after_id=after_id, limit=limit)
    rows, missing = messages.by_ids([reply_id for (reply_id,) in page])
    entries: dict[int, Entry] = {}
    for position, (reply_id,) in page.rows.items():
        if reply_id in rows:
            entries[position] = Line(rows[reply_id])
        elif shard_for(reply_id) not in missing:
            entries[position] = DeletedMessage(reply_id)
    return page_seen_by(viewer, page.with_rows(entries, missing))


@prepared
def _replies(
    author_id: int, message_id: int, below: int | None, above: int, limit: int
) -> QuerySet[Any]:
    replies = Interaction.objects.filter(
        author_id=author_id, message_id=message_id, kind=Interaction.REPLY
    )
    return oldest_window(replies.values_list("source_id"), below, above, limit, "source_id")
