"""Routing: from a query's WHERE to the slots its rows can be in.

Conjunctions intersect, disjunctions unite; a negation or an expression says nothing. A column
tells only when it is the base table's own, or of a row joined to it inside the slot. No query
is run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Value
from django.db.models.expressions import Col
from django.db.models.fields.tuple_lookups import TupleIn
from django.db.models.lookups import Exact, In
from django.db.models.sql import Query
from django.db.models.sql.datastructures import Join
from django.db.models.sql.where import AND, OR, NothingNode, WhereNode

from .exceptions import CrossShardQuery, UnroutedQuery
from .placement import Placement, fixes_slot, is_sharded, placement_of
from .shardmap import shard_map

Slots = frozenset[int]
NOWHERE: Slots = frozenset()


@dataclass(frozen=True)
class Route:
    """Where a query goes: `shards`, aliases in the shards' order, and why."""

    shards: tuple[str, ...]
    reason: str


def shards_of(slots: Slots) -> tuple[str, ...]:
    """The aliases that hold `slots`, sorted, each once."""
    if len(slots) == 1:
        return (shard_map.alias_of(next(iter(slots))),)
    return tuple(sorted({shard_map.alias_of(slot) for slot in slots}))


def possible_slots(query: Query) -> Slots | None:
    """The slots outside which no row can match `query`, or None when its WHERE does not say."""
    if query.combinator:
        return _combined_slots(query)
    if query.is_empty():
        return NOWHERE
    if not query.where.children:
        return None
    return _node_slots(query.where, query)


def _combined_slots(query: Query) -> Slots | None:
    parts = [possible_slots(part) for part in query.combined_queries]
    first = parts[0]
    if query.combinator == "difference":
        return first
    if query.combinator == "intersection":
        known = [part for part in parts if part is not None]
        return frozenset.intersection(*known) if known else None
    united: set[int] = set()
    for part in parts:
        if part is None:
            return None
        united |= part
    return frozenset(united)


def _node_slots(node: Any, query: Query) -> Slots | None:
    if isinstance(node, WhereNode):
        if node.negated or node.connector not in (AND, OR):
            return None
        return _children_slots(node, query)
    if isinstance(node, NothingNode):
        return NOWHERE
    if isinstance(node, Exact):
        return _exact_slots(node, query)
    if isinstance(node, In):
        return _in_slots(node, query)
    return None


def _children_slots(node: WhereNode, query: Query) -> Slots | None:
    found: Slots | None = None
    if node.connector == OR and len(node.children) > 1:
        united: set[int] = set()
        for child in node.children:
            slots = _node_slots(child, query)
            if slots is None:
                return None
            united |= slots
        return frozenset(united)
    for child in node.children:
        slots = _node_slots(child, query)
        if slots is not None:
            found = slots if found is None else found & slots
    return found


def _telling_column(lookup: Exact | In, query: Query) -> tuple[Placement, Any] | None:
    """The column on the left of `lookup` with its model's Placement, when it tells the slot."""
    column = lookup.lhs
    if not isinstance(column, Col) or not _is_in_slot(column.alias, query):
        return None
    placement = placement_of(column.target.model)
    field = column.target
    return (placement, field) if placement.tells_slot(field) else None


def _is_in_slot(alias: str, query: Query) -> bool:
    """Whether rows of `alias` are the base table's own, or joined to them inside their slot."""
    if alias == query.base_table:
        return True
    join = query.alias_map.get(alias)
    return (
        isinstance(join, Join)
        and any(fixes_slot(left) and fixes_slot(right) for left, right in join.join_fields or ())
        and _is_in_slot(join.parent_alias, query)
    )


def _exact_slots(lookup: Exact, query: Query) -> Slots | None:
    told = _telling_column(lookup, query)
    if told is None:
        return None
    value = lookup.rhs
    if isinstance(value, Value):
        value = value.value
    elif hasattr(value, "resolve_expression"):
        return None
    placement, field = told
    slot = placement.slot_of_value(field, value)
    return None if slot is None else frozenset((slot,))


def _in_slots(lookup: In, query: Query) -> Slots | None:
    if isinstance(lookup, TupleIn):
        return _tuple_slots(lookup, query)
    told = _telling_column(lookup, query)
    if told is None:
        return None
    placement, field = told
    values = lookup.rhs
    if isinstance(values, Query):
        inside = is_membership_inside_slot(lookup)
        return possible_slots(values) if inside and placement.fixes_slot(field) else None
    if hasattr(values, "resolve_expression"):
        return None
    slots = set()
    for value in values:
        if value is None:
            continue
        if hasattr(value, "resolve_expression"):
            return None
        slot = placement.slot_of_value(field, value)
        if slot is None:
            return None
        slots.add(slot)
    return frozenset(slots)


def _tuple_slots(lookup: TupleIn, query: Query) -> Slots | None:
    """Django prefetches forward keys by `(column) IN ((value), …)`."""
    columns = lookup.lhs
    placement = placement_of(query.model)
    if columns.alias != query.base_table or not isinstance(lookup.rhs, list | tuple | set):
        return None
    for position, field in enumerate(columns.targets):
        if placement.fixes_slot(field):
            slots = {placement.slot_of_value(field, values[position]) for values in lookup.rhs}
            return None if None in slots else frozenset(slots)  # type: ignore[arg-type]
    return None


def is_membership_inside_slot(lookup: Any) -> bool:
    """Whether `lookup` is `slot column IN (SELECT slot column …)`.

    Equal ids lie in one slot, so asking each shard about its own rows gives what one database
    would give; unless the inner query takes the first few of all shards' rows, groups them, or
    can give a NULL.
    """
    if not isinstance(lookup, In) or not isinstance(lookup.rhs, Query):
        return False
    if not isinstance(lookup.lhs, Col):
        return False
    inner = lookup.rhs
    if inner.combinator or inner.is_sliced or inner.group_by is not None or inner.distinct_fields:
        return False
    if not is_sharded(inner.model) or len(inner.select) != 1 or inner.annotation_select:
        return False
    column = inner.select[0]
    return (
        isinstance(column, Col)
        and fixes_slot(lookup.lhs.target)
        and fixes_slot(column.target)
        and not column.target.null
    )


def reasons(query: Query) -> Iterator[str]:
    """What in the WHERE tells the slot, as text for people."""
    for node in _leaves(query.where):
        if isinstance(node, Exact | In) and _node_slots(node, query) is not None:
            sign = "=" if isinstance(node, Exact) else "in"
            yield f"{node.lhs.target.name} {sign} {_shortened(node.rhs)}"


def columns_told(query: Query) -> str:
    """The columns whose values narrow `query` to its slots, or ""."""
    if len(query.where.children) == 1 and not query.combined_queries:
        (leaf,) = query.where.children
        if isinstance(leaf, Exact) and _telling_column(leaf, query) is not None:
            return leaf.lhs.target.name
    parts = query.combined_queries or (query,)
    names = {
        leaf.lhs.target.name
        for part in parts
        for leaf in _leaves(part.where)
        if isinstance(leaf, Exact | In)
        and not isinstance(leaf, TupleIn)
        and _telling_column(leaf, part) is not None
    }
    return ", ".join(sorted(names))


def _leaves(node: Any) -> Iterator[Any]:
    if isinstance(node, WhereNode):
        for child in node.children:
            yield from _leaves(child)
    else:
        yield node


def _shortened(value: object) -> str:
    text = "(a subquery)" if isinstance(value, Query) else str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def unrouted(query: Query) -> UnroutedQuery:
    """The error for a query that names no shard, with what it could have named."""
    placement = placement_of(query.model)
    names = [field.name for field in (placement.key, *placement.sources) if field is not None]
    names.append(query.model._meta.pk.name)
    if query.combinator:
        return UnroutedQuery(
            query.model._meta.label,
            f"a part of this {query.combinator} names no shard",
            "Name the shard key in every part.",
        )
    return UnroutedQuery(
        query.model._meta.label,
        f"this query names none of {', '.join(names)} in a way that says where its rows are",
    )


def split_combination(query: Query) -> CrossShardQuery:
    """The error for a union, intersection or difference whose parts are on several shards."""
    return CrossShardQuery(
        query.model._meta.label,
        f"the parts of this {query.combinator} are on several shards",
        "Evaluate the parts and combine them in Python.",
    )
