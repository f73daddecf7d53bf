"""Identities: the new id of each old row, in the slot of its owner, made before any row is copied.

So a row can refer to any other, also to one that is copied later.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, models

from .. import ids
from ..models import AdoptedId
from ..placement import Placement, placement_of
from .old_tables import Row, Table, as_python, is_sharded_id
from .orphans import Orphans
from .references import NewIds, label_of, references

#: The new ids are of the time before the adoption began, in milliseconds: room for 2.6 billion rows
#: of a model.
BEFORE = 30 * 86_400_000


def list_ids(table: Table, rows: Sequence[Row], first: int, orphans: Orphans) -> None:
    """Make and list the new ids of `rows`.

    `first` is the millisecond of the first row's id. Each row has one of its own, since ids of one
    millisecond sort by their slots, and the rows shall keep their order.
    """
    label, key = label_of(table.model), table.key[0]
    listed = []
    for number, (row, slot) in enumerate(zip(rows, _slots(table, rows), strict=True)):
        if slot is None:
            orphans.found(table, row)
            continue
        old = row[key]
        new = old if _is_kept(old, slot) else ids.compose(first + number, slot)
        listed.append(AdoptedId(model=label, old_id=str(old), new_id=new))
    AdoptedId.objects.using(DEFAULT_DB_ALIAS).bulk_create(listed)


def _slots(table: Table, rows: Sequence[Row]) -> list[int | None]:
    """Return the slot of each row; None if its owner does not exist."""
    placement = placement_of(table.model)
    if placement.key is not None:
        return _slots_of_owners(table.model, placement.key, rows)
    if placement.sources:
        return [_slot_of_name(table, placement, row) for row in rows]
    key = table.key[0]
    return [_random_slot(row[key]) for row in rows]


def _slots_of_owners(
    model: type[models.Model], key: models.Field, rows: Sequence[Row]
) -> list[int | None]:
    (reference,) = (each for each in references(model) if each.field is key)
    found = NewIds(rows, [reference])
    owners = [found.of(reference, row) for row in rows]
    return [None if owner is None else ids.slot_of(owner) for owner in owners]


def _slot_of_name(table: Table, placement: Placement, row: Row) -> int | None:
    field = placement.sources[0]
    value = as_python(field, row[field.column], table.connection)
    return None if value is None else placement.slot_of_source(field, value)


def _random_slot(old_id: Any) -> int:
    if is_sharded_id(old_id):
        return ids.slot_of(old_id)
    return random.randrange(ids.SLOTS)  # noqa: S311 spreads, protects nothing


def _is_kept(old_id: Any, slot: int | None) -> bool:
    """Return whether an old id is a sharded id in the right slot already."""
    return is_sharded_id(old_id) and ids.slot_of(old_id) == slot
