"""Grouping: GROUP BY over groups that have rows on several shards.

Each shard groups its own rows and returns partial aggregates. Groups with the same key are combined
here, and then HAVING, ORDER BY and the limits are applied.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db import connections
from django.db.models import Aggregate, Model
from django.db.models.query import ValuesListIterable
from django.db.models.sql import Query
from django.db.models.sql.where import AND, WhereNode

from ..routed_queryset import RoutedQuerySet, ask_each, fetch_rows
from . import aggregates
from .comparison import AS_READ, Comparison, comparison_of, is_json, require_code_point
from .evaluation import Evaluation, Figures, Key, without_refs
from .merging import (
    SHAPES,
    Sortable,
    in_shape,
    null_rank,
    unmergeable,
    value_names,
    warn_of_rows,
)


def fetch(queryset: RoutedQuerySet[Model], shards: tuple[str, ...]) -> list[Any]:
    """Return the rows of a queryset that is grouped by columns whose values may be on several
    shards.

    Holds one partial row for each group and shard in memory, whatever the limit.
    """
    return list(_Groups(queryset, shards).rows())


def count(queryset: RoutedQuerySet[Model], shards: tuple[str, ...]) -> int:
    """Return the number of rows that fetch() returns. Only what the conditions on groups need is
    aggregated, as by Django's own count()."""
    groups = _Groups(queryset, shards, counted=not queryset.query.distinct)
    return sum(1 for _ in groups.rows())


class _Groups:
    """One grouped queryset: what it is grouped by and what it aggregates; nothing but the first if
    its groups are `counted`."""

    columns: list[Any]
    orders: list[Any]
    order_sources: list[Any]

    def __init__(
        self, queryset: RoutedQuerySet[Model], shards: tuple[str, ...], *, counted: bool = False
    ) -> None:
        self.queryset, self.shards = queryset, shards
        query = queryset.query.clone()
        if query.combinator or query.extra or query.distinct_fields:
            raise unmergeable(queryset, "groups with extra() or distinct(fields)")
        if queryset._iterable_class not in SHAPES:
            raise unmergeable(queryset, f"groups as {queryset._iterable_class.__name__}")
        self._read(query)
        self.vendor = connections[shards[0]].vendor
        self.keys = self._keys(query)
        self.key_comparisons = [self._comparison(key) for key in self.keys]
        # The values of a group's keys as they are read, by those that tell groups apart.
        self.key_values: dict[Key, Key] = {}
        if counted:
            self.columns, self.orders, self.order_sources = [], [], []
        self.aggregates = self._aggregates()
        self.order_comparisons = [self._order_comparison(each) for each in self.order_sources]
        self.evaluation = Evaluation(queryset, self.keys, self.vendor)
        for expression in (*self.columns, *self.order_sources):
            self.evaluation.require_known(expression)
        if self.having is not None:
            self.evaluation.require_decidable(self.having)

    def _read(self, query: Query) -> None:
        """Set the columns, the orders and the two conditions that Django compiles `query` to."""
        compiler = query.get_compiler(using=self.shards[0])
        compiler.setup_query()
        self.columns = [without_refs(expression) for expression, _, _ in compiler.select]
        self.orders = [order for order, _ in compiler.get_order_by()]
        if compiler._meta_ordering:  # as Django, which does not order groups by it
            self.orders = []
        self.order_sources = [without_refs(order.expression) for order in self.orders]
        where: Any = query.where  # the stubs have an older version's method
        self.where, self.having, windows = where.split_having_qualify(must_group_by=True)
        if windows is not None or any(each.contains_over_clause for each in self.columns):
            raise unmergeable(self.queryset, "groups with a window function")

    def rows(self) -> Iterator[Any]:
        query = self.queryset.query
        found = self._found()
        holds, value = self.evaluation.holds, self.evaluation.value
        read = self.key_values
        if self.having is not None:
            found = {key: got for key, got in found.items() if holds(self.having, read[key], got)}
        groups = list(found.items())
        if self.orders or query.is_sliced:
            # Equal ones by key, so that slices have no seams.
            groups.sort(key=lambda group: (self._sort_key(*group), [Sortable(v) for v in group[0]]))
        rows: Any = (
            tuple(value(each, read[key], got) for each in self.columns) for key, got in groups
        )
        if query.distinct:
            if any(self._comparison(column) != AS_READ for column in self.columns):
                raise unmergeable(self.queryset, "distinct groups of such columns")
            rows = dict.fromkeys(rows)
        cut = islice(rows, query.low_mark, query.high_mark)
        if not self.columns:
            return cut
        return in_shape(cut, self.queryset._iterable_class, value_names(query))

    def _sort_key(self, key: Key, figures: Figures) -> list[Sortable]:
        nulls_last = connections[self.shards[0]].features.nulls_order_largest
        return [
            Sortable(
                self._sort_value(source, comparison, key, figures),
                order.descending,
                null_rank(order, nulls_last),
            )
            for order, source, comparison in zip(
                self.orders, self.order_sources, self.order_comparisons, strict=True
            )
        ]

    def _sort_value(self, source: Any, comparison: Comparison, key: Key, figures: Figures) -> Any:
        if comparison.stored:
            return key[self.keys.index(source)]
        return comparison.of(self.evaluation.value(source, self.key_values[key], figures))

    # -- What to group by and to aggregate --------------------------------------------------

    def _keys(self, query: Query) -> list[Any]:
        """Return what the rows are grouped by, as SQLCompiler.get_group_by does in SQL."""
        grouped: Any = query.group_by
        keys = [
            without_refs(each if hasattr(each, "as_sql") else query.resolve_ref(each))
            for each in grouped
        ]
        for expression in self._expressions():
            keys += (without_refs(each) for each in expression.get_group_by_cols())
        keys = list(dict.fromkeys(keys))
        for key in keys:
            self._require_comparable(key)
        return keys

    def _require_comparable(self, key: Any) -> None:
        if is_json(key):
            raise unmergeable(self.queryset, "groups by JSON")
        label = self.queryset.model._meta.label
        require_code_point(label, [key], self.shards[0], "groups by text")

    def _comparison(self, expression: Any) -> Comparison:
        return comparison_of(expression, self.vendor)

    def _order_comparison(self, source: Any) -> Comparison:
        comparison = self._comparison(source)
        if comparison.stored and source not in self.keys:
            raise unmergeable(self.queryset, f"an order of groups by {source}")
        return comparison

    def _aggregates(self) -> list[Aggregate]:
        found: dict[Aggregate, None] = {}
        for expression in self._expressions():
            found.update(dict.fromkeys(_aggregates_in(expression)))
        for aggregate in found:
            aggregates.require_mergeable(self.queryset, aggregate)
        return list(found)

    def _expressions(self) -> Iterator[Any]:
        yield from self.columns
        yield from self.order_sources
        if self.having is not None:
            yield self.having

    # -- Asking the shards ------------------------------------------------------------------

    def _ask(self, columns: dict[str, Any], where: Any, *, grouped: bool) -> list[list[Key]]:
        """Return each shard's rows of SELECT `columns`, grouped by the keys or distinct."""
        asked = self.queryset._chain()
        query = asked.query
        query.where = WhereNode([where] if where is not None else [], AND)
        query.clear_ordering(force=True)
        query.clear_limits()
        query.clear_select_clause()
        query.selected = None
        query.values_select = ()
        query.annotations = {**query.annotations, **columns}
        query.set_annotation_mask(columns)
        query.group_by = tuple(self.keys) if grouped else None
        query.distinct = not grouped
        asked._fields = ()
        asked._iterable_class = ValuesListIterable
        answers = ask_each(asked, self.shards, fetch_rows)
        self.queryset.shards_missing = asked.shards_missing
        warn_of_rows(self.queryset, sum(map(len, answers)), self.shards)
        return answers

    def _found(self) -> dict[Key, Figures]:
        """Return the aggregates over all rows of each group, by what tells it from others."""
        distinct = {
            aggregate: self._values(aggregate)
            for aggregate in self.aggregates
            if aggregates.needs_values(aggregate)
        }
        parts: dict[str, Any] = {}
        combines = {}
        for number, aggregate in enumerate(self.aggregates):
            if aggregate not in distinct:
                name = f"_shardrouter_part_{number}"
                source = aggregate.get_source_expressions()[0]
                partials, combines[aggregate] = aggregates.split(
                    self.queryset, name, aggregate, source, self.shards, self._means
                )
                parts |= partials
        return {
            key: {aggregate: combine(answers) for aggregate, combine in combines.items()}
            | {
                aggregate: aggregates.aggregate_values(values.get(key, {}).values(), aggregate)
                for aggregate, values in distinct.items()
            }
            for key, answers in self._partials(parts).items()
        }

    def _key_columns(self) -> dict[str, Any]:
        """Return the keys, and those once more that are compared as the database stores them."""
        columns = {f"_shardrouter_key_{number}": key for number, key in enumerate(self.keys)}
        for number, (key, each) in enumerate(zip(self.keys, self.key_comparisons, strict=True)):
            if each.stored:
                columns[f"_shardrouter_stored_{number}"] = each.source(key)
        return columns

    def _split_row(self, row: Key) -> tuple[Key, Key]:
        """Return what tells the group of `row` from others, and the row without its keys."""
        width = len(self.keys)
        read = row[:width]
        if all(each == AS_READ for each in self.key_comparisons):
            self.key_values[read] = read
            return read, row[width:]
        rest = iter(row[width:])
        key = tuple(
            each.of(next(rest) if each.stored else value)
            for each, value in zip(self.key_comparisons, read, strict=True)
        )
        self.key_values.setdefault(key, read)
        return key, tuple(rest)

    def _partials(self, parts: dict[str, Any]) -> dict[Key, list[dict[str, Any]]]:
        """Return the partial aggregates `parts` of each shard that has a group, by its key."""
        gathered: dict[Key, list[dict[str, Any]]] = defaultdict(list)
        for answer in self._ask(self._key_columns() | parts, self.where, grouped=True):
            for row in answer:
                key, values = self._split_row(row)
                gathered[key].append(dict(zip(parts, values, strict=True)))
        return gathered

    def _means(self, mean: Aggregate) -> list[Any]:
        answers = self._ask({"_shardrouter_mean": mean}, self.where, grouped=False)
        return [row[0] for answer in answers for row in answer]

    def _values(self, aggregate: Aggregate) -> dict[Key, dict[Any, Any]]:
        """Return the distinct values that `aggregate` is over, by the group's key and then by
        what tells one value from others."""
        source = aggregate.get_source_expressions()[0]
        comparison = aggregates.comparison_of_distinct(
            self.queryset, aggregate, source, self.shards
        )
        condition = aggregates.condition_of(aggregate)
        where = [each for each in (self.where, condition) if each is not None]
        columns = {
            **self._key_columns(),
            "_shardrouter_value": source,
            "_shardrouter_stored": comparison.source(source),
        }
        found: dict[Key, dict[Any, Any]] = defaultdict(dict)
        for answer in self._ask(columns, WhereNode(where, AND), grouped=False):
            for row in answer:
                key, (value, stored) = self._split_row(row)
                found[key][comparison.of(stored)] = value
        return found


def _aggregates_in(expression: Any) -> Iterator[Aggregate]:
    if isinstance(expression, Aggregate):
        yield without_refs(expression)
        return
    for part in expression.get_source_expressions():
        if hasattr(part, "get_source_expressions"):
            yield from _aggregates_in(part)
