"""Notifications: what a member is told of, kept on their own shard."""

from django.utils import timezone

from ..models import Account, Notification
from ..selectors import blocks
from .account_locks import turn


def tell(
    *, account_id: int, kind: str, source_id: int, actor_id: int, message_id: int | None = None
) -> None:
    """Tell `account_id` what `actor_id` did, once for each source, and nobody of their own deeds,
    nor of those of whom they have blocked or muted, or who have blocked them. Call it in the
    turn, of the reader, that writes what it tells of."""
    if account_id == actor_id or not blocks.is_notified_of(account_id, actor_id):
        return
    Notification.objects.get_or_create(
        account_id=account_id,
        kind=kind,
        source_id=source_id,
        defaults={
            "actor_id": actor_id,
            "message_id": message_id,
            "created_at": timezone.now(),
        },
    )


def withdraw(*, account_id: int, kind: str, source_id: int) -> None:
    """Take a notification away: what it told of is undone."""
    Notification.objects.filter(account_id=account_id, kind=kind, source_id=source_id).delete()


def mark_all_read(*, account: Account, until_id: int | None = None) -> None:
    """Mark the account's notifications as read, those up to `until_id` where that is given, so that
    what arrives meanwhile stays unread."""
    with turn(account.pk):
        unread = Notification.objects.filter(account=account, is_read=False)
        if until_id is not None:
            unread = unread.filter(pk__lte=until_id)
        unread.update(is_read=True)
