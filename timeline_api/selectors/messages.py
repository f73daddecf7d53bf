"""Messages: by id, of one author, and the texts that one has had."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from django.db.models import QuerySet

from shardrouter.exceptions import ShardUnavailable
from shardrouter.prepared import prepared

from ..models import Account, Message, Revision
from .marks import page_seen_by, seen_by
from .pages import Page, window, window_page
from .rows import MESSAGE_COLUMNS, Entry, Line, MessageRow, RevisionRow


class Place(NamedTuple):
    """A message as homes list it; a repost names the message that it shows and whose that is."""

    message_id: int
    original_id: int | None = None
    original_author_id: int | None = None


PLACE = ("pk", "repost_of_id", "repost_of_author_id")


def by_id(message_id: int) -> Message:
    """Return the message with its author, for services. One query on one shard, for a repost one
    more. Raise Message.DoesNotExist, also when the original is gone."""
    message = _visible().get(pk=message_id)
    if message.repost_of_id:
        _visible().get(pk=message.repost_of_id)
    return message


def shown_by_id(message_id: int) -> Message:
    """Return the message, or, of a repost, the original; otherwise as `by_id`."""
    message = _visible().get(pk=message_id)
    return _visible().get(pk=message.repost_of_id) if message.repost_of_id else message


def line(message_id: int, *, viewer: Account | None = None) -> Line:
    """Return the message as `viewer` sees it. One query on one shard, for a repost one more, for a
    viewer one on theirs.

    Raise Message.DoesNotExist, also when one of viewer and author has blocked the other, and
    ShardUnavailable.
    """
    found = _by_id(message_id)
    if not found:
        raise Message.DoesNotExist(f"There is no message {message_id}.")
    lines, missing = with_originals({message_id: MessageRow.from_columns(found[0])})
    if missing:
        raise ShardUnavailable(missing[0])
    return _only(message_id, lines, viewer)


@prepared
def _by_id(message_id: int) -> QuerySet[Any]:
    visible = Message.objects.filter(pk=message_id, author__is_suspended=False)
    return visible.values_list(*MESSAGE_COLUMNS)


def line_of(message: Message, *, viewer: Account) -> Line:
    """Return a message that is no repost as `viewer` sees it. One query on the viewer's shard."""
    return _only(message.pk, {message.pk: Line(MessageRow.of(message))}, viewer)


def _only(message_id: int, lines: Mapping[int, Line], viewer: Account | None) -> Line:
    entry = seen_by(viewer, lines).get(message_id)
    if not isinstance(entry, Line):
        raise Message.DoesNotExist("The message is gone, or hidden from this viewer.")
    return entry


def of_author(
    author: Account,
    *,
    viewer: Account | None = None,
    before_id: int | None = None,
    after_id: int | None = None,
    limit: int = 30,
) -> Page[Entry]:
    """Return a page of one member's messages and reposts, newest first. One query on the author's
    shard, where there are reposts one on each shard that these are of, and for a viewer one on
    theirs."""
    page = window_page(_of_author(author.pk, before_id, after_id, limit), after_id)
    rows = {pk: MessageRow.from_columns(columns) for pk, columns in page.rows.items()}
    lines, missing = with_originals(rows)
    return page_seen_by(viewer, page.with_rows(lines, missing))


@prepared
def _of_author(
    author_id: int, before_id: int | None, after_id: int | None, limit: int
) -> QuerySet[Any]:
    theirs = Message.objects.filter(author_id=author_id, author__is_suspended=False)
    return window(theirs.values_list(*MESSAGE_COLUMNS), before_id, after_id, limit)


def newest(author: Account, limit: int, *, reposts_alone: bool = False) -> list[Place]:
    """Return the places of the author's newest messages, or of the reposts among them. One query
    on the author's shard."""
    theirs = Message.objects.filter(author=author).order_by("-id")
    if reposts_alone:
        theirs = theirs.filter(repost_of_id__isnull=False)
    return [Place(*row) for row in theirs.values_list(*PLACE)[:limit]]


def by_ids(message_ids: Collection[int]) -> tuple[dict[int, MessageRow], tuple[str, ...]]:
    """Return id → message, of those that can be seen, and the shards that did not answer. One
    query on each shard that the ids name."""
    if not message_ids:
        return {}, ()
    rows = _by_ids(list(message_ids))
    return {columns[0]: MessageRow.from_columns(columns) for columns in rows}, rows.shards_missing


@prepared
def _by_ids(message_ids: list[int]) -> QuerySet[Any]:
    visible = Message.objects.scatter(on_shard_down="skip").filter(
        pk__in=message_ids, author__is_suspended=False
    )
    return visible.values_list(*MESSAGE_COLUMNS)


def with_originals(rows: Mapping[int, MessageRow]) -> tuple[dict[int, Line], tuple[str, ...]]:
    """Return the lines of the rows, by position, without reposts of what is gone, and the shards
    that did not answer. One query on each shard that reposts are of, none without a repost."""
    wanted = {row.repost_of_id for row in rows.values() if row.repost_of_id}
    originals, missing = by_ids(wanted)
    lines = {}
    for position, row in rows.items():
        if row.repost_of_id is None:
            lines[position] = Line(row)
        elif row.repost_of_id in originals:
            lines[position] = Line(row, originals[row.repost_of_id])
    return lines, missing


def revisions(message: Message) -> list[Revision]:
    """Return the texts that the message had before, the oldest first. One query on its shard."""
    earlier = Revision.objects.filter(author_id=message.author_id, message=message)
    return list(earlier.order_by("number"))


def history(message: Message) -> list[RevisionRow]:
    """Return the texts that the message has had, the oldest first; the last is the one that it
    has. One query on its shard."""
    earlier = [RevisionRow.of(row) for row in revisions(message)]
    since = message.edited_at or message.created_at
    return [*earlier, RevisionRow(message.revision, message.text, since)]


def _visible() -> QuerySet[Message]:
    return Message.objects.select_related("author").filter(author__is_suspended=False)
