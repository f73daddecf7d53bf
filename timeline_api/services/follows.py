"""Follows: a row on the follower's shard is the truth; the relay mirrors it to the followee's."""

from django.db.models import F
from django.utils import timezone

from .. import conf
from ..models import Account, Follow
from ..ops import faults
from ..selectors import blocks, messages
from . import followers, home_timelines, outbox
from .account_locks import account_lock
from .reconciliation import reconcile, try_reconcile


class CannotFollowSelf(Exception):
    """An account cannot follow itself; its messages are in its home anyway."""


def follow(*, follower: Account, followee: Account) -> None:
    """Follow `followee`. Idempotent. Raise CannotFollowSelf or blocks.Blocked.

    The followee's newest messages are in the follower's home when this returns; those of a
    celebrity are pulled when the home is read. The event's handler delivers what is posted between
    our query of the newest messages and the mirror's update, and sets whether the followee is a
    celebrity, in case that changes meanwhile.
    """
    _require_two(follower, followee)
    limit = conf.get("BACKFILL_MESSAGES")
    newest = messages.newest(followee, limit, reposts_alone=followee.is_celebrity)
    with account_lock(follower.pk):
        blocks.require_no_block(follower.pk, followee.pk)
        if not _create_follow(follower, followee):
            return
        home_timelines.add_entries(
            owner_ids=[follower.pk],
            author_id=followee.pk,
            places=newest,
            complete=len(newest) < limit,
        )
        _count(follower.pk, 1)
        _emit(follower.pk, followee.pk)
    _try_reconcile(follower, followee)


def unfollow(*, follower: Account, followee: Account) -> None:
    """Stop following; the followee's messages leave the follower's home. Idempotent. Raise
    CannotFollowSelf."""
    _require_two(follower, followee)
    with account_lock(follower.pk):
        if not delete_follow(follower_id=follower.pk, followee_id=followee.pk):
            return
    _try_reconcile(follower, followee)


def delete_follow(*, follower_id: int, followee_id: int) -> bool:
    """Delete a follow, if it exists, and emit the event that deletes its mirror. Return whether it
    existed. Call it inside account_lock(follower_id)."""
    if not delete_unmirrored_follow(follower_id=follower_id, followee_id=followee_id):
        return False
    _emit(follower_id, followee_id)
    return True


def delete_unmirrored_follow(*, follower_id: int, followee_id: int) -> bool:
    """Delete a follow whose mirror is gone, with its home entries and count, and emit no event.
    Return whether it existed. Call it inside account_lock(follower_id)."""
    follow = Follow.objects.filter(follower_id=follower_id, followee_id=followee_id)
    deleted, _ = follow.delete()
    if deleted:
        home_timelines.delete_entries_of(owner_id=follower_id, author_id=followee_id)
        _count(follower_id, -1)
    return bool(deleted)


def reconcile_suspension(*, followee_id: int, follower_id: int | None = None) -> None:
    """Make `followee_is_suspended` of an account's follows, or of one follower's, equal to the
    account's state. Idempotent."""
    followed = Follow.objects.filter(followee_id=followee_id)
    rows = (
        followed.filter(follower_id=follower_id) if follower_id else followed.scatter(writes=True)
    )
    suspended_account = Account.objects.filter(pk=followee_id, is_suspended=True)

    def write(suspended: bool) -> None:
        faults.point("suspension_changed.before_follows")
        rows.exclude(followee_is_suspended=suspended).update(followee_is_suspended=suspended)

    reconcile(suspended_account.exists, write)


def _create_follow(follower: Account, followee: Account) -> bool:
    _, created = Follow.objects.get_or_create(
        follower=follower,
        followee_id=followee.pk,
        defaults={
            "created_at": timezone.now(),
            "celebrity_version": followee.celebrity_version,
            "followee_is_celebrity": followee.is_celebrity,
            "followee_is_suspended": followee.is_suspended,
        },
    )
    return created


def _emit(follower_id: int, followee_id: int) -> None:
    outbox.emit(
        account=Account(pk=follower_id), kind=outbox.FOLLOW_CHANGED, followee_id=followee_id
    )


def _try_reconcile(follower: Account, followee: Account) -> None:
    pair = {"follower_id": follower.pk, "followee_id": followee.pk}
    try_reconcile(lambda: followers.reconcile_follower(**pair))


def _count(follower_id: int, change: int) -> None:
    Account.objects.filter(pk=follower_id).update(following_count=F("following_count") + change)


def _require_two(follower: Account, followee: Account) -> None:
    if follower.pk == followee.pk:
        raise CannotFollowSelf
