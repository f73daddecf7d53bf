"""Adoption: the rows of a project that had one database, brought to the shards by `shards adopt`.

The steps, each taken up again where a killed run left it: list the new ids of all rows; copy the
rows, owners first; write the keys that point at rows which came later; rewrite the keys of global
models; compare everything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections, models

from .. import conf
from ..exceptions import AdoptionError
from ..models import AdoptionStep
from ..placement import is_sharded
from .copying import copy_rows, reset_sequences, rewrite_key, write_late_keys
from .identities import BEFORE, list_ids
from .old_tables import Row, Table, old_tables, owner_of_ids
from .order import Place, places, tables_with_ids
from .orphans import Orphans
from .references import Reference, label_of, new_ids, references
from .rewriting import Rewriting
from .steps import Progress, Stepper, is_finished
from .verification import Comparison, Verified

__all__ = ["Adopted", "adopt", "adopted_id", "drop_old_tables", "waiting_tables"]


@dataclass
class Adopted:
    """What adopt() did: per model's label, the rows compared, and those left out as orphans."""

    verified: dict[str, Verified] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)


def adopted_id(model: type[models.Model], old_id: Any) -> int | None:
    """Return the id that the row of `model` with `old_id` has now; None if there was none.

    For URLs with old ids. Costs one query on `default`.
    """
    return new_ids(label_of(model), [old_id]).get(str(old_id))


def adopt(
    *,
    progress: Progress,
    batch_size: int = 1000,
    skip_orphans: bool = False,
    leave_out: Iterable[str] = (),
) -> Adopted | None:
    """Bring the rows of the old tables in `default` to their shards, and compare them.

    Return None if there is nothing to do: no old tables, or none that was not adopted before.
    Nothing may write to the models meanwhile. After a crash, or an AdoptionError and what it asks
    for, call it again.
    """
    if DEFAULT_DB_ALIAS in conf.shards():
        raise ImproperlyConfigured(
            "default is a shard itself, so the old tables are the new ones. Add a database for "
            "each shard, and let default be none."
        )
    tables = [table for table in old_tables() if not is_finished(_compared(table))]
    if not tables:
        return None
    orphans = Orphans(skip=skip_orphans)
    rewritings = {each.model: Rewriting(each, orphans, frozenset(leave_out)) for each in tables}
    for rewriting in rewritings.values():
        rewriting.check()
    order = places(tables)
    stepper = Stepper(batch_size, progress)
    _list(stepper, tables, orphans)
    _copy(stepper, order, rewritings)
    _rewrite_other_keys(stepper, set(rewritings))
    reset_sequences(rewritings)
    return _verify(stepper, order, rewritings)


def _list(stepper: Stepper, tables: list[Table], orphans: Orphans) -> None:
    for table in tables_with_ids(tables):

        def work(rows: list[Row], done: int, table: Table = table) -> None:
            list_ids(table, rows, stepper.began - BEFORE + done, orphans)

        stepper.run(f"{table.model._meta.label}: ids", table, work)


def _copy(
    stepper: Stepper, order: list[Place], rewritings: dict[type[models.Model], Rewriting]
) -> None:
    for place in order:
        label, rewriting = place.table.model._meta.label, rewritings[place.table.model]

        def copy(rows: list[Row], _: int, place: Place = place, how: Rewriting = rewriting) -> None:
            copy_rows(place, how, rows)

        stepper.run(f"{label}: rows", place.table, copy, whole=place.whole)
    for place in order:
        label, rewriting = place.table.model._meta.label, rewritings[place.table.model]

        def write(
            rows: list[Row], _: int, place: Place = place, how: Rewriting = rewriting
        ) -> None:
            write_late_keys(place, how, rows)

        if place.late:
            stepper.run(f"{label}: keys", place.table, write)


def _rewrite_other_keys(stepper: Stepper, adopted: set[type[models.Model]]) -> None:
    """Rewrite the keys to `adopted` models in all others: global ones, and those on shards that
    were sharded before."""
    owners = {owner_of_ids(model) for model in adopted}
    for model in apps.get_models(include_auto_created=True):
        if model in adopted or not model._meta.managed or model._meta.proxy:
            continue
        keys = [each for each in references(model) if owner_of_ids(each.target) in owners]
        for alias in conf.shards() if is_sharded(model) else (DEFAULT_DB_ALIAS,):
            for key in keys:
                _rewrite_key(stepper, Table(model, alias), key)


def _rewrite_key(stepper: Stepper, table: Table, key: Reference) -> None:
    if table.name not in table.connection.introspection.table_names():
        return

    def work(rows: list[Row], _: int) -> None:
        rewrite_key(table, key, rows)

    column = f"{table.model._meta.label}.{key.field.name}"
    stepper.run(f"{column} on {table.alias}: ids of {key.target._meta.label}", table, work)


def _verify(
    stepper: Stepper, order: list[Place], rewritings: dict[type[models.Model], Rewriting]
) -> Adopted:
    done = Adopted(tables=[place.table.name for place in order])
    for place in order:
        label, comparison = place.table.model._meta.label, Comparison(rewritings[place.table.model])
        total, seen = place.table.count(), 0
        comparison.rewriting.orphans.left_out.clear()
        for rows in place.table.batches(stepper.batch_size):
            comparison.compare(rows)
            seen += len(rows)
            stepper.progress(f"{label}: comparing", seen, total)
        done.verified[label] = comparison.found
        left_out = comparison.rewriting.orphans.left_out[label]
        if left_out:
            done.left_out[label] = left_out
        found = comparison.found
        if comparison.wanted != found or found.rows + left_out != total:
            old = place.table.name
            raise AdoptionError(f"{label}: {total} rows in {old}, {found.rows} on the shards.")
        stepper.mark(_compared(place.table))
    return done


def _compared(table: Table) -> str:
    """Return the name of the step that is finished when the rows of `table` were compared."""
    return f"{table.model._meta.label}: compared"


def waiting_tables() -> list[str]:
    """Return the names of the old tables that have rows which were not adopted."""
    existing = connections[DEFAULT_DB_ALIAS].introspection.table_names()
    if AdoptionStep._meta.db_table not in existing:
        return []
    return sorted(
        table.name
        for table in old_tables()
        if not is_finished(_compared(table)) and table.select("1", "LIMIT 1")
    )


def drop_old_tables() -> list[str]:
    """Drop the old tables of sharded models from `default` and return their names.

    Raise AdoptionError if one has rows and adopt() has not compared them.
    """
    tables = [place.table for place in reversed(places(old_tables()))]
    for table in tables:
        rows = 0 if is_finished(_compared(table)) else table.count()
        if rows:
            raise AdoptionError(
                f"{table.name} has {rows} rows that were not adopted. Run `shards adopt` first."
            )
    with connections[DEFAULT_DB_ALIAS].schema_editor() as editor:
        for table in tables:
            editor.execute(editor.sql_delete_table % {"table": table.quoted})
    return [table.name for table in tables]
