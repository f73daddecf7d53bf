"""Old tables: those in `default` that sharded models had before they were sharded. Reads only."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper

from .. import conf, ids
from ..exceptions import AdoptionError
from ..placement import is_sharded

# Ids that were made within a day after the epoch of sharded ids are rather numbers of a sequence.
_FIRST_ID = 86_400_000 << (ids.SLOT_BITS + ids.SEQUENCE_BITS)

#: A row as the database has it: column → value.
Row = dict[str, Any]


def stored_fields(model: type[models.Model]) -> list[models.Field]:
    """Return the fields that a row of `model` stores a value for, in its own table."""
    return [
        field
        for field in model._meta.local_concrete_fields
        if not getattr(field, "generated", False)
    ]


def is_sharded_id(value: object) -> bool:
    """Return whether `value`, an integer or its text, is of the kind that shardrouter makes."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    newest = ids.compose(int(time.time() * 1000), ids.SLOTS - 1, 1023)
    return isinstance(value, int) and _FIRST_ID <= value <= newest


def owner_of_ids(model: type[models.Model]) -> type[models.Model]:
    """Return the model that makes the ids of `model`: itself, or the parent that it extends."""
    pk: models.Field = model._meta.pk
    while pk.remote_field and pk.remote_field.parent_link:
        model = pk.remote_field.model
        pk = model._meta.pk
    return model


@dataclass(frozen=True)
class Table:
    """The table of one model in one database; rows as the driver gives and takes them."""

    model: type[models.Model]
    alias: str = DEFAULT_DB_ALIAS

    @property
    def name(self) -> str:
        return self.model._meta.db_table

    @property
    def connection(self) -> BaseDatabaseWrapper:
        return connections[self.alias]

    @cached_property
    def quoted(self) -> str:
        return self.connection.ops.quote_name(self.name)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns that the table has, whatever the model says today."""
        with self.connection.cursor() as cursor:
            described = self.connection.introspection.get_table_description(cursor, self.name)
        return tuple(column.name for column in described)

    @cached_property
    def key(self) -> tuple[str, ...]:
        """The columns of the primary key that the table has."""
        with self.connection.cursor() as cursor:
            found = self.connection.introspection.get_primary_key_columns(cursor, self.name)
        return tuple(found or ())

    def quote(self, columns: Iterable[str]) -> str:
        return ", ".join(map(self.connection.ops.quote_name, columns))

    def count(self) -> int:
        [(number,)] = self.select("COUNT(*)", "")
        return int(number)

    def select(self, what: str, rest: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of SELECT `what` FROM this table `rest`."""
        with self.connection.cursor() as cursor:
            cursor.execute(f"SELECT {what} FROM {self.quoted} {rest}", params)  # noqa: S608 quoted
            return cursor.fetchall()

    def rows_with(self, keys: Sequence[tuple[Any, ...]], columns: Sequence[str]) -> list[Row]:
        """Return the rows whose primary key is one of `keys`. There are never very many."""
        if not keys:
            return []
        each = "(" + ", ".join(["%s"] * len(self.key)) + ")"
        if len(self.key) == 1:
            wanted = f"{self.quote(self.key)} IN ({', '.join(['%s'] * len(keys))})"
        else:
            values = ", ".join([each] * len(keys))
            wanted = f"({self.quote(self.key)}) IN (VALUES {values})"
        params = [value for key in keys for value in key]
        found = self.select(self.quote(columns), f"WHERE {wanted}", params)
        return [dict(zip(columns, row, strict=True)) for row in found]

    def batches(self, size: int | None, after: str = "") -> Iterator[list[Row]]:
        """Yield all rows by primary key, `size` at a time, or all at once if that is None.

        `after` is what position() returned for the last row of an earlier batch.
        """
        order = self.quote(self.key)
        while True:
            params = json.loads(after) if after else []
            where = f"WHERE ({order}) > ({', '.join(['%s'] * len(params))})" if params else ""
            limit = "" if size is None else f" LIMIT {size:d}"
            found = self.select(
                self.quote(self.columns), f"{where} ORDER BY {order}{limit}", params
            )
            rows = [dict(zip(self.columns, row, strict=True)) for row in found]
            if rows:
                yield rows
                after = self.position(rows[-1])
            if size is None or len(rows) < size:
                return

    def position(self, row: Row) -> str:
        return json.dumps([row[column] for column in self.key], default=str)


def old_tables() -> list[Table]:
    """Return the tables that sharded models have in `default`, in the order of the models; none if
    that is a shard itself.

    Raise AdoptionError if one of them cannot be read row by row.
    """
    if DEFAULT_DB_ALIAS in conf.shards():
        return []
    existing = set(connections[DEFAULT_DB_ALIAS].introspection.table_names())
    tables = [
        Table(model)
        for model in apps.get_models(include_auto_created=True)
        if is_sharded(model)
        and model._meta.managed
        and not model._meta.proxy
        and model._meta.db_table in existing
    ]
    for table in tables:
        if not table.key:
            raise AdoptionError(f"The table {table.name} has no primary key. Add one to adopt it.")
    return tables


def translated(
    field: models.Field, value: Any, source: BaseDatabaseWrapper, target: BaseDatabaseWrapper
) -> Any:
    """Return the `value` of `field` as `target` takes it. Between databases of one kind it is not
    touched: not even JSON's null becomes SQL's."""
    if source.vendor == target.vendor:
        return value
    return field.get_db_prep_save(as_python(field, value, source), target)


def as_python(field: models.Field, value: Any, source: BaseDatabaseWrapper) -> Any:
    """Return the `value` of `field` as a model instance has it."""
    column = field.get_col(field.model._meta.db_table)
    for convert in (*source.ops.get_db_converters(column), *column.get_db_converters(source)):
        value = convert(value, column, source)
    return value
