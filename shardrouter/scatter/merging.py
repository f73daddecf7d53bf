"""Merging: how rows of several shards are compared, sorted and shaped in Python."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Model
from django.db.models.expressions import OrderBy
from django.db.models.query import (
    FlatValuesListIterable,
    NamedValuesListIterable,
    ValuesIterable,
    ValuesListIterable,
)
from django.db.models.sql import Query
from django.db.models.utils import create_namedtuple_class

from .. import conf
from ..exceptions import CrossShardQuery
from ..routed_queryset import RoutedQuerySet
from .comparison import storage_class

logger = logging.getLogger("shardrouter")

# The kinds of values() whose rows can be made from tuples.
SHAPES: set[type] = {
    ValuesIterable,
    ValuesListIterable,
    FlatValuesListIterable,
    NamedValuesListIterable,
}


def unmergeable(queryset: RoutedQuerySet[Model], what: str) -> CrossShardQuery:
    """Return the error for a query whose answers from several shards do not add up to one."""
    return CrossShardQuery(
        queryset.model._meta.label,
        f"{what} cannot be merged from several shards exactly",
        "Name the shard key, or evaluate the rows and work in Python.",
    )


def warn_of_rows(queryset: RoutedQuerySet[Model], read: int, shards: tuple[str, ...]) -> None:
    """Log a scattered query that read more rows than SCATTER_WARNING_ROWS."""
    if read > conf.get("SCATTER_WARNING_ROWS"):
        logger.warning(
            "A scattered query on %s read %d rows from %d shards; give it a limit or a shard key.",
            queryset.model._meta.label,
            read,
            len(shards),
        )


def value_names(query: Query) -> list[str]:
    """Return the names of the columns of a values() query, in their order."""
    if query.selected:
        return list(query.selected)
    return [*query.extra_select, *query.values_select, *query.annotation_select]


def in_shape(rows: Iterable[tuple[Any, ...]], iterable: type, names: list[str]) -> Iterator[Any]:
    """Return `rows` as the values() or values_list() with this iterable class has them."""
    if iterable is ValuesIterable:
        return (dict(zip(names, row, strict=True)) for row in rows)
    if iterable is FlatValuesListIterable:
        return (row[0] for row in rows)
    if iterable is NamedValuesListIterable:
        named = create_namedtuple_class(*names)
        return (tuple.__new__(named, row) for row in rows)
    return (tuple(row) for row in rows)


def null_rank(order: OrderBy, nulls_last: bool) -> int:
    """Return -1 if NULLs come before all values in the order as read, 1 if they come after."""
    if order.nulls_first:
        return -1
    if order.nulls_last:
        return 1
    return 1 if nulls_last != order.descending else -1


class Sortable:
    """One column of a sort key, which knows NULLs and direction. Compares with its like only."""

    __slots__ = ("descending", "null_rank", "value")

    def __init__(self, value: Any, descending: bool = False, null_rank: int = -1) -> None:
        self.value = value
        self.descending = descending
        self.null_rank = null_rank

    def __eq__(self, other: object) -> bool:
        return self.value == other.value  # type: ignore[attr-defined]

    def __lt__(self, other: Sortable) -> bool:
        if self.value is None or other.value is None:
            if self.value is None and other.value is None:
                return False
            return (self.null_rank < 0) == (self.value is None)
        left, right = (other, self) if self.descending else (self, other)
        try:
            return bool(left.value < right.value)
        except TypeError:
            # A column of SQLite may have values of several types, as what JSON holds.
            return storage_class(left.value) < storage_class(right.value)

    __hash__ = None  # type: ignore[assignment]
