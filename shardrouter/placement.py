"""Placement: what a model's `class Shard` says about where its rows live.

Reads models, never rows; location.py does the rows.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db import models
from django.utils import timezone

from . import conf, ids
from .django_internals import has_constraint, related_model
from .slots import slot_from_text

#: Collations that compare text as Python does, by code point; None is the database's own.
CODE_POINT_COLLATIONS = {None, "BINARY", "C", "POSIX", "ucs_basic"}


class CarriesSlot:
    """A mixin of primary key fields whose values carry the slot of their row."""


@dataclass(frozen=True)
class Placement:
    """What decides where the rows of one model live."""

    model: type[models.Model]
    # The column that holds the id of the row's owner; None for a root model.
    key: models.Field | None
    # A root's columns whose normalised text gives the slot; the first is hashed for a new row.
    sources: tuple[models.Field, ...]
    normalize: Callable[[str], str] | None
    # Further columns that hold ids of the row's own slot, as the model declares.
    colocated: tuple[models.Field, ...] = ()

    @property
    def slot_column(self) -> models.Field | None:
        """The column that a new row's slot comes from, which never changes."""
        return self.key or (self.sources[0] if self.sources else None)

    def is_colocated(self, field: models.Field) -> bool:
        """Return whether `field` holds, in every row, an id of the row's own slot."""
        if field.primary_key and has_sharded_id(self.model):
            return True
        return field is self.key or field in self.colocated

    def determines_slot(self, field: models.Field) -> bool:
        """Return whether a value of `field` determines the slot of its row."""
        return self.is_colocated(field) or field in self.sources

    def source_text(self, field: models.Field, value: object) -> str:
        """Return the text that is hashed for `value` of the source column `field`: the same for
        all values that the column calls equal."""
        text = str(_canonical(field, field.to_python(value)))
        return self.normalize(text) if self.normalize else text

    def slot_of_source(self, field: models.Field, value: object) -> int:
        """Return the slot of a root whose source column `field` has `value`."""
        return slot_from_text(self.source_text(field, value))

    def slot_of_value(self, field: models.Field, value: object) -> int | None:
        """Return the slot of the rows with `field` = `value`, or None if that does not
        determine it."""
        if self.is_colocated(field):
            return ids.slot_of(value) if isinstance(value, int) else None
        if field in self.sources:
            return self.slot_of_source(field, value)
        return None


def _canonical(field: models.Field, value: Any) -> Any:
    """Return `value` as the database gives it back: times in UTC, decimals with the column's
    places, no negative zero."""
    if isinstance(value, datetime.datetime):
        if timezone.is_naive(value) and settings.USE_TZ:
            value = timezone.make_aware(value, timezone.get_default_timezone())
        return value if timezone.is_naive(value) else value.astimezone(datetime.UTC)
    if isinstance(value, float):
        return value + 0.0
    if isinstance(value, Decimal) and isinstance(field, models.DecimalField):
        return _with_places(field, value)
    return value


def _with_places(field: models.DecimalField, value: Decimal) -> Decimal:
    try:
        # As Django writes it (django.db.backends.utils.format_number), and without a minus zero.
        context = Context(prec=field.max_digits)
        value = value.quantize(Decimal(1).scaleb(-field.decimal_places), context=context)
        return value or value.copy_abs()
    except InvalidOperation:
        # Larger than the column: no row has it.
        return value


def is_sharded(model: type[models.Model]) -> bool:
    """Return whether the rows of `model` live on shards.

    The primary key decides, since the historical models of migrations keep their fields but not
    their bases.
    """
    if has_sharded_id(model):
        return True
    if has_composite_key(model):
        return _is_sharded_by_composite_key(model)
    # A many-to-many table that Django makes has ids of its own kind and lives with its owner.
    owner = model._meta.auto_created
    return isinstance(owner, type) and is_sharded(owner)


def has_sharded_id(model: type[models.Model]) -> bool:
    """Return whether the primary key of `model` carries the slot: itself, as that of a parent
    that it links to, or as the key to the owner that a sharded model has for its primary key."""
    pk: models.Field | None = model._meta.pk
    while pk is not None and pk.remote_field:
        if not (pk.remote_field.parent_link or _is_declared_sharded(pk.model)):
            return False
        target = related_model(pk)
        pk = None if target is None else target._meta.pk
    return isinstance(pk, CarriesSlot)


def _is_declared_sharded(model: type[models.Model]) -> bool:
    """Return whether `model` is a ShardedModel, or a historical one of what is one today."""
    if hasattr(model, "_is_sharded_model"):
        return True
    try:
        return hasattr(apps.get_model(model._meta.label), "_is_sharded_model")
    except LookupError:
        return False


def has_composite_key(model: type[models.Model]) -> bool:
    """Return whether the primary key of `model` is made of several columns."""
    return isinstance(model._meta.pk, models.CompositePrimaryKey)


def _is_sharded_by_composite_key(model: type[models.Model]) -> bool:
    if hasattr(model, "_is_sharded_model"):
        return True
    # A historical model: as the model of today, or, if that is gone, as what its key points at.
    try:
        current: type[models.Model] = apps.get_model(model._meta.label)
    except LookupError:
        owner = related_model(model._meta.pk_fields[0])
        return owner is not None and is_sharded(owner)
    return current is not model and is_sharded(current)


def is_reference(model: type[models.Model]) -> bool:
    """Return whether `model` is global and its rows are on every shard too."""
    return model._meta.label_lower == "contenttypes.contenttype" and bool(
        conf.get("CONTENT_TYPES_ON_SHARDS")
    )


@cache
def placement_of(model: type[models.Model]) -> Placement:
    """Return the Placement of a sharded `model`.

    Raise ImproperlyConfigured if its `class Shard` names a field that does not exist.
    """
    concrete = model._meta.concrete_model
    model = model if concrete is None else concrete
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
        normalize=_normalize_of(options),
        colocated=tuple(_field(model, name) for name in getattr(options, "colocated", ())),
    )


def _placement_without_options(model: type[models.Model]) -> Placement:
    owner = model._meta.auto_created
    if owner:
        return _many_to_many_placement(model, owner)
    try:
        current: type[models.Model] = apps.get_model(model._meta.label)
    except LookupError:
        return Placement(model, None, (), None)
    if current is model:
        return Placement(model, None, (), None)
    return _historical_placement(model, placement_of(current))


def _many_to_many_placement(model: type[models.Model], owner: object) -> Placement:
    ends = tuple(field for field in model._meta.concrete_fields if field.remote_field)
    key = next(end for end in ends if end.remote_field and end.remote_field.model is owner)
    # The other end is in the slot too if it is sharded, and a constraint holds it there.
    near = tuple(
        end
        for end in ends
        if isinstance(end, models.ForeignKey)
        and has_constraint(end)
        and (target := related_model(end)) is not None
        and is_sharded(target)
    )
    return Placement(model, key, (), None, near)


def _historical_placement(model: type[models.Model], today: Placement) -> Placement:
    """Return the `today`'s placement in terms of the fields that `model` had."""
    fields = {field.name: field for field in model._meta.concrete_fields}
    return Placement(
        model,
        fields.get(today.key.name) if today.key else None,
        tuple(fields[field.name] for field in today.sources if field.name in fields),
        today.normalize,
        tuple(fields[field.name] for field in today.colocated if field.name in fields),
    )


def is_colocated(field: models.Field) -> bool:
    """Return whether `field` belongs to a sharded model and holds ids of its row's own slot."""
    return is_sharded(field.model) and placement_of(field.model).is_colocated(field)


@cache
def references_of(model: type[models.Model]) -> tuple[tuple[str, type[models.Model]], ...]:
    """Return the columns of a sharded `model` that name rows of other shards, each with the model
    of those rows: foreign keys without a constraint, and what `Shard.references` declares."""
    if not is_sharded(model):
        return ()
    key = placement_of(model).key
    found = [
        (field.attname, target)
        for field in model._meta.concrete_fields
        # A key without a constraint is meant to outlive its owner, as an outbox does.
        if isinstance(field, models.ForeignKey) and field is not key and not has_constraint(field)
        if (target := related_model(field)) is not None and is_sharded(target)
    ]
    declared = getattr(getattr(model, "Shard", None), "references", {})
    found += [
        (_field(model, name).attname, apps.get_model(label)) for name, label in declared.items()
    ]
    return tuple(found)


def _normalize_of(options: type) -> Callable[[str], str] | None:
    # Read past the class, where a plain function would be bound as a method.
    for cls in options.__mro__:
        if "normalize" in cls.__dict__:
            value = cls.__dict__["normalize"]
            return value.__func__ if isinstance(value, staticmethod) else value
    return None


def _field(model: type[models.Model], name: str) -> models.Field:
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist as error:
        raise ImproperlyConfigured(
            f"{model._meta.label}.Shard names the field {name!r}, which does not exist."
        ) from error
    if not isinstance(field, models.Field):
        raise ImproperlyConfigured(
            f"{model._meta.label}.Shard names {name!r}, which is not a column of the model."
        )
    return field
