"""Deletions: what other shards hold of a message or an account that was deleted."""

from django.db.models import F, Model, QuerySet

from shardrouter import atomic_for

from .. import conf
from ..models import (
    Account,
    Block,
    Blocker,
    Follow,
    Follower,
    Interaction,
    Like,
    Message,
    Mute,
    Notification,
    Report,
)
from ..services import follows, interactions, messages
from ..services.account_locks import account_lock, lock_account


def delete_likes_and_reposts(alias: str, *, author_id: int, message_id: int | None = None) -> bool:
    """Delete a chunk of a shard's likes and reposts of a deleted message, or of all messages of a
    deleted author. Return whether there were any."""
    likes = Like.objects.using(alias).filter(message_author_id=author_id)
    reposts = Message.objects.using(alias).filter(repost_of_author_id=author_id)
    if message_id is not None:
        likes = likes.filter(message_id=message_id)
        reposts = reposts.filter(repost_of_id=message_id)
    chunk = conf.get("FANOUT_CHUNK")
    liked, reposted = list(likes[:chunk]), list(reposts[:chunk])
    for like in liked:
        Like.objects.filter(pk=like.pk).delete()
    for repost in reposted:
        messages.delete(message=repost)
    return bool(liked or reposted)


def delete_account_traces(alias: str, account_id: int) -> bool:
    """Delete a chunk of what a shard holds of a deleted account. Return whether there was any."""
    deletions = (
        _delete_follows(alias, account_id),
        _delete_followers(alias, account_id),
        delete_likes_and_reposts(alias, author_id=account_id),
        _delete_mirrors(alias, account_id),
        _delete_references(alias, account_id),
        _clear_parent_names(alias, account_id),
    )
    return any(deletions)


def delete_follows_on_shard(rows: list[Follow]) -> None:
    """Delete these follows, of one shard, of a deleted account, with their owners' home entries and
    counts, in one transaction."""
    with atomic_for(rows[0]) as alias:
        for row in sorted(rows, key=lambda row: row.follower_id):
            lock_account(alias, row.follower_id)
            follows.delete_unmirrored_follow(
                follower_id=row.follower_id, followee_id=row.followee_id
            )


def _delete_follows(alias: str, account_id: int) -> bool:
    rows = list(_chunk(Follow.objects.using(alias).filter(followee_id=account_id)))
    if rows:
        delete_follows_on_shard(rows)
    return bool(rows)


def _delete_followers(alias: str, account_id: int) -> bool:
    """Delete the mirrors of the account's own follows, with their owners' counts."""
    rows = list(_chunk(Follower.objects.using(alias).filter(follower_id=account_id)))
    if rows:
        with atomic_for(rows[0]):
            for row in sorted(rows, key=lambda row: row.followee_id):
                lock_account(alias, row.followee_id)
                deleted, _ = Follower.objects.filter(pk=row.pk).delete()
                if deleted:
                    followee = Account.objects.filter(pk=row.followee_id)
                    followee.update(follower_count=F("follower_count") - 1)
    return bool(rows)


def _delete_mirrors(alias: str, account_id: int) -> bool:
    """Delete the mirrors of the account's likes, reposts and replies, with their counts and
    notifications."""
    mirrors = list(_chunk(Interaction.objects.using(alias).filter(actor_id=account_id)))
    for mirror in mirrors:
        with account_lock(mirror.author_id):
            interactions.delete_mirror(interactions.mirrored_fact(mirror))
    return bool(mirrors)


def _delete_references(alias: str, account_id: int) -> bool:
    """Delete others' rows that refer to the account and that no counter counts."""
    referring: tuple[QuerySet[Model], ...] = (
        Notification.objects.using(alias).filter(actor_id=account_id),
        Block.objects.using(alias).filter(blocked_id=account_id),
        Blocker.objects.using(alias).filter(blocker_id=account_id),
        Mute.objects.using(alias).filter(muted_id=account_id),
        Report.objects.using(alias).filter(message_author_id=account_id),
    )
    rows = [row for queryset in referring for row in _chunk(queryset)]
    for row in rows:
        row.delete()
    return bool(rows)


def _clear_parent_names(alias: str, account_id: int) -> bool:
    """Clear the account's name in replies to its messages."""
    replies = Message.objects.using(alias).filter(parent_author_id=account_id)
    named = list(_chunk(replies.exclude(parent_username="")))
    for reply in named:
        Message.objects.filter(pk=reply.pk).update(parent_username="")
    return bool(named)


def _chunk(rows: QuerySet) -> QuerySet:
    return rows[: conf.get("FANOUT_CHUNK")]
