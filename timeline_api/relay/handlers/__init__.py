"""Handlers: what the relay does for each kind of event. Each may run late, and more than once."""

from collections.abc import Callable

from ...models import Outbox
from ...services import outbox
from .accounts import account_deleted, celebrity_changed, suspension_changed
from .follows import follow_changed
from .messages import message_deleted, message_posted
from .mirrors import block_changed, interaction_changed, mentions_changed

HANDLERS: dict[str, Callable[[Outbox], bool]] = {
    outbox.MESSAGE_POSTED: message_posted,
    outbox.MESSAGE_DELETED: message_deleted,
    outbox.FOLLOW_CHANGED: follow_changed,
    outbox.ACCOUNT_DELETED: account_deleted,
    outbox.CELEBRITY_CHANGED: celebrity_changed,
    outbox.INTERACTION_CHANGED: interaction_changed,
    outbox.MENTIONS_CHANGED: mentions_changed,
    outbox.BLOCK_CHANGED: block_changed,
    outbox.SUSPENSION_CHANGED: suspension_changed,
}


def handle(event: Outbox) -> bool:
    """Handle an event, or the next chunk of it. Return whether it is finished; if not, its progress
    is stored and it is due again. Idempotent."""
    return HANDLERS[event.kind](event)
