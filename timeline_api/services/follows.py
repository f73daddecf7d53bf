"""Follows: a row on the follower's shard is the truth; the relay mirrors it to the followee's."""

from django.db.models import F
from django.utils import timezone

from .. import conf
from ..models import Account, Follow, HomeEntry
from ..ops import faults
from ..selectors import blocks, messages
from . import followers, home_timelines, outbox
from .account_locks import turn
from .reconciliation import settle, soon


class CannotFollowSelf(Exception):
    """One's own messages are in one's home anyway."""


def follow(*, follower: Account, followee: Account) -> None:
    """Follow; twice is the same as once. Raises CannotFollowSelf, blocks.Blocked.

    The followee's newest messages are in the follower's home when this returns; those of a
    celebrity are pulled. What is posted between our look at them and the mirror's update is
    delivered by the event's handler, which also hears whether the followee still is, or is by now,
    a celebrity.
    """
    _require_two(follower, followee)
    limit = conf.get("BACKFILL_MESSAGES")
    newest = messages.newest(followee, limit, reposts_alone=followee.is_celebrity)
    with turn(follower.pk):
        blocks.require_no_block(follower.pk, followee.pk)
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
        if not created:
            return
        home_timelines.enter(
            owner_ids=[follower.pk],
            author_id=followee.pk,
            places=newest,
            complete=len(newest) < limit,
        )
        _count(follower.pk, 1)
        outbox.emit(account=follower, kind=outbox.FOLLOW_CHANGED, followee_id=followee.pk)
    soon(lambda: followers.sync(follower_id=follower.pk, followee_id=followee.pk))


def unfollow(*, follower: Account, followee: Account) -> None:
    """Stop following; twice is the same as once. The followee's messages leave one's home."""
    _require_two(follower, followee)
    with turn(follower.pk):
        if not drop(follower_id=follower.pk, followee_id=followee.pk):
            return
    soon(lambda: followers.sync(follower_id=follower.pk, followee_id=followee.pk))


def drop(*, follower_id: int, followee_id: int) -> bool:
    """Remove a follow, if it stands, and tell the relay; gives whether it stood. Call it inside
    turn(the follower)."""
    if not take_away(follower_id=follower_id, followee_id=followee_id):
        return False
    outbox.emit(
        account=Account(pk=follower_id), kind=outbox.FOLLOW_CHANGED, followee_id=followee_id
    )
    return True


def take_away(*, follower_id: int, followee_id: int) -> bool:
    """Remove a follow, if it stands, with its home entries and count, for who knows that there is
    no mirror; gives whether it stood. Call it inside turn(the follower)."""
    gone, _ = Follow.objects.filter(follower_id=follower_id, followee_id=followee_id).delete()
    if gone:
        HomeEntry.objects.filter(owner_id=follower_id, author_id=followee_id).delete()
        _count(follower_id, -1)
    return bool(gone)


def tell_suspension(*, followee_id: int, follower_id: int | None = None) -> None:
    """Let the follows of an account, or that of one follower, say whether it is suspended."""
    followed = Follow.objects.filter(followee_id=followee_id)
    rows = (
        followed.filter(follower_id=follower_id) if follower_id else followed.scatter(writes=True)
    )
    account = Account.objects.filter(pk=followee_id, is_suspended=True)

    def write(suspended: bool) -> None:
        faults.point("suspension_changed.before_follows")
        rows.exclude(followee_is_suspended=suspended).update(followee_is_suspended=suspended)

    settle(account.exists, write)


def _count(follower_id: int, change: int) -> None:
    Account.objects.filter(pk=follower_id).update(following_count=F("following_count") + change)


def _require_two(follower: Account, followee: Account) -> None:
    if follower.pk == followee.pk:
        raise CannotFollowSelf
