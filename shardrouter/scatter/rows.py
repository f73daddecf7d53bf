"""Rows: the rows of a scattered queryset, at once or one by one, and their number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Model, QuerySet

from .. import conf
from ..routed_queryset import RoutedQuerySet, ask_each, fetch_rows
from ..routing import rows_are_local
from . import grouping
from .merging import logger, warn_of_rows
from .plan import MergePlan

# The largest limit that SQLite and PostgreSQL take.
_ALL = 2**63 - 1
_STREAMED = "A scattered iterator on %s reads more than %d rows from %d shards."


def fetch(queryset: RoutedQuerySet[Model], shards: tuple[str, ...]) -> list[Any]:
    """Return all rows of `queryset` from `shards`, merged; at most limit × shards in memory."""
    if not rows_are_local(queryset.query):
        return grouping.fetch(queryset, shards)
    plan = MergePlan(queryset, shards)
    answers = ask_each(plan.asked, shards, fetch_rows)
    queryset.shards_missing = plan.asked.shards_missing
    warn_of_rows(queryset, sum(map(len, answers)), shards)
    return plan.merge(answers)


def stream(
    queryset: RoutedQuerySet[Model], shards: tuple[str, ...], chunk_size: int
) -> Iterator[Any]:
    """Yield the rows that fetch() returns; holds one chunk of each shard. A shard that fails
    raises."""
    if not rows_are_local(queryset.query):
        yield from grouping.fetch(queryset, shards)
        return
    plan = MergePlan(queryset, shards)
    limit = conf.get("SCATTER_WARNING_ROWS")
    streams = plan.streams(shards, chunk_size)
    for number, row in enumerate(plan.merge_streams(streams), 1):
        if number == limit + 1:
            logger.warning(_STREAMED, queryset.model._meta.label, limit, len(shards))
        yield row


def count(queryset: RoutedQuerySet[Model], shards: tuple[str, ...]) -> int:
    """Return the number of rows that fetch() would return, without reading them where possible."""
    query = queryset.query
    if not shards:
        return 0
    if not rows_are_local(query):
        return grouping.count(queryset, shards)
    if query.distinct and queryset._fields is not None:
        # Equal rows of two shards count once, so they have to be compared.
        unordered = queryset if query.is_sliced else queryset.order_by()
        return len(fetch(unordered, shards))
    unlimited = queryset._chain()
    unlimited.query.clear_limits()
    if query.is_sliced and query.distinct:
        # Django keeps the order of a slice alone, and DISTINCT compares what is ordered by.
        unlimited.query.set_limits(0, _ALL if query.high_mark is None else query.high_mark)
    total = sum(ask_each(unlimited, shards, QuerySet.count))
    queryset.shards_missing = unlimited.shards_missing
    high = total if query.high_mark is None else min(total, query.high_mark)
    return max(0, high - query.low_mark)
