"""The outbox: events for the relay, written in the transaction that they report."""

from typing import Any

from django.utils import timezone

from ..models import Account, Outbox

MESSAGE_POSTED = "message_posted"
MESSAGE_DELETED = "message_deleted"
FOLLOW_CHANGED = "follow_changed"
ACCOUNT_DELETED = "account_deleted"
CELEBRITY_CHANGED = "celebrity_changed"
INTERACTION_CHANGED = "interaction_changed"
MENTIONS_CHANGED = "mentions_changed"
BLOCK_CHANGED = "block_changed"
SUSPENSION_CHANGED = "suspension_changed"


def emit(*, account: Account, kind: str, **payload: Any) -> None:
    """Write an event to the outbox of the account's shard. Call it inside atomic_for(account)."""
    now = timezone.now()
    Outbox.objects.create(
        account_id=account.pk, kind=kind, payload=payload, created_at=now, available_at=now
    )
