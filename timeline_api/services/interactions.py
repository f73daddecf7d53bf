"""Interactions: the mirrors of likes, reposts and replies, on the shard of the message's author,
with its counts and its author's notifications. docs/architecture.md explains the design."""

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from django.db.models import F
from django.utils import timezone

from ..models import Account, Interaction, Like, Message, Notification, Tombstone
from ..ops import faults
from . import notifications, outbox
from .account_locks import account_lock
from .reconciliation import reconcile

COUNTS = {
    Interaction.LIKE: "like_count",
    Interaction.REPOST: "repost_count",
    Interaction.REPLY: "reply_count",
}


class FactState(Enum):
    """What there is of a fact now. A deleted reply that has replies itself leaves a Tombstone."""

    EXISTS = 1
    TOMBSTONE = 2
    DELETED = 3


@dataclass(frozen=True)
class Fact:
    """That `actor_id` liked, reposted or replied to a message. `source_id` is the id of its row:
    the Like, or the Message that is the repost or the reply. The row may be deleted by now."""

    kind: str
    source_id: int
    actor_id: int
    message_id: int
    message_author_id: int

    def state(self) -> FactState:
        """Return what its row says. One or two queries on the actor's shard."""
        rows = Like.objects if self.kind == Interaction.LIKE else Message.objects
        if rows.filter(pk=self.source_id).exists():
            return FactState.EXISTS
        if self.kind == Interaction.REPLY and _has_tombstone(self.source_id):
            return FactState.TOMBSTONE
        return FactState.DELETED


def like_fact(like: Like) -> Fact:
    """Return the fact that a Like is the row of."""
    return Fact(
        kind=Interaction.LIKE,
        source_id=like.pk,
        actor_id=like.account_id,
        message_id=like.message_id,
        message_author_id=like.message_author_id,
    )


def message_fact(message: Message | Tombstone) -> Fact | None:
    """Return the fact that a message is the row of: that it reposts or replies to another message.
    None if it does neither."""
    if isinstance(message, Message) and message.repost_of_id and message.repost_of_author_id:
        kind, of = Interaction.REPOST, (message.repost_of_id, message.repost_of_author_id)
    elif message.parent_id and message.parent_author_id:
        kind, of = Interaction.REPLY, (message.parent_id, message.parent_author_id)
    else:
        return None
    return Fact(kind, message.pk, message.author_id, *of)


def mirrored_fact(mirror: Interaction) -> Fact:
    """Return the fact that a mirror is of."""
    return Fact(
        kind=mirror.kind,
        source_id=mirror.source_id,
        actor_id=mirror.actor_id,
        message_id=mirror.message_id,
        message_author_id=mirror.author_id,
    )


def emit(fact: Fact) -> None:
    """Write the event that the fact has changed. Call it in the transaction that changes it."""
    outbox.emit(
        account=Account(pk=fact.actor_id), kind=outbox.INTERACTION_CHANGED, fact=asdict(fact)
    )


def reconcile_interaction(fact: Fact) -> None:
    """Make the mirror equal to the fact. A deleted message has no mirrors. Idempotent."""

    def write(state: FactState) -> None:
        faults.point("interaction_changed.before_mirror")
        with account_lock(fact.message_author_id):
            if state is FactState.DELETED:
                delete_mirror(fact)
            else:
                create_mirror(fact)
            if state is FactState.TOMBSTONE:
                _delete_notification(fact)

    reconcile(fact.state, write)


def create_mirror(fact: Fact) -> None:
    """Create the mirror, with its count and its notification, if the message exists or has left a
    Tombstone for its replies. Idempotent. Call it inside account_lock(fact.message_author_id)."""
    message = Message.objects.select_for_update().filter(pk=fact.message_id)
    if not message.exists() and not (
        fact.kind == Interaction.REPLY and _has_tombstone(fact.message_id)
    ):
        return  # deleted; the relay deletes the fact as well
    _, created = Interaction.objects.get_or_create(
        **_identity(fact), defaults={"actor_id": fact.actor_id, "created_at": timezone.now()}
    )
    if created:
        change_count(fact, 1)
        notifications.notify(
            account_id=fact.message_author_id,
            kind=fact.kind,
            source_id=fact.source_id,
            actor_id=fact.actor_id,
            message_id=fact.source_id if fact.kind == Interaction.REPLY else fact.message_id,
        )


def delete_mirror(fact: Fact) -> None:
    """Delete the mirror, with its count and its notification. Idempotent. Call it inside
    account_lock(fact.message_author_id)."""
    deleted, _ = Interaction.objects.filter(**_identity(fact)).delete()
    _delete_notification(fact)
    if not deleted:
        return
    change_count(fact, -1)
    if fact.kind == Interaction.REPLY:
        _delete_empty_tombstone(fact)


def delete_mirrors(message: Message) -> bool:
    """Delete the mirrors, of likes and reposts, of a message that is being deleted. Return whether
    it has replies, whose mirrors stay. Call it inside account_lock(message.author_id)."""
    mirrors = Interaction.objects.filter(author_id=message.author_id, message_id=message.pk)
    mirrors.exclude(kind=Interaction.REPLY).delete()
    received = Notification.objects.filter(account_id=message.author_id, message_id=message.pk)
    received.filter(kind__in=(Interaction.LIKE, Interaction.REPOST)).delete()
    return mirrors.exists()


def change_count(fact: Fact, change: int) -> None:
    """Add `change` to the message's count of this kind."""
    name = COUNTS[fact.kind]
    Message.objects.filter(pk=fact.message_id).update(**{name: F(name) + change})


def _delete_notification(fact: Fact) -> None:
    notifications.delete(
        account_id=fact.message_author_id, kind=fact.kind, source_id=fact.source_id
    )


def _identity(fact: Fact) -> dict[str, Any]:
    return {
        "author_id": fact.message_author_id,
        "message_id": fact.message_id,
        "kind": fact.kind,
        "source_id": fact.source_id,
    }


def _has_tombstone(message_id: int) -> bool:
    return Tombstone.objects.filter(pk=message_id).exists()


def _delete_empty_tombstone(fact: Fact) -> None:
    """Delete the Tombstone of the message that was replied to, once it has no replies. If it was a
    reply itself, its own fact has changed then: emit that."""
    author_id, message_id = fact.message_author_id, fact.message_id
    replies = Interaction.objects.filter(author_id=author_id, message_id=message_id)
    tombstone = Tombstone.objects.filter(pk=message_id).first()
    if tombstone is None or replies.exists():
        return
    if (reply := message_fact(tombstone)) is not None:
        emit(reply)
    tombstone.delete()
