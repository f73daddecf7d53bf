"""Exports: everything of one account, for its owner to keep."""

from dataclasses import dataclass
from operator import attrgetter
from typing import TypeVar

from django.db.models import Model, QuerySet

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
from .rows import AccountRow, MessageRow

AnyRow = TypeVar("AnyRow", bound=Model)


@dataclass(frozen=True)
class Export:
    """The rows of an account, each kind the oldest first, and the usernames of the accounts that
    they name, by id."""

    account: AccountRow

    avatars: list[Avatar]
    messages: list[MessageRow]
    reposts: list[Message]
    revisions: list[Revision]
    likes: list[Like]
    following: list[Follow]
    followers: list[Follower]
    blocks: list[Block]
    mutes: list[Mute]
    reports: list[Report]
    notifications: list[Notification]
    tokens: list[Token]
    usernames: dict[int, str]


def of_account(account: Account) -> Export:
    """Return all rows that the account has. One query for each kind on the account's shard, and
    one for names on each other."""
    messages = _oldest_first(Message.objects.select_related("author").filter(author=account))
    reposts = [message for message in messages if message.repost_of_id]
    likes = _oldest_first(Like.objects.filter(account=account))
    following = _oldest_first(Follow.objects.filter(follower=account))
    followers = _oldest_first(Follower.objects.filter(followee=account))
    blocks = _oldest_first(Block.objects.filter(account=account))
    mutes = _oldest_first(Mute.objects.filter(account=account))
    reports = _oldest_first(Report.objects.filter(account=account))
    notifications = _oldest_first(Notification.objects.filter(account=account))
    named = {
        *(repost.repost_of_author_id for repost in reposts),
        *(like.message_author_id for like in likes),
        *(follow.followee_id for follow in following),
        *(follower.follower_id for follower in followers),
        *(block.blocked_id for block in blocks),
        *(mute.muted_id for mute in mutes),
        *(report.message_author_id for report in reports),
        *(notification.actor_id for notification in notifications),
    }
    found = accounts.by_ids({pk for pk in named if pk is not None})
    return Export(
        account=AccountRow.of(account),
        avatars=_oldest_first(Avatar.objects.filter(account=account)),
        messages=[MessageRow.of(message) for message in messages if not message.repost_of_id],
        reposts=reposts,
        revisions=_oldest_first(Revision.objects.filter(author=account)),
        likes=likes,
        following=following,
        followers=followers,
        blocks=blocks,
        mutes=mutes,
        reports=reports,
        notifications=notifications,
        tokens=_oldest_first(Token.objects.filter(account=account)),
        usernames={pk: row.username for pk, row in found.items()},
    )


def _oldest_first(queryset: QuerySet[AnyRow]) -> list[AnyRow]:
    # Sorted here: the index of each begins with the account, and need not go on with the id.
    return sorted(queryset, key=attrgetter("pk"))
