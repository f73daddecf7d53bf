"""Scatter: one query asked of several shards and merged as one database would answer it.

What cannot be merged exactly raises CrossShardQuery.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from operator import itemgetter
from typing import Any

from django.db import connections
from django.db.models import QuerySet
from django.db.models.expressions import Col, ExpressionWrapper, OrderBy, Window
from django.db.models.functions import Collate, Random
from django.db.models.query import ModelIterable, ValuesListIterable
from django.db.models.sql import Query
from django.db.models.sql.constants import INNER

from . import aggregates, availability, conf, grouping
from .merging import (
    CODE_POINT_COLLATIONS,
    SHAPES,
    Sortable,
    cannot,
    is_text,
    logger,
    null_rank,
    shaped,
    value_names,
    warn_of_rows,
    without_ref,
)
from .placement import fixes_slot

_KEY = "_shardrouter_order_"
_STREAMED = "A scattered iterator on %s reads more than %d rows from %d shards."


def fetch(queryset: Any, shards: tuple[str, ...]) -> list[Any]:
    """All rows of `queryset` over `shards`, merged; at most limit × shards in memory."""
    if not is_local(queryset.query):
        return grouping.fetch(queryset, shards)
    plan = _Plan(queryset, shards)
    answers = queryset._ask(shards, plan.rows)
    warn_of_rows(queryset, sum(map(len, answers)), shards)
    return list(plan.merged(answers))


def stream(queryset: Any, shards: tuple[str, ...], chunk_size: int) -> Iterator[Any]:
    """As fetch, but row by row; holds one chunk a shard. A shard that fails raises."""
    if not is_local(queryset.query):
        yield from grouping.fetch(queryset, shards)
        return
    plan = _Plan(queryset, shards)
    limit = conf.get("SCATTER_WARNING_ROWS")
    streams = [plan.stream(queryset, alias, chunk_size) for alias in shards]
    for number, row in enumerate(plan.merged(streams), 1):
        if number == limit + 1:
            label = queryset.model._meta.label
            logger.warning(_STREAMED, label, limit, len(shards))
        yield row


def count(queryset: Any, shards: tuple[str, ...]) -> int:
    """SELECT COUNT over all `shards`."""
    query = queryset.query
    if not shards:
        return 0
    if not is_local(query):
        return len(grouping.fetch(queryset, shards))
    if query.distinct and queryset._fields is not None:
        # Equal rows of two shards count once, so they have to be seen.
        unordered = queryset if query.is_sliced else queryset.order_by()
        return len(fetch(unordered, shards))
    unlimited = queryset._chain()
    unlimited.query.clear_limits()
    total = sum(unlimited._ask(shards, QuerySet.count))
    queryset.shards_missing = unlimited.shards_missing
    high = total if query.high_mark is None else min(total, query.high_mark)
    return max(0, high - query.low_mark)


def aggregate(
    queryset: Any, shards: tuple[str, ...], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """QuerySet.aggregate over all `shards`."""
    query = queryset.query
    if query.is_sliced or query.distinct_fields or not is_local(query):
        raise cannot(queryset, "an aggregate over a slice, distinct(fields) or groups")
    if query.distinct and queryset._fields is not None:
        raise cannot(queryset, "an aggregate over distinct values()")
    return aggregates.aggregate(queryset, shards, args, kwargs)


def is_local(query: Query) -> bool:
    """Whether each row of the answer comes from one shard: no groups, or groups by a column
    that fixes the slot."""
    if query.group_by is None or query.group_by is True:
        return True
    return any(fixes_slot_of_rows(column, query) for column in query.group_by)


def fixes_slot_of_rows(column: Any, query: Query) -> bool:
    """Whether all rows of `query` with one value of `column` are in one slot."""
    if not isinstance(column, Col) or not fixes_slot(column.target) or column.target.null:
        return False
    # An outer join gives NULL for the rows without a match, and those are on every shard.
    table = query.alias_map.get(column.alias)
    while table is not None and table.parent_alias:
        if table.join_type != INNER:
            return False
        table = query.alias_map.get(table.parent_alias)
    return True


def _windows(query: Query) -> Iterator[Window]:
    for part in (query.where, *query.annotations.values()):
        if part.contains_over_clause:
            yield from (each for each in _inside(part) if isinstance(each, Window))


def _inside(expression: Any) -> Iterator[Any]:
    yield expression
    for part in _parts(expression):
        yield from _inside(part)


def _parts(expression: Any) -> list[Any]:
    if expression is None:
        return []
    return [part for part in expression.get_source_expressions() if part is not None]


class _Plan:
    """How one queryset is asked on each shard and how its rows are put together again.

    Each shard sorts and limits its own rows and gives the values it sorted by as additional
    columns, which are taken off once the rows are merged.
    """

    def __init__(self, queryset: Any, shards: tuple[str, ...]) -> None:
        query = queryset.query
        if query.distinct_fields:
            raise cannot(queryset, "distinct(fields)")
        for window in _windows(query):
            if not any(fixes_slot_of_rows(part, query) for part in _parts(window.partition_by)):
                raise cannot(queryset, "a window function that is not partitioned by shard key")
        self.low, self.high = query.low_mark, query.high_mark
        self.iterable = queryset._iterable_class
        self.of_models = issubclass(self.iterable, ModelIterable)
        if not self.of_models and self.iterable not in SHAPES:
            raise cannot(queryset, self.iterable.__name__)
        self.names = value_names(queryset.query)
        self.distinct = query.distinct and not self.of_models
        self.asked = queryset._chain()
        self.asked._scatter = None
        self.orders = self._order(self.asked, shards)
        if self.low or self.high is not None:
            self.asked.query.clear_limits()
            self.asked.query.set_limits(0, self.high)
        if not self.of_models:
            self.asked._iterable_class = ValuesListIterable

    def rows(self, pinned: Any) -> list[tuple[Any, Any]]:
        """(sort key, row) of each row on the shard that `pinned` is pinned to."""
        asked = self.asked._pinned(pinned.db)
        return list(self._keyed(asked._iterable_class(asked)))

    def stream(self, queryset: Any, alias: str, chunk_size: int) -> Iterator[tuple[Any, Any]]:
        asked = self.asked._pinned(alias)
        chunked = not connections[alias].settings_dict.get("DISABLE_SERVER_SIDE_CURSORS")
        with availability.of(alias):
            yield from self._keyed(asked._iterable_class(asked, chunked, chunk_size))

    def merged(self, answers: Iterable[Iterable[tuple[Any, Any]]]) -> Iterator[Any]:
        """The rows in order, without doubles where distinct, between the limits, in shape."""
        pairs: Iterator[tuple[Any, Any]]
        if self.orders:
            pairs = heapq.merge(*answers, key=itemgetter(0))
        else:
            pairs = chain.from_iterable(answers)
        if self.distinct:
            pairs = _without_doubles(pairs)
        kept = (row for _, row in islice(pairs, self.low, self.high))
        return kept if self.of_models else shaped(kept, self.iterable, self.names)

    def _order(self, asked: Any, shards: tuple[str, ...]) -> list[OrderBy]:
        query = asked.query
        if (
            (self.low or self.high is not None)
            and not self.distinct
            and query.group_by in (None, True)
        ):
            _break_ties(query)
        compiler = query.get_compiler(using=shards[0])
        compiler.setup_query()
        orders = [order for order, _ in compiler.get_order_by()]
        if query.group_by is not None and compiler._meta_ordering:
            orders = []
        if not orders:
            return []
        orders = [_comparable(asked, order, shards) for order in orders]
        query.clear_ordering(force=True)
        query.order_by = tuple(orders)
        query.standard_ordering = True
        for number, order in enumerate(orders):
            self._select(query, f"{_KEY}{number}", order.expression)
        self.nulls_last = connections[shards[0]].features.nulls_order_largest
        return orders

    def _select(self, query: Query, name: str, expression: Any) -> None:
        query.annotations[name] = expression
        query.append_annotation_mask([name])
        if query.selected:
            query.selected[name] = name

    def _keyed(self, rows: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        number = len(self.orders)
        if self.of_models:
            names = [f"{_KEY}{position}" for position in range(number)]
            for row in rows:
                state = row.__dict__
                yield self._key([state.pop(name) for name in names]), row
        else:
            for row in rows:
                end = len(row) - number
                yield self._key(row[end:]), row[:end]

    def _key(self, values: Any) -> list[Sortable]:
        return [
            Sortable(value, order.descending, null_rank(order, self.nulls_last))
            for value, order in zip(values, self.orders, strict=True)
        ]


def _break_ties(query: Query) -> None:
    """Order equal rows by primary key, so that pages cut from several shards have no seams."""
    if query.extra_order_by:
        return
    ordering = query.order_by or (query.default_ordering and query.get_meta().ordering) or ()
    if ordering and not {"pk", "-pk"} & {each for each in ordering if isinstance(each, str)}:
        query.order_by = (*ordering, "pk")


def _comparable(queryset: Any, order: OrderBy, shards: tuple[str, ...]) -> OrderBy:
    """`order`, made to sort on every database as Python compares the values."""
    source = without_ref(order.expression)
    if isinstance(source, Random):
        raise cannot(queryset, "a random order")
    field = source.output_field
    if field.get_internal_type() == "JSONField":
        raise cannot(queryset, "an order by JSON")
    if is_text(source):
        if getattr(field, "db_collation", None) not in CODE_POINT_COLLATIONS:
            raise cannot(queryset, f"an order by text in the collation {field.db_collation}")
        if any(connections[alias].vendor != "sqlite" for alias in shards):
            source = Collate(source, "C")
    if queryset.query.where.contains_over_clause:
        # A sliced prefetch: Django counts a column that is selected twice once too few.
        source = ExpressionWrapper(source, source.output_field)
    copied = order.copy()
    copied.set_source_expressions([source])
    return copied


def _without_doubles(pairs: Iterator[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    # SELECT DISTINCT compares what is sorted by as well, as Django's own does.
    seen = set()
    for key, row in pairs:
        identity = (tuple(row), tuple(column.value for column in key))
        if identity not in seen:
            seen.add(identity)
            yield key, row
