"""Mentions: who is told that a message names them."""

from collections.abc import Iterable

from ..models import Message, Notification
from ..selectors import accounts
from . import notifications
from .account_locks import turn
from .reconciliation import settle


def sync(*, message_id: int, author_id: int, usernames: Iterable[str]) -> None:
    """Let those of `usernames` be told whom the message mentions now, and the others not."""
    named = accounts.by_usernames(list(usernames))

    def write(told: set[str]) -> None:
        for account in named:
            with turn(account.pk):
                if account.username in told:
                    notifications.tell(
                        account_id=account.pk,
                        kind=Notification.MENTION,
                        source_id=message_id,
                        actor_id=author_id,
                        message_id=message_id,
                    )
                else:
                    notifications.withdraw(
                        account_id=account.pk, kind=Notification.MENTION, source_id=message_id
                    )

    settle(lambda: _told(message_id), write)


def _told(message_id: int) -> set[str]:
    """Whom the message mentions and who hear of it by that; of a reply its parent's author is told
    anyway."""
    message = Message.objects.filter(pk=message_id).first()
    return set(message.mentions) - {message.parent_username} if message else set()
