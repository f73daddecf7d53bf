"""Exports: everything of one account, for its owner to keep."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from django.db.models import QuerySet

from shardrouter.prepared import prepared

from ..models import (
    Account,
    Avatar,
    Block,
    Follow,
    Follower,
    Like,
    Message,
    Mute,
    Notification,
    Report,
    Revision,
    Token,
)
from . import accounts
from .rows import MESSAGE_COLUMNS, AccountRow, MessageRow, RevisionRow

AnyRow = TypeVar("AnyRow", bound=tuple[Any, ...])


class Action(NamedTuple):
    """Something between the account and another one, and when it was."""

    id: int
    account_id: int
    created_at: datetime


class MessageAction(NamedTuple):
    """What the account did with a message of another one."""

    id: int
    account_id: int | None
    created_at: datetime
    message_id: int | None


class ReportRow(NamedTuple):
    """A message that the account reported, as it was then; or an account, without a message."""

    id: int
    account_id: int
    created_at: datetime
    message_id: int | None
    text: str
    reason: str


class NotificationRow(NamedTuple):
    """What another account did that this one was told of."""

    id: int
    account_id: int
    created_at: datetime
    kind: str


@dataclass(frozen=True)
class Export:
    """The rows of an account, each kind the oldest first, the picture that it has uploaded, and the
    usernames of the accounts that they name, by id. A revision has the id of its message."""

    account: AccountRow

    picture: bytes | None
    messages: list[MessageRow]
    reposts: list[MessageAction]
    revisions: list[tuple[int, RevisionRow]]
    likes: list[MessageAction]
    following: list[Action]
    followers: list[Action]
    blocks: list[Action]
    mutes: list[Action]
    reports: list[ReportRow]
    notifications: list[NotificationRow]
    tokens: list[Token]
    usernames: dict[int, str]


def of_account(account: Account) -> Export:
    """Return all rows that the account has. One query for each kind on the account's shard, and
    one for names on each other."""
    pk = account.pk
    written = _oldest_first(_messages(pk))
    picture = next(iter(_pictures(pk)), None)
    kinds: dict[str, Any] = {
        "reposts": [MessageAction(*row[-4:]) for row in written if row[-1] is not None],
        "likes": _oldest_first(MessageAction(*row) for row in _likes(pk)),
        "following": _oldest_first(Action(*row) for row in _following(pk)),
        "followers": _oldest_first(Action(*row) for row in _followers(pk)),
        "blocks": _oldest_first(Action(*row) for row in _blocks(pk)),
        "mutes": _oldest_first(Action(*row) for row in _mutes(pk)),
        "reports": _oldest_first(ReportRow(*row) for row in _reports(pk)),
        "notifications": _oldest_first(NotificationRow(*row) for row in _notifications(pk)),
    }
    named = {row.account_id for rows in kinds.values() for row in rows}
    return Export(
        account=AccountRow.of(account),
        picture=picture and picture[0],
        messages=[MessageRow.from_columns(row[:-4]) for row in written if row[-1] is None],
        revisions=[(row[1], RevisionRow(*row[2:])) for row in _oldest_first(_revisions(pk))],
        tokens=sorted(_tokens(pk), key=lambda token: token.pk),
        usernames=_usernames({pk for pk in named if pk is not None}),
        **kinds,
    )


def _usernames(ids: set[int]) -> dict[int, str]:
    return {pk: author.username for pk, author in accounts.authors_by_ids(ids).items()}


def _oldest_first(rows: Iterable[AnyRow]) -> list[AnyRow]:
    # Sorted here: the index of each begins with the account, and need not go on with the id.
    return sorted(rows, key=itemgetter(0))


# Each reads the rows of one kind, their id first.


@prepared
def _messages(account_id: int) -> QuerySet[Any]:
    """The messages, then what MessageAction has of a repost."""
    columns = (*MESSAGE_COLUMNS, "id", "repost_of_author_id", "created_at", "repost_of_id")
    return Message.objects.filter(author_id=account_id).values_list(*columns)


@prepared
def _pictures(account_id: int) -> QuerySet[Any]:
    rows = Avatar.objects.filter(account_id=account_id)
    return rows.values_list("data")


@prepared
def _revisions(account_id: int) -> QuerySet[Any]:
    rows = Revision.objects.filter(author_id=account_id)
    return rows.values_list("id", "message_id", "number", "text", "created_at")


@prepared
def _likes(account_id: int) -> QuerySet[Any]:
    rows = Like.objects.filter(account_id=account_id)
    return rows.values_list("id", "message_author_id", "created_at", "message_id")


@prepared
def _following(account_id: int) -> QuerySet[Any]:
    rows = Follow.objects.filter(follower_id=account_id)
    return rows.values_list("id", "followee_id", "created_at")


@prepared
def _followers(account_id: int) -> QuerySet[Any]:
    rows = Follower.objects.filter(followee_id=account_id)
    return rows.values_list("id", "follower_id", "created_at")


@prepared
def _blocks(account_id: int) -> QuerySet[Any]:
    rows = Block.objects.filter(account_id=account_id)
    return rows.values_list("id", "blocked_id", "created_at")


@prepared
def _mutes(account_id: int) -> QuerySet[Any]:
    rows = Mute.objects.filter(account_id=account_id)
    return rows.values_list("id", "muted_id", "created_at")


@prepared
def _reports(account_id: int) -> QuerySet[Any]:
    rows = Report.objects.filter(account_id=account_id)
    return rows.values_list("id", "message_author_id", "created_at", "message_id", "text", "reason")


@prepared
def _notifications(account_id: int) -> QuerySet[Any]:
    rows = Notification.objects.filter(account_id=account_id)
    return rows.values_list("id", "actor_id", "created_at", "kind")


@prepared
def _tokens(account_id: int) -> QuerySet[Token]:
    return Token.objects.filter(account_id=account_id)
