"""References: the columns of a model that hold ids of sharded rows, which adoption makes anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, models

from ..django_internals import has_constraint, related_model
from ..exceptions import AdoptionError
from ..location import group_by_shard
from ..models import AdoptedId
from ..placement import has_sharded_id, is_sharded, placement_of, references_of
from .old_tables import Row, Table, is_sharded_id, owner_of_ids

# How many old ids are looked up in one query.
_LOOKUP_BATCH = 500


@dataclass(frozen=True)
class Reference:
    """A column with ids of sharded rows of `target`; of a generic key, in the rows whose
    `type_column` holds `content_type`."""

    field: models.Field
    target: type[models.Model]
    type_column: str = ""
    content_type: int | None = None

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

    def holds_in(self, row: Row) -> bool:
        """Return whether `row` refers to a row of the target."""
        if self.type_column and row[self.type_column] != self.content_type:
            return False
        return row[self.column] is not None


def label_of(model: type[models.Model]) -> str:
    """Return the name under which AdoptedId lists the ids of `model`."""
    return str(owner_of_ids(model)._meta.label_lower)


def references(model: type[models.Model]) -> tuple[Reference, ...]:
    """Return the columns of `model`'s own table that name sharded rows. Raise AdoptionError if it
    cannot be known whose ids one of them holds."""
    found = [*_keys(model), *_declared(model), *_generic(model)]
    key = placement_of(model).key if is_sharded(model) else None
    if key is not None and key.model is model and all(each.field is not key for each in found):
        found.append(Reference(key, _only_root(model, key)))
    return tuple(found)


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
            for content_type, target in _sharded_types():
                yield Reference(field, target, str(types.column), content_type)


def _sharded_types() -> Iterator[tuple[int, type[models.Model]]]:
    """Yield the content type of each sharded model, and the model."""
    from django.contrib.contenttypes.models import ContentType

    for pk, app_label, name in ContentType.objects.using(DEFAULT_DB_ALIAS).values_list():
        model = apps.all_models[app_label].get(name)
        if model is not None and is_sharded(model) and has_sharded_id(model):
            yield pk, model


class NewIds:
    """The new ids of the rows that some rows refer to, looked up together."""

    def __init__(self, rows: Iterable[Row], wanted: Iterable[Reference]) -> None:
        wanted = list(wanted)
        asked: dict[type[models.Model], set[str]] = {}
        for row in rows:
            for each in wanted:
                if each.holds_in(row):
                    target = owner_of_ids(each.target)
                    asked.setdefault(target, set()).add(str(row[each.column]))
        self._found = {target: _ids_now(target, olds) for target, olds in asked.items()}

    def of(self, reference: Reference, row: Row) -> int | None:
        """Return the new id of what `row` refers to; None if there is no such row."""
        found = self._found.get(owner_of_ids(reference.target), {})
        return found.get(str(row[reference.column]))


def _ids_now(target: type[models.Model], old_ids: set[str]) -> dict[str, int]:
    """Return old id → new id. A row that was made on a shard, or that was rewritten before, has the
    id that it has."""
    found = new_ids(label_of(target), old_ids)
    others = [int(value) for value in old_ids - found.keys() if is_sharded_id(value)]
    for alias, there in group_by_shard(others).items():
        table = Table(target, alias)
        for row in table.rows_with([(each,) for each in there], table.key):
            (value,) = row.values()
            found[str(value)] = value
    return found


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
