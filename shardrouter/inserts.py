"""Inserts of rows that need new ids: repeated with others when another process has taken one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from django.db import IntegrityError, connections, models

from . import availability, ids
from .fields import ShardedIdField
from .placement import Placement, placement_of
from .shardmap import shard_map
from .transactions import atomic_on

# How often an insert is tried, each time with new ids. Two clashes in a row are next to impossible:
# one needs the same millisecond, slot and sequence number in another process.
ID_ATTEMPTS = 8
# How many ids are looked for in one query after an insert has failed.
_LOOKUP_BATCH = 500

# Of these, and of no subclass that a project may have made, the database takes a value as it is.
_PLAIN = {
    ShardedIdField,
    models.BigIntegerField,
    models.CharField,
    models.IntegerField,
    models.PositiveBigIntegerField,
    models.PositiveIntegerField,
    models.TextField,
}

_T = TypeVar("_T")
Row = Sequence[Any]


def insert_with_new_ids(
    model: type[models.Model], slots: Sequence[int], insert: Callable[[list[int]], _T]
) -> _T:
    """Call `insert` with a new id in each of `slots` and return what it returns.

    `insert` is called again with other ids if it raises IntegrityError and one of its ids exists,
    so it must leave nothing behind when it fails.
    """
    for attempt in range(1, ID_ATTEMPTS + 1):
        new_ids = ids.generator.next_ids(slots)
        try:
            return insert(new_ids)
        except IntegrityError:
            if attempt == ID_ATTEMPTS or not ids_exist(model, new_ids):
                raise
    raise AssertionError("The last attempt returns or raises.")


def ids_exist(model: type[models.Model], candidates: Sequence[int]) -> bool:
    """Return whether a row of `model` has one of the ids `candidates`."""
    return any(
        model._base_manager.filter(pk__in=candidates[start : start + _LOOKUP_BATCH]).exists()
        for start in range(0, len(candidates), _LOOKUP_BATCH)
    )


def insert_ignoring_conflicts(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Iterable[Row],
    *,
    unique_fields: Sequence[str],
) -> None:
    """Insert `rows`, tuples of the values of `columns`, except where `unique_fields` exist already.

    For many rows: several times faster than bulk_create(ignore_conflicts=True), since it builds no
    instances, and unlike that it ignores conflicts of `unique_fields` alone, which a unique
    constraint must cover. Rows may be of any mix of shards; each shard has a transaction of its
    own, and all commit only if all succeed. Ids are made here, and made again after a clash; none
    if the model has a composite primary key.

    `columns` and `unique_fields` are names of fields or of their columns (`owner` or `owner_id`);
    `columns` include the shard key, or for a root the column of `slot_from`. Foreign keys are
    given as ids, integers as int. Columns that are left out get NULL or the database's default,
    never the field's `default`. No signal is sent.
    """
    rows = list(rows)
    if not rows:
        return
    fields = [_column(model, name) for name in columns]
    unique = [_column(model, name).column for name in unique_fields]
    slots = _slots_of(placement_of(model), fields, rows)
    if not isinstance(model._meta.pk, ShardedIdField):
        _insert_rows(model, fields, unique, _by_shard(slots, rows))
        return

    def insert(new_ids: list[int]) -> None:
        with_ids = ((new_id, *row) for new_id, row in zip(new_ids, rows, strict=True))
        _insert_rows(model, [model._meta.pk, *fields], unique, _by_shard(slots, with_ids))

    insert_with_new_ids(model, slots, insert)


def _column(model: type[models.Model], name: str) -> models.Field:
    field = model._meta.get_field(name)
    if not isinstance(field, models.Field) or not field.concrete or field.many_to_many:
        raise ValueError(f"{model._meta.label}.{name} is not a column.")
    return field


def _slots_of(placement: Placement, fields: list[models.Field], rows: list[Row]) -> list[int]:
    key = placement.slot_column
    if key is None:
        return [random.randrange(ids.SLOTS) for _ in rows]  # noqa: S311
    if key not in fields:
        raise ValueError(f"The rows of {placement.model._meta.label} need {key.name}.")
    position = fields.index(key)
    if key is placement.key:
        return [ids.slot_of(row[position]) for row in rows]
    return [placement.slot_of_source(key, row[position]) for row in rows]


def _by_shard(slots: list[int], rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Return the rows by the alias of their shard."""
    aliases = shard_map.aliases()
    by_shard: dict[str, list[Row]] = {aliases[slot]: [] for slot in set(slots)}
    if len(by_shard) == 1:  # as in a fan-out: not a question for each row
        return {alias: list(rows) for alias in by_shard}
    for slot, row in zip(slots, rows, strict=True):
        by_shard[aliases[slot]].append(row)
    return by_shard


def _insert_rows(
    model: type[models.Model],
    fields: list[models.Field],
    unique: list[str],
    by_shard: dict[str, list[Row]],
) -> None:
    with atomic_on(sorted(by_shard)):
        for alias in sorted(by_shard):
            _execute_many(alias, model, fields, unique, by_shard[alias])


def _execute_many(
    alias: str,
    model: type[models.Model],
    fields: list[models.Field],
    unique: list[str],
    rows: list[Row],
) -> None:
    connection = connections[alias]
    quote = connection.ops.quote_name
    columns = [field.column for field in fields]
    # Understood by SQLite and PostgreSQL. Django's own OnConflict.IGNORE ignores any conflict.
    sql = "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO NOTHING".format(  # noqa: S608 quoted
        quote(model._meta.db_table),
        ", ".join(map(quote, columns)),
        ", ".join(["%s"] * len(columns)),
        ", ".join(map(quote, unique)),
    )
    with availability.translate_errors(alias), connection.cursor() as cursor:
        cursor.executemany(sql, _prepared(rows, fields, alias))


def _stored(field: models.Field) -> models.Field:
    return field.target_field if isinstance(field, models.ForeignKey) else field


def _prepared(rows: list[Row], fields: list[models.Field], alias: str) -> list[Row]:
    """Return `rows` as the database takes them; integers and texts as they are."""
    connection = connections[alias]
    others = [
        (position, field)
        for position, field in enumerate(fields)
        if type(_stored(field)) not in _PLAIN
    ]
    if not others:
        return rows
    prepared: list[Row] = []
    for row in rows:
        values = list(row)
        for position, field in others:
            values[position] = field.get_db_prep_save(values[position], connection)
        prepared.append(values)
    return prepared
