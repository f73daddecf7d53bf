"""References: the columns of a model that hold ids of sharded rows, which adoption makes anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, models

from ..django_internals import has_constraint, related_model
from ..exceptions import AdoptionError
from ..models import AdoptedId
from ..placement import has_sharded_id, is_sharded, placement_of, references_of
from .old_tables import Row, owner_of_ids

# How many old ids are looked up in one query.
_LOOKUP_BATCH = 500


@dataclass(frozen=True)
class Reference:
    """A column with ids of sharded rows of `target`, or, of a generic key, of the model that the
    column `type_column` names."""

    field: models.Field
    target: type[models.Model] | None
    type_column: str = ""

    @property
    def column(self) -> str:
        return str(self.field.column)

    @property
    def is_constrained(self) -> bool:
        return isinstance(self.field, models.ForeignKey) and has_constraint(self.field)

    def as_value(self, new_id: int) -> int | str:
        """Return `new_id` as the column holds it: a generic key may be text."""
        is_text = isinstance(self.field, models.CharField | models.TextField)
        return str(new_id) if is_text else new_id

    def label_of(self, row: Row, types: Mapping[int, str]) -> str:
        """Return the name under which the ids are listed, or "" if they are not adopted."""
        if self.target is not None:
            return label_of(self.target)
        return types.get(row[self.type_column], "")


def label_of(model: type[models.Model]) -> str:
    """Return the name under which AdoptedId lists the ids of `model`."""
    return str(owner_of_ids(model)._meta.label_lower)


@cache
def references(model: type[models.Model]) -> tuple[Reference, ...]:
    """Return the columns of `model`'s own table that name sharded rows. Raise AdoptionError if it
    cannot be known whose ids one of them holds."""
    found = {each.column: each for each in (*_keys(model), *_declared(model), *_generic(model))}
    key = placement_of(model).key if is_sharded(model) else None
    if key is not None and key.model is model and key.column not in found:
        found[key.column] = Reference(key, _only_root(model, key))
    return tuple(found.values())


def _keys(model: type[models.Model]) -> Iterator[Reference]:
    for field in model._meta.local_concrete_fields:
        target: models.Field = field
        while isinstance(target, models.ForeignKey):
            target = target.target_field
        # A key to another column than the id, such as a name, stays as it is.
        if target is not field and target.primary_key and has_sharded_id(target.model):
            yield Reference(field, target.model)


def _declared(model: type[models.Model]) -> Iterator[Reference]:
    for column, target in references_of(model):
        field = model._meta.get_field(column)
        if isinstance(field, models.Field) and not field.is_relation:
            yield Reference(field, target)


def _only_root(model: type[models.Model], key: models.Field) -> type[models.Model]:
    roots = [
        each
        for each in apps.get_models()
        if is_sharded(each)
        and has_sharded_id(each)
        and placement_of(each).key is None
        and not each._meta.proxy
    ]
    if len(roots) != 1:
        raise AdoptionError(
            f"{model._meta.label}.{key.name} is a plain column, and it is not known whose ids it "
            f'holds. Add references = {{"{key.name}": "app.Model"}} to its class Shard.'
        )
    return roots[0]


def _generic(model: type[models.Model]) -> Iterator[Reference]:
    if not apps.is_installed("django.contrib.contenttypes"):
        return
    from django.contrib.contenttypes.fields import GenericForeignKey

    pairs = [
        (each.ct_field, each.fk_field)
        for each in model._meta.private_fields
        if isinstance(each, GenericForeignKey)
    ]
    if model._meta.label_lower == "admin.logentry":  # a generic key in all but its class
        pairs.append(("content_type", "object_id"))
    for type_name, id_name in pairs:
        types, field = model._meta.get_field(type_name), model._meta.get_field(id_name)
        assert isinstance(types, models.Field)
        assert isinstance(field, models.Field)
        if field.model is model:
            yield Reference(field, None, str(types.column))


def _sharded_types() -> dict[int, str]:
    """Return content type → the label of the sharded model that it stands for."""
    from django.contrib.contenttypes.models import ContentType

    found = {}
    for pk, app_label, name in ContentType.objects.using(DEFAULT_DB_ALIAS).values_list():
        model = apps.all_models[app_label].get(name)
        if model is not None and is_sharded(model) and has_sharded_id(model):
            found[pk] = label_of(model)
    return found


class NewIds:
    """The new ids of the rows that some rows refer to, looked up together."""

    def __init__(self, rows: Iterable[Row], wanted: Iterable[Reference]) -> None:
        wanted = list(wanted)
        self._types = _sharded_types() if any(each.type_column for each in wanted) else {}
        asked: dict[str, set[str]] = {}
        for row in rows:
            for each in wanted:
                value = row.get(each.column)
                if value is not None and (label := each.label_of(row, self._types)):
                    asked.setdefault(label, set()).add(str(value))
        self._found = {label: new_ids(label, olds) for label, olds in asked.items()}

    def of(self, reference: Reference, row: Row) -> int | None:
        """Return the new id for what `row` refers to; None if it refers to nothing that has one."""
        found = self._found.get(reference.label_of(row, self._types), {})
        return found.get(str(row.get(reference.column)))


def new_ids(label: str, old_ids: Iterable[Any]) -> dict[str, int]:
    """Return old id, as text → new id, of those that are listed."""
    wanted = list(map(str, old_ids))
    listed = AdoptedId.objects.using(DEFAULT_DB_ALIAS).filter(model=label)
    found: dict[str, int] = {}
    for start in range(0, len(wanted), _LOOKUP_BATCH):
        batch = listed.filter(old_id__in=wanted[start : start + _LOOKUP_BATCH])
        found.update(batch.values_list("old_id", "new_id"))
    return found


def leads_to(reference: Reference) -> type[models.Model] | None:
    """Return the model whose table a constrained key points at: a child's, not its parent's."""
    return related_model(reference.field) if reference.is_constrained else None
