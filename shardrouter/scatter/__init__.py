"""Scatter: one query on several shards, merged as one database would answer it.

What cannot be merged exactly raises CrossShardQuery. Only the queryset enters here, by the four
questions that it can ask: `fetch`, `stream`, `count`, `aggregate`. Code that keeps compiled queries
(a prepared query) takes `MergePlan`, which says what to ask each shard, and merges the rows.
"""

from ..routing import rows_are_local
from .aggregates import aggregate, named_aggregates
from .merging import warn_of_rows
from .plan import MergePlan
from .rows import count, fetch, stream

__all__ = [
    "MergePlan",
    "aggregate",
    "count",
    "fetch",
    "named_aggregates",
    "rows_are_local",
    "stream",
    "warn_of_rows",
]
