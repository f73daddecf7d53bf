"""The errors of routing that take more than one line to put together."""

from __future__ import annotations

from django.db.models.sql import Query

from ..exceptions import CrossShardQuery, UnroutedQuery
from ..placement import placement_of


def unrouted(query: Query) -> UnroutedQuery:
    """Return the error for a query that names no shard, with the columns that would name one."""
    meta = query.get_meta()
    if query.combinator:
        return UnroutedQuery(
            meta.label,
            f"a part of this {query.combinator} names no shard",
            "Name the shard key in every part.",
        )
    placement = placement_of(meta.model)
    names = [field.name for field in (placement.key, *placement.sources) if field is not None]
    names.append(meta.pk.name)
    return UnroutedQuery(
        meta.label,
        f"this query names none of {', '.join(names)} in a way that says where its rows are",
    )


def split_combination(query: Query) -> CrossShardQuery:
    """Return the error for a union, intersection or difference whose parts are on several
    shards."""
    return CrossShardQuery(
        query.get_meta().label,
        f"the parts of this {query.combinator} are on several shards",
        "Evaluate the parts and combine them in Python.",
    )


def split_window(query: Query) -> CrossShardQuery:
    """Return the error for a window function that would see the rows of one shard at a time."""
    return CrossShardQuery(
        query.get_meta().label,
        "a window function that is not partitioned by the shard key needs rows of several shards",
        "Name the shard key, add it to partition_by, or evaluate the rows and work in Python.",
    )
