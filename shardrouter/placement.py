"""Placement: from a model, a row or an id to its slot and its shard.

Knows what a model's `class Shard` says; asks no database.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db import models

from . import ids
from .exceptions import ShardKeyChanged, UnroutedQuery
from .fields import ShardedIdField
from .shardmap import shard_map
from .slots import slot_from_text


def is_sharded(model: type[models.Model]) -> bool:
    """Whether rows of `model` live on shards. Holds for the historical models of migrations too,
    which keep their fields but not their bases: the primary key tells."""
    if has_sharded_id(model):
        return True
    # A many-to-many table that Django makes has ids of its own kind and lives with its owner.
    owner = model._meta.auto_created
    return isinstance(owner, type) and is_sharded(owner)


def has_sharded_id(model: type[models.Model]) -> bool:
    """Whether the primary key of `model` carries the slot, itself or through a parent link."""
    pk = model._meta.pk
    while pk is not None and pk.remote_field and pk.remote_field.parent_link:
        pk = pk.remote_field.model._meta.pk
    return isinstance(pk, ShardedIdField)


@dataclass(frozen=True)
class Placement:
    """What decides where rows of one model live."""

    model: type[models.Model]
    # The column that holds the id of the row's owner; None for a root model.
    key: models.Field | None
    # A root's columns whose normalised text gives the slot; the first is hashed for a new row.
    sources: tuple[models.Field, ...]
    normalize: Any
    # Further columns that hold ids of the row's own slot, by the model's word.
    colocated: tuple[models.Field, ...] = ()

    @property
    def told_by(self) -> models.Field | None:
        """The column that a new row's slot comes from, which never changes."""
        return self.key or (self.sources[0] if self.sources else None)

    def fixes_slot(self, field: models.Field) -> bool:
        """Whether `field` holds, in every row, an id of the row's own slot."""
        if field.primary_key and has_sharded_id(self.model):
            return True
        return field is self.key or field in self.colocated

    def tells_slot(self, field: models.Field) -> bool:
        """Whether a value of `field` says in which slot its row is."""
        return self.fixes_slot(field) or field in self.sources

    def slot_of_source(self, field: models.Field, value: object) -> int:
        """The slot of a root whose source column `field` has `value`."""
        text = str(field.to_python(value))
        return slot_from_text(self.normalize(text) if self.normalize else text)

    def slot_of_value(self, field: models.Field, value: Any) -> int | None:
        """The slot that `field` = `value` means, or None when this column does not tell."""
        if self.fixes_slot(field):
            return ids.slot_of(value) if isinstance(value, int) else None
        if field in self.sources:
            return self.slot_of_source(field, value)
        return None


@cache
def placement_of(model: type[models.Model]) -> Placement:
    """The Placement of a sharded `model`; raises ImproperlyConfigured when its Shard is wrong."""
    model = model._meta.concrete_model or model
    options = getattr(model, "Shard", None)
    if options is None:
        # A historical model of a migration, or a many-to-many table: neither has its own Shard.
        return _placement_without_options(model)
    key = getattr(options, "key", None)
    slot_from = getattr(options, "slot_from", None) or ()
    names = (slot_from,) if isinstance(slot_from, str) else tuple(slot_from)
    return Placement(
        model=model,
        key=_field(model, key) if key else None,
        sources=tuple(_field(model, name) for name in names),
        # Read past the class, where a plain function would be bound as a method.
        normalize=_unbound(options, "normalize"),
        colocated=tuple(_field(model, name) for name in getattr(options, "colocated", ())),
    )


def _placement_without_options(model: type[models.Model]) -> Placement:
    owner = model._meta.auto_created
    if owner:
        key = next(
            field
            for field in model._meta.concrete_fields
            if field.remote_field and field.remote_field.model is owner
        )
        ends = tuple(field for field in model._meta.concrete_fields if field.remote_field)
        return Placement(model, key, (), None, ends)
    try:
        current = apps.get_model(model._meta.label)
    except LookupError:
        return Placement(model, None, (), None)
    if current is model:
        return Placement(model, None, (), None)
    today = placement_of(current)
    present = {field.name: field for field in model._meta.concrete_fields}
    return Placement(
        model,
        present.get(today.key.name) if today.key else None,
        tuple(present[field.name] for field in today.sources if field.name in present),
        today.normalize,
        tuple(present[field.name] for field in today.colocated if field.name in present),
    )


def fixes_slot(field: models.Field) -> bool:
    """Whether `field` belongs to a sharded model and holds ids of its row's own slot."""
    return is_sharded(field.model) and placement_of(field.model).fixes_slot(field)


@cache
def references_of(model: type[models.Model]) -> tuple[tuple[str, type[models.Model]], ...]:
    """The columns of a sharded `model` that name rows of other shards, with whose rows they are:
    foreign keys without a constraint, and what `Shard.references` says of plain columns."""
    if not is_sharded(model):
        return ()
    key = placement_of(model).key
    found = [
        (field.attname, field.related_model)
        for field in model._meta.concrete_fields
        # A key without a constraint is meant to outlive its owner, as an outbox does.
        if field.many_to_one and field is not key and not field.db_constraint
        if is_sharded(field.related_model)
    ]
    declared = getattr(getattr(model, "Shard", None), "references", {})
    found += [
        (_field(model, name).attname, apps.get_model(label)) for name, label in declared.items()
    ]
    return tuple(found)


def _unbound(options: type, name: str) -> Any:
    for cls in options.__mro__:
        if name in cls.__dict__:
            value = cls.__dict__[name]
            return value.__func__ if isinstance(value, staticmethod) else value
    return None


def _field(model: type[models.Model], name: str) -> models.Field:
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist as error:
        raise ImproperlyConfigured(
            f"{model._meta.label}.Shard names the field {name!r}, which does not exist."
        ) from error
    return field  # type: ignore[return-value]


def _loaded(instance: models.Model, field: models.Field) -> Any:
    # __dict__, since reading a deferred field would query, and that query would ask for the shard.
    return instance.__dict__.get(field.attname)


def key_slot(instance: models.Model) -> int | None:
    """The slot that the row's own shard key or name says, or None when it does not say."""
    placement = placement_of(type(instance))
    if placement.key is not None:
        value = _loaded(instance, placement.key)
        return None if value is None else ids.slot_of(_as_id(instance, placement.key, value))
    if placement.sources:
        source = placement.sources[0]
        value = _loaded(instance, source)
        return None if value is None else placement.slot_of_source(source, value)
    return None


def _as_id(instance: models.Model, field: models.Field, value: Any) -> int:
    target = getattr(field, "target_field", field)
    converted = target.to_python(value)
    if not isinstance(converted, int):
        raise ImproperlyConfigured(
            f"{instance._meta.label}.{field.name} is a shard key but holds {value!r}, not an id."
        )
    return converted


def slot_for_new(instance: models.Model) -> int:
    """The slot in which a row without an id will be made.

    A root without `slot_from` gets a random one, remembered on the instance until it is saved.
    Raises UnroutedQuery when the shard key is not set.
    """
    slot = key_slot(instance)
    if slot is not None:
        return slot
    placement = placement_of(type(instance))
    if (field := placement.told_by) is not None:
        raise UnroutedQuery(
            instance._meta.label,
            f"this row has no {field.name}, so no shard",
            f"Set {field.name} before saving.",
        )
    state = instance._state
    if not hasattr(state, "shard_slot"):
        state.shard_slot = random.randrange(ids.SLOTS)  # type: ignore[attr-defined]  # noqa: S311
    return state.shard_slot  # type: ignore[attr-defined]


def slot_for(subject: models.Model | int | str) -> int:
    """The slot, 0 to 4095, of a row (saved or about to be) or of an id.

    Raises UnroutedQuery for a row whose shard key is not set, TypeError for anything else.
    """
    if isinstance(subject, models.Model):
        if not is_sharded(type(subject)):
            raise TypeError(f"{subject._meta.label} is not a sharded model.")
        pk = _loaded(subject, subject._meta.pk)
        if pk is None or not has_sharded_id(type(subject)):
            return slot_for_new(subject)
        return ids.slot_of(int(pk))
    if isinstance(subject, bool) or not isinstance(subject, int | str):
        raise TypeError(f"A sharded row or an id is wanted, not {subject!r}.")
    return ids.slot_of(int(subject))


def shard_for(subject: models.Model | int | str) -> str:
    """The alias of the shard that holds a row or an id; raises as `slot_for`."""
    return shard_map.alias_of(slot_for(subject))


def group_by_shard(subjects: Iterable[int | str]) -> dict[str, list[int]]:
    """Alias → the ids among `subjects` that live there, in their order."""
    aliases = shard_map.aliases()
    grouped: dict[str, list[int]] = {}
    for subject in subjects:
        # Plain ids first: a fan-out brings a hundred thousand of them.
        slot = ids.slot_of(subject) if type(subject) is int else slot_for(subject)
        grouped.setdefault(aliases[slot], []).append(int(subject))
    return grouped


def require_own_slot(instance: models.Model) -> None:
    """Raise ShardKeyChanged when the row's id and its shard key name different slots."""
    placement = placement_of(type(instance))
    pk = _loaded(instance, instance._meta.pk)
    says = key_slot(instance)
    if pk is not None and says is not None and ids.slot_of(int(pk)) != says:
        raise _disagree(instance, placement.told_by, int(pk), says)  # type: ignore[arg-type]
    if not placement.colocated or (pk is None and says is None):
        return
    own = says if pk is None else ids.slot_of(int(pk))
    for field in placement.colocated:
        value = _loaded(instance, field)
        if value is not None and ids.slot_of(_as_id(instance, field, value)) != own:
            raise _disagree(instance, field, pk, ids.slot_of(_as_id(instance, field, value)))


def _disagree(
    instance: models.Model, field: models.Field, pk: int | None, says: int
) -> ShardKeyChanged:
    own = f"id {pk} says slot {ids.slot_of(pk)}" if pk is not None else "the shard key says another"
    return ShardKeyChanged(
        instance._meta.label,
        f"{own}, {field.name} {_loaded(instance, field)!r} says slot {says}",
    )
