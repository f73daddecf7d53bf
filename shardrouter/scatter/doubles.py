"""Doubles: equal rows of several shards, of which a SELECT DISTINCT keeps one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connections
from django.db.models import Model

from ..django_internals import ColPairs, without_ref
from ..routed_queryset import RoutedQuerySet
from .comparison import AS_READ, Comparison, comparison_of, require_code_point
from .merging import unmergeable

_SAME = "_shardrouter_same_"


class Doubles:
    """What the rows of `asked`, a distinct values(), are compared by.

    What is compared as the database stores it is selected once more, `added` columns at the end;
    that makes no rows distinct. Raise CrossShardQuery for what only the database can compare.
    """

    def __init__(self, asked: RoutedQuerySet[Model], alias: str) -> None:
        compiler = asked.query.clone().get_compiler(using=alias)
        compiler.setup_query()
        columns = [without_ref(source) for source, _, _ in compiler.select]
        require_code_point(asked.model._meta.label, columns, alias, "distinct text")
        vendor = connections[alias].vendor
        self._comparisons = [_comparison(asked, column, vendor) for column in columns]
        self._stored = [at for at, each in enumerate(self._comparisons) if each.stored]
        self.added = len(self._stored)
        query = asked.query
        for number, at in enumerate(self._stored):
            name = f"{_SAME}{number}"
            query.annotations[name] = self._comparisons[at].source(columns[at])
            query.append_annotation_mask([name])
            if query.selected:
                query.selected[name] = name

    def left_out(
        self, rows: Iterator[Any], orders: Sequence[Comparison]
    ) -> Iterator[tuple[Any, ...]]:
        """Yield `rows`, each of which ends with the values that `orders` compare, without doubles.

        A row that is compared as it was read is its own key.
        """
        as_read = all(each == AS_READ for each in (*self._comparisons, *orders))
        seen = set()
        for row in map(tuple, rows):
            key = row if as_read else self._key(row, orders)
            if key not in seen:
                seen.add(key)
                yield row

    def _key(self, row: tuple[Any, ...], orders: Sequence[Comparison]) -> tuple[Any, ...]:
        width = len(self._comparisons)
        values = list(row[:width])
        for number, at in enumerate(self._stored, width):
            values[at] = row[number]
        values += row[width + self.added :]
        comparisons = (*self._comparisons, *orders)
        return tuple(each.of(value) for each, value in zip(comparisons, values, strict=True))


def _comparison(asked: RoutedQuerySet[Model], column: Any, vendor: str) -> Comparison:
    if not isinstance(column, ColPairs):
        return comparison_of(column, vendor)
    if any(comparison_of(each, vendor).stored for each in column.get_cols()):
        raise unmergeable(asked, "a distinct primary key of such columns")
    return AS_READ
