"""MergePlan: how the rows of one queryset are asked of each shard and merged."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from operator import attrgetter, itemgetter
from typing import Any

from django.db import connections
from django.db.models import Field, Model
from django.db.models.expressions import Col, ExpressionWrapper, OrderBy
from django.db.models.fields.related_descriptors import ForeignKeyDeferredAttribute
from django.db.models.functions import Collate, Random
from django.db.models.query import ModelIterable, ValuesListIterable
from django.db.models.query_utils import DeferredAttribute
from django.db.models.sql import Query

from .. import availability
from ..django_internals import ColPairs, without_ref
from ..overlap import ask_shards
from ..routed_queryset import RoutedQuerySet, pin
from ..routing import split_window, windows_are_local
from .comparison import (
    AS_READ,
    Comparison,
    by_code_point,
    comparison_of,
    is_json,
    is_text,
    require_code_point,
)
from .doubles import Doubles
from .merging import SHAPES, Sortable, in_shape, null_rank, unmergeable, value_names

_KEY = "_shardrouter_order_"
# The attributes of instances that keep what was read.
_AS_READ = (DeferredAttribute, ForeignKeyDeferredAttribute)
SortKey = Callable[[Any], Any]


class MergePlan:
    """What to ask each shard for one queryset, and how to merge the rows that come back.

    Each shard sorts and limits its own rows. The values that they are sorted by are read off the
    rows, or, if the rows do not have them, selected as additional columns and removed at the end.

    `asked` is the queryset to run on each shard, pinned, through its own `_iterable_class`;
    merge() then takes the lists of rows, in any order, and may be called again for other rows.
    Raise CrossShardQuery for what cannot be merged exactly.
    """

    def __init__(self, queryset: RoutedQuerySet[Model], shards: tuple[str, ...]) -> None:
        query = queryset.query
        self._iterable = queryset._iterable_class
        self._of_models = issubclass(self._iterable, ModelIterable)
        self._require_mergeable(queryset)
        self._low, self._high = query.low_mark, query.high_mark
        self._names = value_names(query)
        self._distinct = query.distinct and not self._of_models
        self.asked = queryset._chain()
        self._orders = self._order(self.asked, shards)
        vendor = connections[shards[0]].vendor
        self._comparisons = [comparison_of(order.expression, vendor) for order in self._orders]
        # Before what is selected for sorting, which is read from the end.
        self._doubles = Doubles(self.asked, shards[0]) if self._distinct else None
        own = list(map(self._own_column, self._orders, self._comparisons))
        # How many columns are selected for sorting alone.
        self._selected = 0 if all(own) else len(self._orders)
        self._key, self._reverse = self._sort_key(own, shards)
        if self._limited:
            self.asked.query.clear_limits()
            self.asked.query.set_limits(0, self._high)
        if not self._of_models:
            self.asked._iterable_class = ValuesListIterable

    def streams(self, shards: tuple[str, ...], chunk_size: int) -> list[Iterator[Any]]:
        """Return the rows of each shard as merge_streams() takes them, with their first chunks
        fetched together."""

        def begin(alias: str) -> Iterator[Any]:
            rows = self._stream(alias, chunk_size)
            return chain(list(islice(rows, 1)), rows)

        return ask_shards(shards, begin, first_rows=chunk_size)[0]

    def _stream(self, alias: str, chunk_size: int) -> Iterator[Any]:
        asked = pin(self.asked, alias)
        chunked = not connections[alias].settings_dict.get("DISABLE_SERVER_SIDE_CURSORS")
        rows: Any = asked._iterable_class(asked, chunked, chunk_size)
        with availability.translate_errors(alias):
            yield from rows

    def merge(self, answers: Iterable[list[Any]]) -> list[Any]:
        """Return the rows of all shards' answers, merged."""
        rows = list(chain.from_iterable(answers))
        if self._orders:
            # Sorting runs that are sorted is what timsort does best.
            rows.sort(key=self._key, reverse=self._reverse)
        return list(self._finished(iter(rows)))

    def merge_streams(self, streams: Sequence[Iterator[Any]]) -> Iterator[Any]:
        """Return the rows of all streams, merged as they come."""
        if not self._orders:
            return self._finished(chain.from_iterable(streams))
        return self._finished(heapq.merge(*streams, key=self._key, reverse=self._reverse))

    @property
    def _limited(self) -> bool:
        return bool(self._low) or self._high is not None

    def _require_mergeable(self, queryset: RoutedQuerySet[Model]) -> None:
        if queryset.query.distinct_fields:
            raise unmergeable(queryset, "distinct(fields)")
        query = queryset.query
        if not windows_are_local(query, [query.where, *query.annotation_select.values()]):
            raise split_window(query)
        if not self._of_models and self._iterable not in SHAPES:
            raise unmergeable(queryset, self._iterable.__name__)

    # -- The rows of all shards in order ----------------------------------------------------

    def _finished(self, rows: Iterator[Any]) -> Iterator[Any]:
        """Return sorted rows without doubles if distinct, between the limits, in shape."""
        added = self._selected
        if self._doubles:
            # SELECT DISTINCT compares what is sorted by as well, as Django's own does.
            rows = self._doubles.left_out(rows, self._comparisons if added else [])
            added += self._doubles.added
        if self._limited:
            rows = islice(rows, self._low, self._high)
        if not added:
            return rows if self._of_models else in_shape(rows, self._iterable, self._names)
        if self._of_models:
            return map(self._without_order, rows)
        return in_shape((row[:-added] for row in rows), self._iterable, self._names)

    def _without_order(self, row: Any) -> Any:
        for number in range(self._selected):
            del row.__dict__[f"{_KEY}{number}"]
        return row

    # -- What the shards sort by, and the merge after them ----------------------------------

    def _order(self, asked: RoutedQuerySet[Model], shards: tuple[str, ...]) -> list[OrderBy]:
        """Make the order of `asked` one that every shard and Python agree on, and return it."""
        query = asked.query
        if self._limited and not self._distinct and query.group_by in (None, True):
            _break_ties(query)
        compiler = query.get_compiler(using=shards[0])
        compiler.setup_query()
        orders = [each for order, _ in compiler.get_order_by() for each in _columns_of(order)]
        if not orders or (query.group_by is not None and compiler._meta_ordering):
            return []
        orders = [_comparable(asked, order, shards) for order in orders]
        query.clear_ordering(force=True)
        query.order_by = tuple(orders)
        if any(isinstance(expression, ColPairs) for expression, _, _ in compiler.select):
            query.order_by = tuple(map(_by_expression, orders))
        query.standard_ordering = True
        return orders

    def _own_column(self, order: OrderBy, comparison: Comparison) -> Field | None:
        """Return the field that is ordered by, if every row that is read has its value as it was
        read."""
        query = self.asked.query
        expression: Any = order.expression
        if comparison.stored:
            return None
        if isinstance(expression, Collate):
            (expression,) = expression.get_source_expressions()
        if not self._of_models or query.deferred_loading != (frozenset(), True):
            return None
        if not isinstance(expression, Col) or expression.alias != query.base_table:
            return None
        field: Any = expression.target
        return field if field.concrete and field.descriptor_class in _AS_READ else None

    def _sort_key(self, own: list[Field | None], shards: tuple[str, ...]) -> tuple[SortKey, bool]:
        """Return the sort key of a row, and whether the largest comes first."""
        if not self._orders:
            return id, False
        columns = [column for column in own if column is not None]
        names = [column.attname for column in columns]
        get = self._select_orders() if self._selected else attrgetter(*names)
        ways = {bool(order.descending) for order in self._orders}
        as_read = all(comparison == AS_READ for comparison in self._comparisons)
        nullable = any(column.null for column in columns)
        if len(ways) == 1 and not self._selected and as_read and not nullable:
            return get, ways.pop()
        nulls_last = connections[shards[0]].features.nulls_order_largest
        return _null_aware(get, self._orders, self._comparisons, nulls_last), False

    def _select_orders(self) -> SortKey:
        """Select what is sorted by as additional columns; return how to read them off a row."""
        query = self.asked.query
        names = [f"{_KEY}{number}" for number in range(self._selected)]
        for name, order, comparison in zip(names, self._orders, self._comparisons, strict=True):
            query.annotations[name] = comparison.source(order.expression)
            query.append_annotation_mask([name])
            if query.selected:
                query.selected[name] = name
        if self._of_models:
            return attrgetter(*names)
        return itemgetter(*range(-self._selected, 0))


def _null_aware(
    get: SortKey, orders: list[OrderBy], comparisons: list[Comparison], nulls_last: bool
) -> SortKey:
    """Return a sort key that knows NULLs, mixed directions and what is compared otherwise."""
    ranks = [
        (order.descending, null_rank(order, nulls_last), comparison.of)
        for order, comparison in zip(orders, comparisons, strict=True)
    ]
    if len(ranks) == 1:
        ((descending, rank, of),) = ranks
        return lambda row: Sortable(of(get(row)), descending, rank)
    return lambda row: [
        Sortable(of(value), descending, rank)
        for value, (descending, rank, of) in zip(get(row), ranks, strict=True)
    ]


def _break_ties(query: Query) -> None:
    """Order equal rows by primary key, so that pages cut from several shards have no seams."""
    if query.extra_order_by:
        return
    ordering = query.order_by or (query.default_ordering and query.get_meta().ordering) or ()
    if ordering and not {"pk", "-pk"} & {each for each in ordering if isinstance(each, str)}:
        query.order_by = (*ordering, "pk")


def _columns_of(order: OrderBy) -> Iterator[OrderBy]:
    """Yield the orders by each column of a composite primary key, or `order` itself."""
    source: Any = without_ref(order.expression)
    if not isinstance(source, ColPairs):
        yield order
        return
    for column in source.get_cols():
        copied = order.copy()
        copied.set_source_expressions([column])
        yield copied


def _by_expression(order: OrderBy) -> OrderBy:
    """Return `order` such that Django does not write it as a position in the SELECT, where it
    counts a composite primary key as one column (https://code.djangoproject.com/ticket/37354)."""
    source: Any = order.expression
    copied = order.copy()
    copied.set_source_expressions([ExpressionWrapper(source, source.output_field)])
    return copied


def _comparable(
    queryset: RoutedQuerySet[Model], order: OrderBy, shards: tuple[str, ...]
) -> OrderBy:
    """Return `order`, made to sort on every database as Python compares the values."""
    source: Any = without_ref(order.expression)
    if not windows_are_local(queryset.query, [source]):
        raise split_window(queryset.query)
    if isinstance(source, Random):
        raise unmergeable(queryset, "a random order")
    if is_json(source):
        raise unmergeable(queryset, "an order by JSON")
    if is_text(source, shards[0]):
        require_code_point(queryset.model._meta.label, [source], shards[0], "an order by text")
        source = by_code_point(source, shards)
    if queryset.query.where.contains_over_clause:
        # A sliced prefetch: Django counts a column that is selected twice once too few.
        source = ExpressionWrapper(source, source.output_field)
    copied = order.copy()
    copied.set_source_expressions([source])
    return copied
