"""Location: from a row or an id to its slot and its shard, and to a new id in that slot.

Reads the row's own columns and the cached shard map; runs no query on a shard.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any, TypeAlias, overload

from django.core.exceptions import ImproperlyConfigured
from django.db import models

from . import ids
from .exceptions import ShardKeyChanged, UnroutedQuery
from .placement import has_sharded_id, is_sharded, placement_of
from .shardmap import shard_map

#: What says where it lives: a row, its id, or its composite primary key.
Subject: TypeAlias = models.Model | int | str | tuple[Any, ...]


def slot_for(subject: Subject) -> int:
    """Return the slot, 0 to 4095, of a row (saved or about to be), of an id, or of a composite
    primary key, a tuple.

    Raise UnroutedQuery for a row whose shard key is not set, TypeError for anything else.
    """
    if isinstance(subject, models.Model):
        if not is_sharded(type(subject)):
            raise TypeError(f"{subject._meta.label} is not a sharded model.")
        pk = _loaded(subject, subject._meta.pk)
        if pk is None or not has_sharded_id(type(subject)):
            return slot_for_new(subject)
        return ids.slot_of(int(pk))
    if isinstance(subject, tuple) and subject:
        return slot_for(subject[0])
    if isinstance(subject, bool) or not isinstance(subject, int | str):
        raise TypeError(f"Pass a sharded row or an id, not {subject!r}.")
    return ids.slot_of(int(subject))


def shard_for(subject: Subject) -> str:
    """Return the alias of the shard that holds what slot_for() takes. Raise as that does."""
    return shard_map.alias_of(slot_for(subject))


def group_by_shard(subjects: Iterable[int | str]) -> dict[str, list[int]]:
    """Return the ids among `subjects` by the alias of their shard, in their order."""
    aliases = shard_map.aliases()
    grouped: dict[str, list[int]] = {}
    for subject in subjects:
        # Plain ids first: a fan-out brings a hundred thousand of them.
        slot = ids.slot_of(subject) if type(subject) is int else slot_for(subject)
        grouped.setdefault(aliases[slot], []).append(int(subject))
    return grouped


@overload
def new_id(subject: models.Model | int | str) -> int: ...
@overload
def new_id(*, slot: int) -> int: ...
def new_id(subject: models.Model | int | str | None = None, *, slot: int | None = None) -> int:
    """Return a new id in the slot of `subject`, a row or an id, or in `slot`, 0 to 4095.

    Unique in this process and almost certainly in all; the primary key catches the rest. Raise
    as slot_for() does, and ValueError if `slot` does not exist.
    """
    if (subject is None) == (slot is None):
        raise TypeError("Pass a sharded row or an id, or slot=…, not both.")
    if subject is not None:
        return ids.generator.next_id(slot_for(subject))
    if slot is None or not 0 <= slot < ids.SLOTS:
        raise ValueError(f"slot {slot} is not within 0 to {ids.SLOTS - 1}")
    return ids.generator.next_id(slot)


def slot_for_new(instance: models.Model) -> int:
    """Return the slot in which a row without an id will be inserted.

    A root without `slot_from` gets a random one, which is kept on the instance until it is saved.
    Raise UnroutedQuery if the shard key is not set.
    """
    slot = key_slot(instance)
    if slot is not None:
        return slot
    if (field := placement_of(type(instance)).slot_column) is not None:
        raise UnroutedQuery(
            instance._meta.label,
            f"this row has no {field.name}, so no shard",
            f"Set {field.name} before saving.",
        )
    state = instance._state.__dict__
    return state.setdefault("shard_slot", random.randrange(ids.SLOTS))  # noqa: S311


def key_slot(instance: models.Model) -> int | None:
    """Return the slot that the row's shard key or name determines, or None if it is not set."""
    placement = placement_of(type(instance))
    field = placement.slot_column
    value = None if field is None else _loaded(instance, field)
    if field is None or value is None:
        return None
    if hasattr(type(value), "resolve_expression"):
        raise _unknown(instance, field)
    if field is placement.key:
        return ids.slot_of(_as_id(instance, field, value))
    return placement.slot_of_source(field, value)


def require_own_slot(instance: models.Model) -> None:
    """Raise ShardKeyChanged if the row's id and its shard key are of different slots."""
    placement = placement_of(type(instance))
    key, of_key = placement.slot_column, key_slot(instance)
    pk = _loaded(instance, instance._meta.pk)
    if key and pk is not None and of_key is not None and ids.slot_of(int(pk)) != of_key:
        raise _contradiction(instance, key, int(pk), of_key)
    if not placement.colocated or (pk is None and of_key is None):
        return
    own = of_key if pk is None else ids.slot_of(int(pk))
    for field in placement.colocated:
        value = _loaded(instance, field)
        if value is not None and ids.slot_of(_as_id(instance, field, value)) != own:
            slot = ids.slot_of(_as_id(instance, field, value))
            raise _contradiction(instance, field, pk, slot)


def _loaded(instance: models.Model, field: models.Field) -> Any:
    # __dict__, since reading a deferred field would query, and that query would ask for the shard.
    return instance.__dict__.get(field.attname)


def _as_id(instance: models.Model, field: models.Field, value: object) -> int:
    target = field.target_field if isinstance(field, models.ForeignKey) else field
    converted = target.to_python(value)
    if not isinstance(converted, int):
        raise ImproperlyConfigured(
            f"{instance._meta.label}.{field.name} is a shard key but holds {value!r}, not an id."
        )
    return converted


def _unknown(instance: models.Model, field: models.Field) -> UnroutedQuery | ShardKeyChanged:
    label, reason = instance._meta.label, f"{field.name} is an expression"
    if not instance._state.adding:
        return ShardKeyChanged(label, reason)
    return UnroutedQuery(
        label,
        f"{reason}, so it does not say where this row goes",
        f"Set {field.name} to its value before saving.",
    )


def _contradiction(
    instance: models.Model, field: models.Field, pk: int | None, slot: int
) -> ShardKeyChanged:
    own = f"id {pk} says slot {ids.slot_of(pk)}" if pk is not None else "the shard key says another"
    return ShardKeyChanged(
        instance._meta.label,
        f"{own}, {field.name} {_loaded(instance, field)!r} says slot {slot}",
    )
