"""Notifications: each is kept on the shard of the member who reads it."""

from django.utils import timezone

from ..models import Account, Notification
from ..selectors import blocks
from .account_locks import account_lock


def notify(
    *, account_id: int, kind: str, source_id: int, actor_id: int, message_id: int | None = None
) -> None:
    """Notify `account_id` of what `actor_id` did, once for each source. Idempotent.

    Nobody is notified of their own acts, nor of those of an account that they have blocked or muted
    or that has blocked them. Call it inside the account_lock(account_id) of the transaction that
    writes the mirror.
    """
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


def delete(*, account_id: int, kind: str, source_id: int) -> None:
    """Delete a notification, because its source was deleted. Idempotent."""
    Notification.objects.filter(account_id=account_id, kind=kind, source_id=source_id).delete()


def mark_all_read(*, account: Account, until_id: int | None = None) -> None:
    """Mark the account's notifications as read. With `until_id`, only those up to that id, so that
    what arrives meanwhile stays unread. Idempotent."""
    with account_lock(account.pk):
        unread = Notification.objects.filter(account=account, is_read=False)
        if until_id is not None:
            unread = unread.filter(pk__lte=until_id)
        unread.update(is_read=True)
