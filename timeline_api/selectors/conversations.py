"""Conversations: what a message replies to, and what replies to it."""

from typing import NamedTuple

from shardrouter import shard_for

from ..models import Account, Interaction, Message, Tombstone
from . import messages
from .marks import page_seen_by, seen_by
from .pages import Page, oldest_first
from .rows import DeletedMessage, Entry, Line


class Node(NamedTuple):
    """A message in a conversation, or the gap that a deleted one has left."""

    id: int
    author_id: int
    ancestor_ids: list[int]


def node(message_id: int) -> Node:
    """Return the message, of a repost the original, or the gap. One query on one shard; one more
    for a repost, and for what is no message. Raise Message.DoesNotExist."""
    visible = Message.objects.filter(author__is_suspended=False)
    columns = visible.values_list(*Node._fields, "repost_of_id")
    row = columns.filter(pk=message_id).first()
    if row is not None and row[-1] is not None:
        row = columns.filter(pk=row[-1]).first()
    if row is not None:
        return Node(*row[:-1])
    gap = Tombstone.objects.filter(pk=message_id).values_list(*Node._fields).first()
    if gap is None:
        raise Message.DoesNotExist("There is neither a message nor a gap with this id.")
    return Node(*gap)


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
    mirrors = Interaction.objects.filter(
        author_id=node.author_id, message_id=node.id, kind=Interaction.REPLY
    )
    page = oldest_first(
        mirrors.values_list("source_id"),
        before_id=before_id,
        after_id=after_id,
        limit=limit,
        field="source_id",
    )
    rows, missing = messages.by_ids([reply_id for (reply_id,) in page])
    entries: dict[int, Entry] = {}
    for position, (reply_id,) in page.rows.items():
        if reply_id in rows:
            entries[position] = Line(rows[reply_id])
        elif shard_for(reply_id) not in missing:
            entries[position] = DeletedMessage(reply_id)
    return page_seen_by(viewer, page.with_rows(entries, missing))
