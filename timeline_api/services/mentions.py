"""Mentions: the notifications of those whom a message mentions."""

from collections.abc import Iterable

from ..models import Message, Notification
from ..selectors import accounts
from . import notifications
from .account_locks import account_lock
from .reconciliation import reconcile


def reconcile_mentions(*, message_id: int, author_id: int, usernames: Iterable[str]) -> None:
    """Notify those of `usernames` whom the message mentions now, and delete the notifications of
    the others. Idempotent."""
    accounts_named = accounts.by_usernames(list(usernames))

    def write(mentioned: set[str]) -> None:
        for account in accounts_named:
            with account_lock(account.pk):
                if account.username in mentioned:
                    notifications.notify(
                        account_id=account.pk,
                        kind=Notification.MENTION,
                        source_id=message_id,
                        actor_id=author_id,
                        message_id=message_id,
                    )
                else:
                    notifications.delete(
                        account_id=account.pk, kind=Notification.MENTION, source_id=message_id
                    )

    reconcile(lambda: _usernames_to_notify(message_id), write)


def _usernames_to_notify(message_id: int) -> set[str]:
    """Return whom the message mentions now, without the author of its parent, who is notified of
    the reply."""
    message = Message.objects.filter(pk=message_id).first()
    return set(message.mentions) - {message.parent_username} if message else set()
