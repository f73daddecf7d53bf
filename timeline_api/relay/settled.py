"""Settled interactions: those whose mirror is as their fact says already, found many at a time.

A request writes the mirror itself, right after its transaction, so nearly always the relay only
has to see that.
"""

from collections.abc import Iterable, Sequence

from django.db.models import Model, Q, QuerySet

from ..models import Interaction, Like, Message, Outbox
from ..services import outbox
from ..services.interactions import Fact

# How many to ask for in one statement, which has a condition for each.
AT_ONCE = 200


def may_be_settled(event: Outbox) -> bool:
    """Return whether to look at the event together with others."""
    return event.kind == outbox.INTERACTION_CHANGED and not event.attempts


def settled(events: Sequence[Outbox]) -> list[Outbox]:
    """Return those of the events whose fact, mirror and message exist, so that their handler would
    change nothing. For each AT_ONCE, at most four queries on each shard that they name.

    The facts are read after the mirrors: a change in between shows as a difference, and each later
    change has an event of its own.
    """
    chunks = (events[start : start + AT_ONCE] for start in range(0, len(events), AT_ONCE))
    return [event for chunk in chunks for event in _settled_of(chunk)]


def _settled_of(events: Sequence[Outbox]) -> list[Outbox]:
    facts = [(event, Fact(**event.payload["fact"])) for event in events]
    mirrors = mirrored(fact for _, fact in facts)
    messages = _existing(Message.objects, (fact.message_id for _, fact in facts))
    facts = [
        (event, fact) for event, fact in facts if fact in mirrors and fact.message_id in messages
    ]
    likes = {fact.source_id for _, fact in facts if fact.kind == Interaction.LIKE}
    posts = {fact.source_id for _, fact in facts} - likes
    sources = _existing(Like.objects, likes) | _existing(Message.objects, posts)
    return [event for event, fact in facts if fact.source_id in sources]


def mirrored(facts: Iterable[Fact]) -> set[Fact]:
    """Return those of the facts that have a mirror."""
    named = Q()
    for fact in facts:
        named |= Q(
            author_id=fact.message_author_id,
            message_id=fact.message_id,
            kind=fact.kind,
            source_id=fact.source_id,
        )
    columns = ("kind", "source_id", "actor_id", "message_id", "author_id")
    return {Fact(*row) for row in Interaction.objects.filter(named).values_list(*columns)}


def _existing(rows: "QuerySet[Model]", ids: Iterable[int]) -> set[int]:
    wanted = set(ids)
    if not wanted:
        return set()
    return set(rows.filter(pk__in=wanted).values_list("pk", flat=True))
