"""Explanation: which conditions of a query name its shards, for people and for counters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models.lookups import Exact, In
from django.db.models.sql import Query

from .where import columns_of, leaves, routing_column, slots_of_node


@dataclass(frozen=True)
class Route:
    """Where a query goes: `shards`, a tuple of aliases, and the reason."""

    shards: tuple[str, ...]
    reason: str


def explain(query: Query) -> str:
    """Return the conditions that determine the slots, such as "author = 5", or ""."""
    return " and ".join(_conditions(query))


def _conditions(query: Query) -> Iterator[str]:
    for node in leaves(query.where):
        if isinstance(node, Exact | In) and slots_of_node(node, query) is not None:
            sign = "=" if isinstance(node, Exact) else "in"
            yield f"{_name(node)} {sign} {_shortened(node.rhs)}"


def routing_columns(query: Query) -> str:
    """Return the names of the columns that determine the slots, such as "author, id", or ""."""
    if len(query.where.children) == 1 and not query.combined_queries:
        # By far the most common, and asked of every query.
        (leaf,) = query.where.children
        if isinstance(leaf, Exact) and routing_column(leaf, query) is not None:
            return _name(leaf)
    parts = query.combined_queries or (query,)
    names = {
        _name(leaf)
        for part in parts
        for leaf in leaves(part.where)
        if isinstance(leaf, Exact | In) and routing_column(leaf, part) is not None
    }
    return ", ".join(sorted(names))


def _name(lookup: Exact | In) -> str:
    """Return the name of the column on the left of `lookup`, or of the key that several make."""
    columns = columns_of(lookup.lhs)
    name: str = columns[0].target.name if len(columns) == 1 else lookup.lhs.output_field.name
    return name


def _shortened(value: object) -> str:
    text = "(a subquery)" if isinstance(value, Query) else str(value)
    return text if len(text) <= 60 else text[:59] + "…"
