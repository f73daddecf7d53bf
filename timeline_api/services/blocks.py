"""Blocks and mutes: who is kept from whom. The Block is the truth; its mirror tells the other."""

from django.utils import timezone

from ..models import Account, Block, Blocker, Mute, Notification
from ..ops import faults
from . import follows, outbox
from .account_locks import turn
from .reconciliation import settle, soon


class CannotBlockSelf(Exception):
    """Nobody can be kept from themselves."""


def block(*, account: Account, other: Account) -> None:
    """Block; twice is the same as once. Neither follows the other any more, nor is told of them.
    Raises CannotBlockSelf."""
    _require_two(account, other)
    with turn(account.pk):
        _, created = Block.objects.get_or_create(
            account=account, blocked_id=other.pk, defaults={"created_at": timezone.now()}
        )
        if not created:
            return
        follows.drop(follower_id=account.pk, followee_id=other.pk)
        _forget_notifications(account.pk, other.pk)
        _emit(account, other)
    soon(lambda: sync(account_id=account.pk, blocked_id=other.pk))


def unblock(*, account: Account, other: Account) -> None:
    """Block no longer; twice is the same as once."""
    _require_two(account, other)
    with turn(account.pk):
        gone, _ = Block.objects.filter(account=account, blocked_id=other.pk).delete()
        if not gone:
            return
        _emit(account, other)
    soon(lambda: sync(account_id=account.pk, blocked_id=other.pk))


def mute(*, account: Account, other: Account) -> None:
    """Mute; twice is the same as once. Raises CannotBlockSelf."""
    _require_two(account, other)
    with turn(account.pk):
        Mute.objects.get_or_create(
            account=account, muted_id=other.pk, defaults={"created_at": timezone.now()}
        )
        _forget_notifications(account.pk, other.pk)


def unmute(*, account: Account, other: Account) -> None:
    """Mute no longer; twice is the same as once."""
    _require_two(account, other)
    Mute.objects.filter(account=account, muted_id=other.pk).delete()


def sync(*, account_id: int, blocked_id: int) -> None:
    """Make the mirror equal to the Block. In the turn that writes it, on the shard of who is
    blocked, their follow goes: one before it is found here, one after it is refused."""

    def stands() -> bool:
        return Block.objects.filter(account_id=account_id, blocked_id=blocked_id).exists()

    def write(standing: bool) -> None:
        faults.point("block_changed.before_mirror")
        with turn(blocked_id):
            _set_mirror(account_id, blocked_id, standing)

    settle(stands, write)


def _set_mirror(account_id: int, blocked_id: int, stands: bool) -> None:
    mirror = Blocker.objects.filter(account_id=blocked_id, blocker_id=account_id)
    if not stands:
        mirror.delete()
    elif Account.objects.filter(pk=blocked_id).exists():
        Blocker.objects.get_or_create(
            account_id=blocked_id,
            blocker_id=account_id,
            defaults={"created_at": timezone.now()},
        )
        follows.drop(follower_id=blocked_id, followee_id=account_id)
        _forget_notifications(blocked_id, account_id)


def _emit(account: Account, other: Account) -> None:
    outbox.emit(account=account, kind=outbox.BLOCK_CHANGED, blocked_id=other.pk)


def _forget_notifications(account_id: int, actor_id: int) -> None:
    Notification.objects.filter(account_id=account_id, actor_id=actor_id).delete()


def _require_two(account: Account, other: Account) -> None:
    if account.pk == other.pk:
        raise CannotBlockSelf
