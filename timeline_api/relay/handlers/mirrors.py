"""Mirrors of interactions, mentions and blocks, each made equal to its fact."""

from ...models import Interaction, Like, Message, Outbox
from ...services import blocks, interactions, mentions, messages


def interaction_changed(event: Outbox) -> bool:
    """Reconcile the mirror of a like, repost or reply. Delete a like or repost of a message that is
    deleted: it may have been made after the message's own event was handled."""
    fact = interactions.Fact(**event.payload["fact"])
    interactions.reconcile_interaction(fact)
    if not Message.objects.filter(pk=fact.message_id).exists():
        if fact.kind == Interaction.LIKE:
            Like.objects.filter(pk=fact.source_id).delete()
        elif fact.kind == Interaction.REPOST:
            for repost in Message.objects.filter(pk=fact.source_id):
                messages.delete(message=repost)
    return True


def mentions_changed(event: Outbox) -> bool:
    """Reconcile the notifications of those whom the message mentions or did mention."""
    mentions.reconcile_mentions(
        message_id=event.payload["message_id"],
        author_id=event.account_id,
        usernames=event.payload["usernames"],
    )
    return True


def block_changed(event: Outbox) -> bool:
    """Reconcile the mirror of a block."""
    blocks.reconcile_block(account_id=event.account_id, blocked_id=event.payload["blocked_id"])
    return True
