"""Copying: writes the new rows to their shards, as they are: no save(), no signal, no auto_now.

Everything here may be done twice: rows that are there already are left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.management.color import no_style
from django.db import DatabaseError, connections, models, transaction

from .. import conf
from ..exceptions import AdoptionError
from ..placement import has_sharded_id
from ..transactions import atomic_on
from .old_tables import Row, Table, stored_fields
from .order import Place
from .references import NewIds, Reference
from .rewriting import Rewriting, columns_of


def copy_rows(place: Place, rewriting: Rewriting, rows: Sequence[Row]) -> None:
    """Insert `rows` on their shards, except those that are there. Keys that may point at rows which
    are not there yet are NULL at first."""
    late = {each.column for each in place.late}
    by_alias = rewriting.rewrite(rows)
    with atomic_on(sorted(by_alias)):
        for alias, new in sorted(by_alias.items()):
            table = Table(place.table.model, alias)
            there = _keys_there(table, new)
            _insert(
                table,
                [
                    {column: None if column in late else value for column, value in row.items()}
                    for row in new
                    if key_of(table, row) not in there
                ],
            )


def write_late_keys(place: Place, rewriting: Rewriting, rows: Sequence[Row]) -> None:
    """Write the keys that copy_rows() left NULL."""
    by_alias = rewriting.rewrite(rows)
    with atomic_on(sorted(by_alias)):
        for alias, new in sorted(by_alias.items()):
            table = Table(place.table.model, alias)
            for column in (each.column for each in place.late):
                values = [
                    (row[column], *key_of(table, row)) for row in new if row[column] is not None
                ]
                _update(table, column, values)


def rewrite_key(table: Table, key: Reference, rows: Sequence[Row]) -> None:
    """Write the new ids into the column `key` of those `rows` that refer to its target."""
    found = NewIds(rows, [key])
    values: list[tuple[Any, ...]] = []
    for row in rows:
        new = found.of(key, row) if key.holds_in(row) else None
        if new is not None and str(new) != str(row[key.column]):
            values.append((key.as_value(new), *key_of(table, row)))
    try:
        _update(table, key.column, values)
    except DatabaseError as error:
        label = f"{table.model._meta.label}.{key.field.name}"
        raise AdoptionError(
            f"{label} does not take the new ids ({str(error).strip()}). Its column must hold "
            "integers of 63 bits, and no constraint may lead to the old table."
        ) from error


def reset_sequences(models_copied: Iterable[type[models.Model]]) -> None:
    """Let the tables that make their own ids, those of many-to-many fields, go on after the old."""
    counted = [model for model in models_copied if not has_sharded_id(model)]
    for alias in conf.shards() if counted else ():
        connection = connections[alias]
        with transaction.atomic(using=alias), connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), counted):
                cursor.execute(statement)


def key_of(table: Table, row: Row) -> tuple[Any, ...]:
    return tuple(row[column] for column in table.key)


def _keys_there(table: Table, rows: Sequence[Row]) -> set[tuple[Any, ...]]:
    found: set[tuple[Any, ...]] = set()
    for start in range(0, len(rows), 500):
        keys = [key_of(table, row) for row in rows[start : start + 500]]
        found |= {key_of(table, row) for row in table.rows_with(keys, table.key)}
    return found


def _insert(table: Table, rows: Sequence[Row]) -> None:
    columns = columns_of(stored_fields(table.model))
    marks = ", ".join(["%s"] * len(columns))
    sql = f"INSERT INTO {table.quoted} ({table.quote(columns)}) VALUES ({marks})"  # noqa: S608 quoted
    _write_many(table, sql, [[row[column] for column in columns] for row in rows])


def _update(table: Table, column: str, values: Sequence[Sequence[Any]]) -> None:
    """Set `column` in one row for each of `values`: the value, and the columns of the key."""
    where = " AND ".join(f"{table.quote([each])} = %s" for each in table.key)
    sql = f"UPDATE {table.quoted} SET {table.quote([column])} = %s WHERE {where}"  # noqa: S608 quoted
    _write_many(table, sql, values)


def _write_many(table: Table, sql: str, values: Sequence[Sequence[Any]]) -> None:
    if values:
        with table.connection.cursor() as cursor:
            cursor.executemany(sql, values)
