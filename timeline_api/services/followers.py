"""Followers: the mirror of follows where the followee is, with the count and the notification."""

from django.db.models import F
from django.utils import timezone

from ..models import Account, Follow, Follower, Notification
from ..ops import faults
from . import notifications
from .account_locks import turn
from .reconciliation import settle


def sync(*, follower_id: int, followee_id: int) -> Follow | None:
    """Make the mirror equal to the Follow row, whatever that says now; gives the row."""

    def write(follow: Follow | None) -> None:
        faults.point("follow_changed.before_mirror")
        with turn(followee_id):
            _set_mirror(follower_id, followee_id, follow)

    return settle(lambda: standing(follower_id, followee_id), write)


def standing(follower_id: int, followee_id: int) -> Follow | None:
    """The follow, if it stands. One query on the follower's shard."""
    return Follow.objects.filter(follower_id=follower_id, followee_id=followee_id).first()


def _set_mirror(follower_id: int, followee_id: int, follow: Follow | None) -> None:
    followee = Account.objects.filter(pk=followee_id)
    if follow is None:
        mirror = Follower.objects.filter(followee_id=followee_id, follower_id=follower_id)
        changed, _ = mirror.delete()
    elif followee.exists():
        _, changed = Follower.objects.get_or_create(
            followee_id=followee_id,
            follower_id=follower_id,
            defaults={"created_at": timezone.now()},
        )
    else:
        return
    _set_notification(follower_id, followee_id, follow)
    if changed:
        change = 1 if follow is not None else -1
        followee.update(follower_count=F("follower_count") + change)


def _set_notification(follower_id: int, followee_id: int, follow: Follow | None) -> None:
    """The followee is told of the follow that stands, and of none before it."""
    told = Notification.objects.filter(
        account_id=followee_id, kind=Notification.FOLLOW, actor_id=follower_id
    )
    if follow is None:
        told.delete()
        return
    told.exclude(source_id=follow.pk).delete()
    notifications.tell(
        account_id=followee_id,
        kind=Notification.FOLLOW,
        source_id=follow.pk,
        actor_id=follower_id,
    )
