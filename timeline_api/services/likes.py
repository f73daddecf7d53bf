"""Likes: a row on the member's shard is the truth; its mirror is on the message's shard."""

from django.utils import timezone

from shardrouter import atomic_for

from ..models import Account, Like, Message
from ..selectors import blocks
from . import interactions
from .reconciliation import try_reconcile


def like(*, account: Account, message: Message) -> None:
    """Like a message that is no repost. Idempotent. Raise blocks.Blocked."""
    with atomic_for(account):
        blocks.require_no_block(account.pk, message.author_id)
        row, created = Like.objects.get_or_create(
            account=account,
            message_id=message.pk,
            defaults={"message_author_id": message.author_id, "created_at": timezone.now()},
        )
        if not created:
            return
        fact = interactions.like_fact(row)
        interactions.emit(fact)
    try_reconcile(lambda: interactions.reconcile_interaction(fact))


def unlike(*, account: Account, message: Message) -> None:
    """Delete the like, if there is one. Idempotent."""
    with atomic_for(account):
        row = Like.objects.filter(account=account, message_id=message.pk).first()
        if row is None:
            return
        fact = interactions.like_fact(row)
        row.delete()
        interactions.emit(fact)
    try_reconcile(lambda: interactions.reconcile_interaction(fact))
