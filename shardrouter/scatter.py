"""Scatter: one query asked of several shards and merged as one database would answer it.

What cannot be merged exactly raises CrossShardQuery.
"""

from __future__ import annotations

import heapq
import logging
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from operator import itemgetter
from typing import Any

from django.db import connections
from django.db.models import CharField, QuerySet, TextField
from django.db.models.expressions import Col, OrderBy, Ref
from django.db.models.functions import Collate, Random
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    NamedValuesListIterable,
    ValuesIterable,
    ValuesListIterable,
)
from django.db.models.sql import Query
from django.db.models.utils import create_namedtuple_class

from . import availability, conf, grouping
from .exceptions import CrossShardQuery
from .placement import fixes_slot

logger = logging.getLogger("shardrouter")

_KEY = "_shardrouter_order_"
# Collations that sort by code point, as Python compares text.
_CODE_POINT_COLLATIONS = {None, "BINARY", "C", "POSIX", "ucs_basic"}


def fetch(queryset: Any, shards: tuple[str, ...]) -> list[Any]:
    """All rows of `queryset` over `shards`, merged; at most limit × shards in memory."""
    if not is_local(queryset.query):
        return grouping.fetch(queryset, shards)
    plan = _Plan(queryset, shards)
    answers = queryset._ask(shards, plan.rows)
    read = sum(len(rows) for rows in answers)
    if read > conf.get("SCATTER_WARNING_ROWS"):
        logger.warning(
            "A scattered query on %s read %d rows from %d shards; give it a limit or a shard key.",
            queryset.model._meta.label,
            read,
            len(shards),
        )
    return list(plan.merged(answers))


def stream(queryset: Any, shards: tuple[str, ...], chunk_size: int) -> Iterator[Any]:
    """As fetch, but row by row; holds one chunk a shard. A shard that fails raises."""
    if not is_local(queryset.query):
        yield from grouping.fetch(queryset, shards)
        return
    plan = _Plan(queryset, shards)
    yield from plan.merged([plan.stream(queryset, alias, chunk_size) for alias in shards])


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
        raise _cannot(queryset, "an aggregate over a slice, distinct(fields) or groups")
    if query.distinct and queryset._fields is not None:
        raise _cannot(queryset, "an aggregate over distinct values()")
    return grouping.aggregate(queryset, shards, args, kwargs)


def is_local(query: Query) -> bool:
    """Whether each row of the answer comes from one shard: no groups, or groups by a column
    that fixes the slot."""
    if query.group_by is None or query.group_by is True:
        return True
    return any(isinstance(column, Col) and fixes_slot(column.target) for column in query.group_by)


def _cannot(queryset: Any, what: str) -> CrossShardQuery:
    return CrossShardQuery(
        queryset.model._meta.label,
        f"{what} cannot be merged from several shards exactly",
        "Name the shard key, or evaluate the rows and work in Python.",
    )


class _Plan:
    """How one queryset is asked on each shard and how its rows are put together again.

    Each shard sorts and limits its own rows and gives the values it sorted by as additional
    columns, which are taken off once the rows are merged.
    """

    def __init__(self, queryset: Any, shards: tuple[str, ...]) -> None:
        query = queryset.query
        if query.distinct_fields:
            raise _cannot(queryset, "distinct(fields)")
        if any(each.contains_over_clause for each in query.annotations.values()):
            raise _cannot(queryset, "a window function")
        self.low, self.high = query.low_mark, query.high_mark
        self.iterable = queryset._iterable_class
        self.of_models = issubclass(self.iterable, ModelIterable)
        if not self.of_models and self.iterable not in _SHAPES:
            raise _cannot(queryset, self.iterable.__name__)
        self.names = _value_names(queryset.query)
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
        return kept if self.of_models else self._shaped(kept)

    def _order(self, asked: Any, shards: tuple[str, ...]) -> list[OrderBy]:
        query = asked.query
        if (self.low or self.high is not None) and not self.distinct and query.group_by is None:
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
            source = order.expression
            source = source.source if isinstance(source, Ref) else source
            self._select(query, f"{_KEY}{number}", source)
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

    def _key(self, values: Any) -> list[_Sortable]:
        return [
            _Sortable(value, order.descending, _null_rank(order, self.nulls_last))
            for value, order in zip(values, self.orders, strict=True)
        ]

    def _shaped(self, rows: Iterator[tuple[Any, ...]]) -> Iterator[Any]:
        if self.iterable is ValuesIterable:
            return (dict(zip(self.names, row, strict=True)) for row in rows)
        if self.iterable is FlatValuesListIterable:
            return (row[0] for row in rows)
        if self.iterable is NamedValuesListIterable:
            named = create_namedtuple_class(*self.names)
            return (tuple.__new__(named, row) for row in rows)
        return (tuple(row) for row in rows)


_SHAPES = {ValuesIterable, ValuesListIterable, FlatValuesListIterable, NamedValuesListIterable}


def _value_names(query: Query) -> list[str]:
    if query.selected:
        return list(query.selected)
    return [*query.extra_select, *query.values_select, *query.annotation_select]


def _break_ties(query: Query) -> None:
    """Order equal rows by primary key, so that pages cut from several shards have no seams."""
    if query.extra_order_by:
        return
    ordering = query.order_by or (query.default_ordering and query.get_meta().ordering) or ()
    if ordering and not {"pk", "-pk"} & {each for each in ordering if isinstance(each, str)}:
        query.order_by = (*ordering, "pk")


def _comparable(queryset: Any, order: OrderBy, shards: tuple[str, ...]) -> OrderBy:
    """`order`, made to sort on every database as Python compares the values."""
    expression = order.expression
    source = expression.source if isinstance(expression, Ref) else expression
    if isinstance(source, Random):
        raise _cannot(queryset, "a random order")
    field = source.output_field
    if field.get_internal_type() == "JSONField":
        raise _cannot(queryset, "an order by JSON")
    if not isinstance(field, CharField | TextField):
        return order
    if getattr(field, "db_collation", None) not in _CODE_POINT_COLLATIONS:
        raise _cannot(queryset, f"an order by text in the collation {field.db_collation}")
    if all(connections[alias].vendor == "sqlite" for alias in shards):
        return order
    copied = order.copy()
    copied.set_source_expressions([Collate(source, "C")])
    return copied


def _null_rank(order: OrderBy, nulls_last: bool) -> int:
    """-1 where NULL comes before every value in the order as read, 1 where it comes after."""
    if order.nulls_first:
        return -1
    if order.nulls_last:
        return 1
    return 1 if nulls_last != order.descending else -1


class _Sortable:
    """One column of a sort key: knows NULLs and direction. Compared with its like only."""

    __slots__ = ("descending", "null_rank", "value")

    def __init__(self, value: Any, descending: bool, null_rank: int) -> None:
        self.value = value
        self.descending = descending
        self.null_rank = null_rank

    def __eq__(self, other: object) -> bool:
        return self.value == other.value  # type: ignore[attr-defined]

    def __lt__(self, other: _Sortable) -> bool:
        if self.value is None or other.value is None:
            if self.value is None and other.value is None:
                return False
            return (self.null_rank < 0) == (self.value is None)
        if self.descending:
            return other.value < self.value
        return self.value < other.value

    __hash__ = None  # type: ignore[assignment]


def _without_doubles(pairs: Iterator[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    # SELECT DISTINCT compares what is sorted by as well, as Django's own does.
    seen = set()
    for key, row in pairs:
        identity = (tuple(row), tuple(column.value for column in key))
        if identity not in seen:
            seen.add(identity)
            yield key, row
