"""Everything of one account, for its owner to take away."""

from dataclasses import dataclass

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


@dataclass
class Export:
    """The rows of an account, each kind the oldest first, and the names of those they speak of."""

    avatars: list[Avatar]
    messages: list[Message]
    revisions: list[Revision]
    likes: list[Like]
    following: list[Follow]
    followers: list[Follower]
    blocks: list[Block]
    mutes: list[Mute]
    reports: list[Report]
    notifications: list[Notification]
    tokens: list[Token]
    names: dict[int, str]


def of_account(account: Account) -> Export:
    """All rows that the account has. One query for each kind on the account's shard, and one for
    names on each other."""
    export = Export(
        avatars=list(Avatar.objects.filter(account=account)),
        messages=list(Message.objects.select_related("author").filter(author=account)),
        revisions=list(Revision.objects.filter(author=account)),
        likes=list(Like.objects.filter(account=account)),
        following=list(Follow.objects.filter(follower=account)),
        followers=list(Follower.objects.filter(followee=account)),
        blocks=list(Block.objects.filter(account=account)),
        mutes=list(Mute.objects.filter(account=account)),
        reports=list(Report.objects.filter(account=account)),
        notifications=list(Notification.objects.filter(account=account)),
        tokens=list(Token.objects.filter(account=account)),
        names={},
    )
    for rows in vars(export).values():
        if isinstance(rows, list):
            rows.sort(key=lambda row: row.pk)
    wanted = {like.message_author_id for like in export.likes}
    wanted |= {message.repost_of_author_id for message in export.messages} - {None}
    wanted |= {follow.followee_id for follow in export.following}
    wanted |= {follower.follower_id for follower in export.followers}
    wanted |= {block.blocked_id for block in export.blocks}
    wanted |= {mute.muted_id for mute in export.mutes}
    wanted |= {report.message_author_id for report in export.reports}
    wanted |= {notification.actor_id for notification in export.notifications}
    found = accounts.by_ids(wanted)
    export.names = {pk: row.username for pk, row in found.items()}
    return export
