"""Followers: the mirror of follows on the followee's shard, with the count and the notification."""

from django.db.models import F
from django.utils import timezone

from ..models import Account, Follow, Follower, Notification
from ..ops import faults
from . import notifications
from .account_locks import account_lock
from .reconciliation import reconcile


def reconcile_follower(*, follower_id: int, followee_id: int) -> Follow | None:
    """Make the mirror equal to the Follow, or to its absence. Return the Follow. Idempotent."""

    def read() -> Follow | None:
        return current_follow(follower_id, followee_id)

    def write(follow: Follow | None) -> None:
        faults.point("follow_changed.before_mirror")
        with account_lock(followee_id):
            write_mirror(follower_id, followee_id, follow)

    return reconcile(read, write)


def current_follow(follower_id: int, followee_id: int) -> Follow | None:
    """Return the Follow, if it exists. One query on the follower's shard."""
    return Follow.objects.filter(follower_id=follower_id, followee_id=followee_id).first()


def write_mirror(follower_id: int, followee_id: int, follow: Follow | None) -> None:
    """Create or delete the Follower, with its notification, and change the count if that changed a
    row. Call it inside account_lock(followee_id)."""
    followee = Account.objects.filter(pk=followee_id)
    if follow is None:
        mirror = Follower.objects.filter(followee_id=followee_id, follower_id=follower_id)
        deleted, _ = mirror.delete()
        change = -1 if deleted else 0
    elif followee.exists():
        _, created = Follower.objects.get_or_create(
            followee_id=followee_id,
            follower_id=follower_id,
            defaults={"created_at": timezone.now()},
        )
        change = 1 if created else 0
    else:
        return
    _write_notification(follower_id, followee_id, follow)
    if change:
        followee.update(follower_count=F("follower_count") + change)


def _write_notification(follower_id: int, followee_id: int, follow: Follow | None) -> None:
    """Keep the notification of the current Follow alone, not those of earlier ones."""
    earlier = Notification.objects.filter(
        account_id=followee_id, kind=Notification.FOLLOW, actor_id=follower_id
    )
    if follow is None:
        earlier.delete()
        return
    earlier.exclude(source_id=follow.pk).delete()
    notifications.notify(
        account_id=followee_id,
        kind=Notification.FOLLOW,
        source_id=follow.pk,
        actor_id=follower_id,
    )
