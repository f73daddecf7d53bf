"""Interactions: likes, reposts and replies, mirrored where the message is, with its counts and its
author's notifications. docs/architecture.md says why it is done so."""

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from django.db.models import F
from django.utils import timezone

from ..models import Account, Interaction, Like, Message, Notification, Tombstone
from ..ops import faults
from . import notifications, outbox
from .account_locks import turn
from .reconciliation import settle

COUNTS = {
    Interaction.LIKE: "like_count",
    Interaction.REPOST: "repost_count",
    Interaction.REPLY: "reply_count",
}


@dataclass(frozen=True)
class Fact:
    """That `actor_id` did something with a message: the Like, or the Message that is the repost or
    the reply, has the id `source_id`. Whether it stands, its row says."""

    kind: str
    source_id: int
    actor_id: int
    message_id: int
    message_author_id: int

    def standing(self) -> "Standing":
        """What stands of the fact, by its row."""
        rows = Like.objects if self.kind == Interaction.LIKE else Message.objects
        if rows.filter(pk=self.source_id).exists():
            return Standing.THERE
        if self.kind == Interaction.REPLY and _is_gap(self.source_id):
            return Standing.GAP
        return Standing.GONE


class Standing(Enum):
    """A fact is there, or gone, or it was a reply and has left a gap for its own replies."""

    THERE = 1
    GAP = 2
    GONE = 3


def emit(fact: Fact) -> None:
    """Tell the relay that the fact has changed; call it in the transaction that changes it."""
    outbox.emit(
        account=Account(pk=fact.actor_id), kind=outbox.INTERACTION_CHANGED, fact=asdict(fact)
    )


def sync(fact: Fact) -> None:
    """Make the mirror equal to the fact. Of a message that is gone there is none."""

    def write(standing: Standing) -> None:
        faults.point("interaction_changed.before_mirror")
        with turn(fact.message_author_id):
            if standing is Standing.GONE:
                remove(fact)
            else:
                _add(fact)
            if standing is Standing.GAP:
                _withdraw(fact)

    settle(fact.standing, write)


def remove(fact: Fact) -> None:
    """Take the mirror away, with its count and its notification; call it inside
    turn(the message's author)."""
    mirror = Interaction.objects.filter(**_identity(fact))
    gone, _ = mirror.delete()
    _withdraw(fact)
    if not gone:
        return
    _count(fact, -1)
    if fact.kind == Interaction.REPLY:
        _fill_gap(fact)


def forget(message: Message) -> bool:
    """Take away the mirrors of a message that is being deleted; replies stay, and whether there
    are any is given. Call it inside turn(its author)."""
    mirrors = Interaction.objects.filter(author_id=message.author_id, message_id=message.pk)
    mirrors.exclude(kind=Interaction.REPLY).delete()
    theirs = Notification.objects.filter(account_id=message.author_id, message_id=message.pk)
    theirs.filter(kind__in=(Interaction.LIKE, Interaction.REPOST)).delete()
    return mirrors.exists()


def _add(fact: Fact) -> None:
    message = Message.objects.select_for_update().filter(pk=fact.message_id)
    if not message.exists() and not (fact.kind == Interaction.REPLY and _is_gap(fact.message_id)):
        return  # gone: the relay takes the fact away
    _, created = Interaction.objects.get_or_create(
        **_identity(fact), defaults={"actor_id": fact.actor_id, "created_at": timezone.now()}
    )
    if created:
        _count(fact, 1)
        notifications.tell(
            account_id=fact.message_author_id,
            kind=fact.kind,
            source_id=fact.source_id,
            actor_id=fact.actor_id,
            message_id=fact.source_id if fact.kind == Interaction.REPLY else fact.message_id,
        )


def _withdraw(fact: Fact) -> None:
    notifications.withdraw(
        account_id=fact.message_author_id, kind=fact.kind, source_id=fact.source_id
    )


def _identity(fact: Fact) -> dict[str, Any]:
    return {
        "author_id": fact.message_author_id,
        "message_id": fact.message_id,
        "kind": fact.kind,
        "source_id": fact.source_id,
    }


def _count(fact: Fact, change: int) -> None:
    name = COUNTS[fact.kind]
    Message.objects.filter(pk=fact.message_id).update(**{name: F(name) + change})


def _is_gap(message_id: int) -> bool:
    return Tombstone.objects.filter(pk=message_id).exists()


def _fill_gap(fact: Fact) -> None:
    """A deleted message leaves a gap for its replies: without any it leaves none, and is a reply no
    more."""
    author_id, message_id = fact.message_author_id, fact.message_id
    left = Interaction.objects.filter(author_id=author_id, message_id=message_id)
    tombstone = Tombstone.objects.filter(pk=message_id).first()
    if tombstone is None or left.exists():
        return
    if tombstone.parent_id is not None:
        emit(reply_fact(tombstone))
    tombstone.delete()


def fact_of(mirror: Interaction) -> Fact:
    """The fact that a mirror is of."""
    return Fact(
        kind=mirror.kind,
        source_id=mirror.source_id,
        actor_id=mirror.actor_id,
        message_id=mirror.message_id,
        message_author_id=mirror.author_id,
    )


def reply_fact(reply: Message | Tombstone) -> Fact:
    """That a message, which may be gone by now, is a reply to its parent."""
    return Fact(
        kind=Interaction.REPLY,
        source_id=reply.pk,
        actor_id=reply.author_id,
        message_id=reply.parent_id,
        message_author_id=reply.parent_author_id,
    )
