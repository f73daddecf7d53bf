"""Marks: what a reader has done with messages, and whose messages the reader does not see."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from django.db.models import OuterRef, QuerySet

from shardrouter.prepared import prepared

from ..models import Account, Like, Message
from .blocks import Hidden, hidden_columns, hidden_from
from .id_lists import id_list
from .pages import Page
from .rows import Entry, Line


class Marks(NamedTuple):
    """The ids of messages that a reader likes and has reposted, and who is hidden from the
    reader."""

    liked: frozenset[int] = frozenset()
    reposted: frozenset[int] = frozenset()
    hidden: Hidden = Hidden()

    def on(self, line: Line) -> Line:
        """Return the line with its marks."""
        shown_id = line.shown.id
        liked, reposted = shown_id in self.liked, shown_id in self.reposted
        return Line(line.message, line.original, liked, reposted)


def marks(viewer: Account, message_ids: Collection[int]) -> Marks:
    """Return what `viewer` has done with the messages of these ids, of reposts with the originals.
    One query on the viewer's shard, none for no ids."""
    if not message_ids:
        return Marks()
    hidden, (liked, reposted) = hidden_from(_marks(viewer.pk, list(message_ids)), 2)
    return Marks(liked, reposted, hidden)


@prepared
def _marks(viewer_id: int, message_ids: list[int]) -> QuerySet[Any]:
    likes = Like.objects.filter(account_id=OuterRef("pk"), message_id__in=message_ids)
    reposts = Message.objects.filter(author_id=OuterRef("pk"), repost_of_id__in=message_ids)
    return hidden_columns(
        viewer_id,
        liked=id_list(likes, "account", "message_id"),
        reposted=id_list(reposts, "author", "repost_of_id"),
    )


def seen_by(
    viewer: Account | None, entries: Mapping[int, Entry], *, in_timeline: bool = False
) -> dict[int, Entry]:
    """Return the entries, by position, as `viewer` sees them: with marks, and without messages by
    whom the viewer has blocked or is blocked by; in a timeline without the muted as well.

    One query on the viewer's shard; none for a visitor, or for no messages.
    """
    if viewer is None:
        return dict(entries)
    shown = [entry.shown.id for entry in entries.values() if isinstance(entry, Line)]
    of_viewer = marks(viewer, shown)
    hidden = of_viewer.hidden
    unseen = hidden.in_timelines if in_timeline else hidden.everywhere
    seen: dict[int, Entry] = {}
    for position, entry in entries.items():
        if not isinstance(entry, Line):
            seen[position] = entry
        elif not unseen & {entry.message.author.id, entry.shown.author.id}:
            seen[position] = of_viewer.on(entry)
    return seen


def page_seen_by(
    viewer: Account | None, page: Page[Entry], *, in_timeline: bool = False
) -> Page[Entry]:
    """Return the page as `viewer` sees it; costs as `seen_by`."""
    return page.with_rows(seen_by(viewer, page.rows, in_timeline=in_timeline))
