"""Likes: a row on the shard of who likes is the truth; its mirror is where the message is."""

from django.utils import timezone

from shardrouter import atomic_for

from ..models import Account, Interaction, Like, Message
from ..selectors import blocks
from . import interactions
from .reconciliation import soon


def like(*, account: Account, message: Message) -> None:
    """Like a message, which is no repost; twice is the same as once. Raises blocks.Blocked."""
    with atomic_for(account):
        blocks.require_no_block(account.pk, message.author_id)
        row, created = Like.objects.get_or_create(
            account=account,
            message_id=message.pk,
            defaults={"message_author_id": message.author_id, "created_at": timezone.now()},
        )
        if created:
            interactions.emit(_fact(row))
    if created:
        soon(lambda: interactions.sync(_fact(row)))


def unlike(*, account: Account, message: Message) -> None:
    """Like it no longer; twice is the same as once."""
    with atomic_for(account):
        row = Like.objects.filter(account=account, message_id=message.pk).first()
        if row is None:
            return
        fact = _fact(row)
        row.delete()
        interactions.emit(fact)
    soon(lambda: interactions.sync(fact))


def _fact(row: Like) -> interactions.Fact:
    return interactions.Fact(
        kind=Interaction.LIKE,
        source_id=row.pk,
        actor_id=row.account_id,
        message_id=row.message_id,
        message_author_id=row.message_author_id,
    )
