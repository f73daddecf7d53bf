"""Order: in which the tables are adopted, so that each row's owner comes before it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models

from ..exceptions import AdoptionError
from ..placement import has_sharded_id, placement_of
from .old_tables import Table, owner_of_ids
from .references import Reference, leads_to, references


def tables_with_ids(tables: Iterable[Table]) -> list[Table]:
    """Return the tables whose rows have sharded ids of their own, each after that of its key."""
    waiting = [
        each
        for each in tables
        if has_sharded_id(each.model) and owner_of_ids(each.model) is each.model
    ]
    ordered: list[Table] = []
    while waiting:
        models_waiting = {each.model for each in waiting}
        ready = [each for each in waiting if _owner(each.model) not in models_waiting]
        if not ready:
            labels = ", ".join(each.model._meta.label for each in waiting)
            raise AdoptionError(f"The shard keys of {labels} lead in a circle.")
        ordered += ready
        waiting = [each for each in waiting if each not in ready]
    return ordered


def _owner(model: type[models.Model]) -> type[models.Model] | None:
    key = placement_of(model).key
    for each in references(model):
        if each.field is key:
            return owner_of_ids(each.target)
    return None


@dataclass(frozen=True)
class Place:
    """A table in the order of copying.

    The columns `late` are written after all rows are there, since they may point at rows that come
    later. If `whole`, all rows are copied together, for the same reason.
    """

    table: Table
    late: tuple[Reference, ...] = ()
    whole: bool = False


def places(tables: Iterable[Table]) -> list[Place]:
    """Return the tables in the order in which the constraints of their keys allow to fill them.

    Raise AdoptionError if keys that may not be NULL lead in a circle.
    """
    waiting = list(tables)
    ordered: list[Place] = []
    while waiting:
        models_waiting = {each.model for each in waiting}
        ready = [each for each in waiting if not _blocking(each, models_waiting, nullable=True)]
        if not ready:
            ready = [
                each for each in waiting if not _blocking(each, models_waiting, nullable=False)
            ]
            ready = ready[:1]
        if not ready:
            labels = ", ".join(each.model._meta.label for each in waiting)
            raise AdoptionError(
                f"The keys of {labels} lead in a circle, and none may be NULL. Set "
                "db_constraint=False on one of them until the rows are adopted."
            )
        ordered += [_place(each, models_waiting) for each in ready]
        waiting = [each for each in waiting if each not in ready]
    return ordered


def _blocking(table: Table, waiting: set[type[models.Model]], *, nullable: bool) -> list[Reference]:
    """Return the keys of `table` that point at rows which are not there yet: of those that may be
    NULL only if `nullable`. Those to its own rows do not count."""
    return [
        each
        for each in references(table.model)
        if (target := leads_to(each)) in waiting
        and target is not table.model
        and (nullable or not each.field.null)
    ]


def _place(table: Table, waiting: set[type[models.Model]]) -> Place:
    to_itself = [each for each in references(table.model) if leads_to(each) is table.model]
    late = [
        *_blocking(table, waiting, nullable=True),
        *(each for each in to_itself if each.field.null),
    ]
    return Place(table, tuple(late), whole=any(not each.field.null for each in to_itself))
