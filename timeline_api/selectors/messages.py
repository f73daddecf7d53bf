"""Messages, with their authors."""

from ..models import Account, Message
from .pages import Page, cut


def by_id(message_id: int) -> Message:
    """The message with its author. One query on one shard. Raises Message.DoesNotExist."""
    return Message.objects.select_related("author").get(pk=message_id)


def of_author(
    author: Account, *, before_id: int | None = None, after_id: int | None = None, limit: int = 30
) -> Page:
    """A page of one member's messages, newest first. One query on the author's shard."""
    theirs = Message.objects.select_related("author").filter(author=author)
    return cut(theirs, before_id=before_id, after_id=after_id, limit=limit)


def newest_ids(author: Account, limit: int) -> list[int]:
    """The ids of the author's newest messages. One query on the author's shard, by index alone."""
    theirs = Message.objects.filter(author=author).order_by("-id")
    return list(theirs.values_list("id", flat=True)[:limit])
