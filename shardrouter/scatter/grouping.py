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
from .evaluation import Evaluation, Figures, Key, without_refs
from .merging import (
    CODE_POINT_COLLATIONS,
    SHAPES,
    Sortable,
    in_shape,
    is_text,
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


class _Groups:
    """One grouped queryset: what it is grouped by and what it aggregates."""

    def __init__(self, queryset: RoutedQuerySet[Model], shards: tuple[str, ...]) -> None:
        self.queryset, self.shards = queryset, shards
        query = queryset.query.clone()
        if query.combinator or query.extra or query.distinct_fields:
            raise unmergeable(queryset, "groups with extra() or distinct(fields)")
        if queryset._iterable_class not in SHAPES:
            raise unmergeable(queryset, f"groups as {queryset._iterable_class.__name__}")
        self._read(query)
        self.keys = self._keys(query)
        self.aggregates = self._aggregates()
        self.evaluation = Evaluation(queryset, self.keys)
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
        if self.having is not None:
            found = {key: got for key, got in found.items() if holds(self.having, key, got)}
        groups = list(found.items())
        if self.orders or query.is_sliced:
            # Equal ones by key, so that slices have no seams.
            groups.sort(key=lambda group: (self._sort_key(*group), [Sortable(v) for v in group[0]]))
        rows: Any = (tuple(value(each, *group) for each in self.columns) for group in groups)
        if query.distinct:
            rows = dict.fromkeys(rows)
        cut = islice(rows, query.low_mark, query.high_mark)
        return in_shape(cut, self.queryset._iterable_class, value_names(query))

    def _sort_key(self, key: Key, figures: Figures) -> list[Sortable]:
        nulls_last = connections[self.shards[0]].features.nulls_order_largest
        return [
            Sortable(
                self.evaluation.value(source, key, figures),
                order.descending,
                null_rank(order, nulls_last),
            )
            for order, source in zip(self.orders, self.order_sources, strict=True)
        ]

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
        field = key.output_field
        if field.get_internal_type() == "JSONField":
            raise unmergeable(self.queryset, "groups by JSON")
        collation = getattr(field, "db_collation", None) if is_text(key) else None
        if collation not in CODE_POINT_COLLATIONS:
            raise unmergeable(self.queryset, f"groups by text in the collation {collation}")

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
        """Return the aggregates over all rows of each group, by its key."""
        keys = {f"_shardrouter_key_{number}": key for number, key in enumerate(self.keys)}
        distinct = {
            aggregate: self._values(keys, aggregate)
            for aggregate in self.aggregates
            if aggregates.needs_values(aggregate)
        }
        parts: dict[str, Any] = {}
        combines = {}
        for number, aggregate in enumerate(self.aggregates):
            if aggregate not in distinct:
                source = aggregate.get_source_expressions()[0]
                partials, combines[aggregate] = aggregates.split(
                    f"_shardrouter_part_{number}", aggregate, source, self.shards, self._means
                )
                parts |= partials
        return {
            key: {aggregate: combine(answers) for aggregate, combine in combines.items()}
            | {
                aggregate: aggregates.aggregate_values(values.get(key, set()), aggregate)
                for aggregate, values in distinct.items()
            }
            for key, answers in self._partials(keys, parts).items()
        }

    def _partials(
        self, keys: dict[str, Any], parts: dict[str, Any]
    ) -> dict[Key, list[dict[str, Any]]]:
        """Return the partial aggregates `parts` of each shard that has a group, by its key."""
        gathered: dict[Key, list[dict[str, Any]]] = defaultdict(list)
        end = len(keys)
        for answer in self._ask(keys | parts, self.where, grouped=True):
            for row in answer:
                gathered[tuple(row[:end])].append(dict(zip(parts, row[end:], strict=True)))
        return gathered

    def _means(self, mean: Aggregate) -> list[Any]:
        answers = self._ask({"_shardrouter_mean": mean}, self.where, grouped=False)
        return [row[0] for answer in answers for row in answer]

    def _values(self, keys: dict[str, Any], aggregate: Aggregate) -> dict[Key, set[Any]]:
        """Return the distinct values that `aggregate` is over, by the group's key."""
        source = aggregate.get_source_expressions()[0]
        condition = aggregates.condition_of(aggregate)
        where = [each for each in (self.where, condition) if each is not None]
        columns = {**keys, "_shardrouter_value": source}
        found: dict[Key, set[Any]] = defaultdict(set)
        for answer in self._ask(columns, WhereNode(where, AND), grouped=False):
            for *key, value in answer:
                found[tuple(key)].add(value)
        return found


def _aggregates_in(expression: Any) -> Iterator[Aggregate]:
    if isinstance(expression, Aggregate):
        yield without_refs(expression)
        return
    for part in expression.get_source_expressions():
        if hasattr(part, "get_source_expressions"):
            yield from _aggregates_in(part)
