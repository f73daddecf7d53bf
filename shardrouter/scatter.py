"""Scatter: one query asked of several shards and merged as one database would answer it.

What cannot be merged exactly raises CrossShardQuery.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from itertools import chain, islice
from operator import attrgetter, itemgetter
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
    answers = plan.asked._ask(shards, lambda asked: list(asked._iterable_class(asked)))
    queryset.shards_missing = plan.asked.shards_missing
    warn_of_rows(queryset, sum(map(len, answers)), shards)
    return plan.all_rows(answers)


def stream(queryset: Any, shards: tuple[str, ...], chunk_size: int) -> Iterator[Any]:
    """As fetch, but row by row; holds one chunk a shard. A shard that fails raises."""
    if not is_local(queryset.query):
        yield from grouping.fetch(queryset, shards)
        return
    plan = _Plan(queryset, shards)
    limit = conf.get("SCATTER_WARNING_ROWS")
    streams = [plan.stream(alias, chunk_size) for alias in shards]
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

    Each shard sorts and limits its own rows. What they were sorted by is read off the rows, or,
    where they do not have it, selected as additional columns, which are taken off in the end.
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
        self.selected = 0
        self.orders = self._order(self.asked, shards)
        self._choose_key(shards)
        if self.low or self.high is not None:
            self.asked.query.clear_limits()
            self.asked.query.set_limits(0, self.high)
        if not self.of_models:
            self.asked._iterable_class = ValuesListIterable

    def stream(self, alias: str, chunk_size: int) -> Iterator[Any]:
        """The rows of one shard, as they are merged."""
        asked = self.asked._pinned(alias)
        chunked = not connections[alias].settings_dict.get("DISABLE_SERVER_SIDE_CURSORS")
        with availability.of(alias):
            yield from asked._iterable_class(asked, chunked, chunk_size)

    def all_rows(self, answers: list[list[Any]]) -> list[Any]:
        """The rows of all shards' answers, merged."""
        rows = list(chain.from_iterable(answers))
        if self.orders:
            # Sorting runs that are sorted is what timsort does best.
            rows.sort(key=self.key, reverse=self.reverse)
        return list(self._finished(iter(rows)))

    def merged(self, streams: list[Iterator[Any]]) -> Iterator[Any]:
        """The rows of all streams, merged as they come."""
        if not self.orders:
            return self._finished(chain.from_iterable(streams))
        return self._finished(heapq.merge(*streams, key=self.key, reverse=self.reverse))

    def _finished(self, rows: Iterator[Any]) -> Iterator[Any]:
        """Rows in order: without doubles where distinct, between the limits, in shape."""
        if self.distinct:
            # SELECT DISTINCT compares what is sorted by as well, as Django's own does.
            rows = _without_doubles(rows)
        if self.low or self.high is not None:
            rows = islice(rows, self.low, self.high)
        if not self.selected:
            return rows if self.of_models else shaped(rows, self.iterable, self.names)
        if self.of_models:
            return map(self._without_order, rows)
        end = -self.selected
        return shaped((row[:end] for row in rows), self.iterable, self.names)

    def _without_order(self, row: Any) -> Any:
        for number in range(self.selected):
            del row.__dict__[f"{_KEY}{number}"]
        return row

    def _order(self, asked: Any, shards: tuple[str, ...]) -> list[OrderBy]:
        query = asked.query
        limited = self.low or self.high is not None
        if limited and not self.distinct and query.group_by in (None, True):
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
        return orders

    def _choose_key(self, shards: tuple[str, ...]) -> None:
        """Set `key`, the sort key of a row, and `reverse`, whether the largest comes first."""
        self.key: Callable[[Any], Any] = id
        self.reverse = False
        if not self.orders:
            return
        query = self.asked.query
        get: Callable[[Any], Any]
        own = [self._own_column(order.expression, query) for order in self.orders]
        if all(own):
            get = attrgetter(*(column.attname for column in own))
        else:
            for number, order in enumerate(self.orders):
                self._select(query, f"{_KEY}{number}", order.expression)
            self.selected = number = len(self.orders)
            if self.of_models:
                get = attrgetter(*(f"{_KEY}{position}" for position in range(number)))
            else:
                get = itemgetter(*range(-number, 0))
        ways = {bool(order.descending) for order in self.orders}
        if len(ways) == 1 and all(own) and not any(column.null for column in own):
            self.key, self.reverse = get, ways.pop()
            return
        nulls_last = connections[shards[0]].features.nulls_order_largest
        ranks = [(order.descending, null_rank(order, nulls_last)) for order in self.orders]
        if len(ranks) == 1:
            ((descending, rank),) = ranks
            self.key = lambda row: Sortable(get(row), descending, rank)
        else:
            self.key = lambda row: [
                Sortable(value, descending, rank)
                for value, (descending, rank) in zip(get(row), ranks, strict=True)
            ]

    def _own_column(self, expression: Any, query: Query) -> Any:
        """The field whose value every row read has, when `expression` is nothing else."""
        if isinstance(expression, Collate):
            (expression,) = expression.get_source_expressions()
        if not self.of_models or query.deferred_loading != (frozenset(), True):
            return None
        own = isinstance(expression, Col) and expression.alias == query.base_table
        return expression.target if own and expression.target.concrete else None

    def _select(self, query: Query, name: str, expression: Any) -> None:
        query.annotations[name] = expression
        query.append_annotation_mask([name])
        if query.selected:
            query.selected[name] = name


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


def _without_doubles(rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    seen = set()
    for row in map(tuple, rows):
        if row not in seen:
            seen.add(row)
            yield row
