"""Blocks and mutes. The Block, on the blocker's shard, is the truth; a Blocker mirrors it."""

from django.utils import timezone

from ..models import Account, Block, Blocker, Mute, Notification
from ..ops import faults
from . import follows, outbox
from .account_locks import account_lock
from .reconciliation import reconcile, try_reconcile


class CannotBlockSelf(Exception):
    """An account cannot block or mute itself."""


def block(*, account: Account, other: Account) -> None:
    """Block `other`: the follows between the two, and what each was notified of the other, are
    deleted. Idempotent. Raise CannotBlockSelf."""
    _require_two(account, other)
    with account_lock(account.pk):
        _, created = Block.objects.get_or_create(
            account=account, blocked_id=other.pk, defaults={"created_at": timezone.now()}
        )
        if not created:
            return
        follows.delete_follow(follower_id=account.pk, followee_id=other.pk)
        _delete_notifications(account.pk, other.pk)
        _emit(account, other)
    try_reconcile(lambda: reconcile_block(account_id=account.pk, blocked_id=other.pk))


def unblock(*, account: Account, other: Account) -> None:
    """Lift the block. Idempotent. Raise CannotBlockSelf."""
    _require_two(account, other)
    with account_lock(account.pk):
        deleted, _ = Block.objects.filter(account=account, blocked_id=other.pk).delete()
        if not deleted:
            return
        _emit(account, other)
    try_reconcile(lambda: reconcile_block(account_id=account.pk, blocked_id=other.pk))


def mute(*, account: Account, other: Account) -> None:
    """Mute `other`. Idempotent. Raise CannotBlockSelf."""
    _require_two(account, other)
    with account_lock(account.pk):
        Mute.objects.get_or_create(
            account=account, muted_id=other.pk, defaults={"created_at": timezone.now()}
        )
        _delete_notifications(account.pk, other.pk)


def unmute(*, account: Account, other: Account) -> None:
    """Unmute `other`. Idempotent. Raise CannotBlockSelf."""
    _require_two(account, other)
    Mute.objects.filter(account=account, muted_id=other.pk).delete()


def reconcile_block(*, account_id: int, blocked_id: int) -> None:
    """Make the mirror equal to the Block. Idempotent.

    The transaction that creates the mirror holds the lock of the blocked account and deletes their
    follow: a follow made before it is found, one made after it is refused.
    """

    def exists() -> bool:
        return Block.objects.filter(account_id=account_id, blocked_id=blocked_id).exists()

    def write(blocked: bool) -> None:
        faults.point("block_changed.before_mirror")
        with account_lock(blocked_id):
            write_mirror(account_id, blocked_id, blocked)

    reconcile(exists, write)


def write_mirror(account_id: int, blocked_id: int, blocked: bool) -> None:
    """Create or delete the Blocker. Call it inside account_lock(blocked_id)."""
    mirror = Blocker.objects.filter(account_id=blocked_id, blocker_id=account_id)
    if not blocked:
        mirror.delete()
    elif Account.objects.filter(pk=blocked_id).exists():
        Blocker.objects.get_or_create(
            account_id=blocked_id,
            blocker_id=account_id,
            defaults={"created_at": timezone.now()},
        )
        follows.delete_follow(follower_id=blocked_id, followee_id=account_id)
        _delete_notifications(blocked_id, account_id)


def _emit(account: Account, other: Account) -> None:
    outbox.emit(account=account, kind=outbox.BLOCK_CHANGED, blocked_id=other.pk)


def _delete_notifications(account_id: int, actor_id: int) -> None:
    Notification.objects.filter(account_id=account_id, actor_id=actor_id).delete()


def _require_two(account: Account, other: Account) -> None:
    if account.pk == other.pk:
        raise CannotBlockSelf
