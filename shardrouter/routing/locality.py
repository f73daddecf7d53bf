"""Locality: whether a row of the answer, or a window, is made of rows of one shard alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models.expressions import Col, Window
from django.db.models.sql import Query
from django.db.models.sql.constants import INNER

from ..django_internals import ColPairs
from ..placement import is_colocated


def rows_are_local(query: Query) -> bool:
    """Return whether each row of the answer comes from one shard: it is not grouped, or grouped by
    a column whose values are each in one slot."""
    if query.group_by is None or query.group_by is True:
        return True
    return any(partitions_by_slot(column, query) for column in query.group_by)


def partitions_by_slot(column: object, query: Query) -> bool:
    """Return whether all rows of `query` with one value of `column` are in one slot."""
    if isinstance(column, ColPairs):
        return any(partitions_by_slot(part, query) for part in column.get_cols())
    if not isinstance(column, Col) or not is_colocated(column.target) or column.target.null:
        return False
    # An outer join gives NULL for the rows without a match, and those are on every shard.
    table = query.alias_map.get(column.alias)
    while table is not None and table.parent_alias:
        if table.join_type != INNER:
            return False
        table = query.alias_map.get(table.parent_alias)
    return True


def windows_are_local(query: Query, expressions: Iterable[Any]) -> bool:
    """Return whether each window function in `expressions` of `query` sees rows of one slot
    alone."""
    return all(
        any(partitions_by_slot(part, query) for part in _parts(window.partition_by))
        for expression in expressions
        if expression.contains_over_clause
        for window in _inside(expression)
        if isinstance(window, Window)
    )


def _inside(expression: Any) -> Iterator[Any]:
    yield expression
    for part in _parts(expression):
        yield from _inside(part)


def _parts(expression: Any) -> list[Any]:
    if expression is None:
        return []
    return [part for part in expression.get_source_expressions() if part is not None]
