"""Messages with their authors: one, a member's, conversations."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from shardrouter import shard_for

from ..models import Account, Interaction, Like, Message, Revision, Tombstone
from .blocks import Hidden, with_hidden
from .id_lists import joined
from .pages import Page, cut, oldest_first


class Place(NamedTuple):
    """A message as homes list it; a repost names the message that it shows and whose that is."""

    message_id: int
    original_id: int | None = None
    original_author_id: int | None = None


PLACE = ("pk", "repost_of_id", "repost_of_author_id")


def by_id(message_id: int) -> Message:
    """The message with its author; a repost has the `original`. One query on one shard, for a
    repost one more. Raises Message.DoesNotExist, also when the original is gone."""
    message = Message.objects.select_related("author").get(
        pk=message_id, author__is_suspended=False
    )
    if not with_originals([message]):
        raise Message.DoesNotExist("The message that was reposted is gone.")
    return message


def of_author(
    author: Account, *, before_id: int | None = None, after_id: int | None = None, limit: int = 30
) -> Page:
    """A page of one member's messages and reposts, newest first. One query on the author's shard,
    and where there are reposts one on each shard that these are of."""
    theirs = Message.objects.select_related("author").filter(
        author=author, author__is_suspended=False
    )
    page = cut(theirs, before_id=before_id, after_id=after_id, limit=limit)
    rows = with_originals(page)
    return Page(rows, rows.shards_missing, [message.pk for message in page])


def newest(author: Account, limit: int, *, reposts_alone: bool = False) -> list[Place]:
    """The places of the author's newest messages, or of the reposts among them. One query on the
    author's shard."""
    theirs = Message.objects.filter(author=author).order_by("-id")
    if reposts_alone:
        theirs = theirs.filter(repost_of_id__isnull=False)
    return [Place(*row) for row in theirs.values_list(*PLACE)[:limit]]


def found(message_ids: Collection[int]) -> tuple[dict[int, Message], tuple[str, ...]]:
    """Id → message with its author, of those that stand, and the shards that did not answer. One
    query on each shard that the ids name."""
    if not message_ids:
        return {}, ()
    rows = Message.objects.scatter(on_shard_down="skip").select_related("author")
    rows = rows.filter(pk__in=message_ids, author__is_suspended=False)
    return {message.pk: message for message in rows}, rows.shards_missing


def with_originals(messages: Iterable[Message]) -> Page:
    """The messages, in their order, each repost with its `original`; reposts of what is gone are
    left out. One query on each shard that reposts are of, none where there is none."""
    messages = list(messages)
    wanted = {message.repost_of_id for message in messages if message.repost_of_id}
    originals, missing = found(wanted)
    kept = []
    for message in messages:
        if message.repost_of_id:
            if message.repost_of_id not in originals:
                continue
            message.original = originals[message.repost_of_id]
        kept.append(message)
    return Page(kept, missing)


def ancestors(message: Message | Tombstone) -> list[Message | int]:
    """What the message replies to, the nearest MAX_ANCESTORS of it, the parent last; for what is
    gone its id. One query on each shard that they are on."""
    rows, _ = found(message.ancestor_ids)
    return [rows.get(pk, pk) for pk in message.ancestor_ids]


def standing_or_gap(message_id: int) -> Message | Tombstone:
    """The message, or what is left of it. Raises Message.DoesNotExist."""
    try:
        return by_id(message_id)
    except Message.DoesNotExist:
        tombstone = Tombstone.objects.filter(pk=message_id).first()
        if tombstone is None:
            raise
        return tombstone


def replies(
    message: Message | Tombstone,
    *,
    before_id: int | None = None,
    after_id: int | None = None,
    limit: int = 30,
) -> Page:
    """A page of the replies to the message, the oldest first; for those that are gone, and have
    replies themselves, their id. One query on the message's shard, and one on each shard that the
    replies are on."""
    mirrors = Interaction.objects.filter(
        author_id=message.author_id, message_id=message.pk, kind=Interaction.REPLY
    )
    page = oldest_first(
        mirrors, before_id=before_id, after_id=after_id, limit=limit, field="source_id"
    )
    reply_ids = [mirror.source_id for mirror in page]
    rows, missing = found(reply_ids)
    shown = [rows.get(pk, pk) for pk in reply_ids if pk in rows or shard_for(pk) not in missing]
    return Page(shown, missing, page.positions)


def revisions(message: Message) -> list[Revision]:
    """The texts that the message had before, the oldest first. One query on its shard."""
    earlier = Revision.objects.filter(author_id=message.author_id, message=message)
    return list(earlier.order_by("number"))


class Marks(NamedTuple):
    """What a reader has done with some messages: the ids of those they like, and have reposted; and
    whose messages they do not see."""

    liked: frozenset[int] = frozenset()
    reposted: frozenset[int] = frozenset()
    hidden: Hidden = Hidden()


def marks(viewer: Account, message_ids: Collection[int]) -> Marks:
    """What `viewer` has done with the messages of these ids. One query on the viewer's shard, none
    for no ids."""
    if not message_ids:
        return Marks()
    likes = Like.objects.filter(account=viewer, message_id__in=message_ids)
    reposts = Message.objects.filter(author=viewer, repost_of_id__in=message_ids)
    hidden, marked = with_hidden(
        viewer,
        liked=joined(likes, "account", "message_id"),
        reposted=joined(reposts, "author", "repost_of_id"),
    )
    return Marks(*marked, hidden)


def marks_of(viewer: Account, rows: Iterable[Message | int]) -> Marks:
    """The marks of `viewer` on messages. Those of a home bring theirs along; for others it costs as
    `marks`."""
    shown = [row for row in rows if not isinstance(row, int)]
    if not all(hasattr(row, "marks") for row in shown):
        return marks(viewer, [row.repost_of_id or row.pk for row in shown])
    marked = [(row.repost_of_id or row.pk, *row.marks) for row in shown]
    return Marks(
        frozenset(pk for pk, liked, _ in marked if liked),
        frozenset(pk for pk, _, reposted in marked if reposted),
    )
