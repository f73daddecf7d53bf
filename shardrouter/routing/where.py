"""Slots of a WHERE: from a query's conditions to the slots that its rows can be in.

Conjunctions intersect, disjunctions unite; a negation or an expression determines nothing. Only
columns of the base table count, and of rows joined to it inside the slot. No query is run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias, TypeGuard

from django.db.models import Field, ForeignKey, Value
from django.db.models.expressions import Col
from django.db.models.fields.tuple_lookups import TupleExact, TupleIn
from django.db.models.lookups import Exact, In, IsNull
from django.db.models.sql import Query
from django.db.models.sql.datastructures import Join
from django.db.models.sql.where import AND, OR, NothingNode, WhereNode

from ..django_internals import ColPairs, join_fields
from ..placement import Placement, is_colocated, is_reference, is_sharded, placement_of
from ..shardmap import shard_map
from .combinations import combined_parts, compares_inside_slot
from .locality import windows_are_local

Slots: TypeAlias = frozenset[int]
NO_SLOTS: Slots = frozenset()


def shards_of(slots: Slots) -> tuple[str, ...]:
    """Return the aliases that hold `slots`, sorted, each once."""
    if len(slots) == 1:
        return (shard_map.alias_of(next(iter(slots))),)
    return tuple(sorted({shard_map.alias_of(slot) for slot in slots}))


def possible_slots(query: Query) -> Slots | None:
    """Return the slots outside which no row can match `query`, or None if its WHERE does not
    determine any."""
    if query.combinator:
        return _combined_slots(query)
    if query.is_empty():
        return NO_SLOTS
    if not query.where.children:
        return None
    return slots_of_node(query.where, query)


def _combined_slots(query: Query) -> Slots | None:
    """Return the slots of all parts, which have to be on one shard to be compared; or of what is
    left, where equal rows are in one slot."""
    parts = list(combined_parts(query))
    slots = [possible_slots(part) for part in parts]
    first, *others = slots
    if query.combinator == "union":
        return _union(slots)
    if first == NO_SLOTS or (query.combinator == "intersection" and NO_SLOTS in others):
        return NO_SLOTS
    if not compares_inside_slot(parts):
        return _union(slots)
    if query.combinator == "difference":
        return first
    known = [each for each in slots if each is not None]
    return frozenset.intersection(*known) if known else None


def _union(parts: Iterable[Slots | None]) -> Slots | None:
    united: set[int] = set()
    for part in parts:
        if part is None:
            return None
        united |= part
    return frozenset(united)


def slots_of_node(node: object, query: Query) -> Slots | None:
    """Return the slots that one condition of `query` leaves, or None if it leaves all."""
    if isinstance(node, WhereNode):
        if node.negated or node.connector not in (AND, OR):
            return None
        return _children_slots(node, query)
    if isinstance(node, NothingNode):
        return NO_SLOTS
    if isinstance(node, TupleExact):
        return _tuple_slots(node, [node.rhs], query)
    if isinstance(node, TupleIn):
        return _tuple_in_slots(node, query)
    if isinstance(node, Exact):
        return _exact_slots(node, query)
    if isinstance(node, In):
        return _in_slots(node, query)
    if isinstance(node, IsNull) and node.rhs is True and _is_never_null(node.lhs, query):
        return NO_SLOTS
    return None


def _children_slots(node: WhereNode, query: Query) -> Slots | None:
    if node.connector == OR and len(node.children) > 1:
        if node.contains_over_clause and not windows_are_local(query, [node]):
            # Django decides this after its windows, which see the rows of all slots.
            return None
        return _union(slots_of_node(child, query) for child in node.children)
    found: Slots | None = None
    for child in node.children:
        slots = slots_of_node(child, query)
        if slots is not None:
            found = slots if found is None else found & slots
    return found


def routing_column(lookup: Exact | In, query: Query) -> tuple[Placement, Field] | None:
    """Return the column on the left of `lookup`, or the first of several, that determines the slot
    of the base table's rows, with its model's Placement; or None."""
    columns = columns_of(lookup.lhs)
    if not columns or not _is_in_slot(columns[0].alias, query):
        return None
    for column in columns:
        placement = placement_of(column.target.model)
        if placement.determines_slot(column.target):
            return placement, column.target
    return None


def columns_of(expression: Any) -> list[Col]:
    """Return the columns of a composite primary key, or the one that `expression` is."""
    if isinstance(expression, ColPairs):
        return list(expression.get_cols())
    return [expression] if isinstance(expression, Col) else []


def _is_in_slot(alias: str, query: Query) -> bool:
    """Return whether rows of `alias` are the base table's own, or joined to them inside their
    slot."""
    if alias == query.base_table:
        return True
    join = query.alias_map.get(alias)
    return (
        isinstance(join, Join) and joins_inside_slot(join) and _is_in_slot(join.parent_alias, query)
    )


def _is_never_null(expression: object, query: Query) -> bool:
    """Return whether `expression` is a key of the base table that every row has, as what
    filter(pk=None) asks for."""
    if not isinstance(expression, Col) or expression.alias != query.base_table:
        return False
    return not expression.target.null and is_colocated(expression.target)


def joins_inside_slot(join: Join) -> bool:
    """Return whether `join` compares ids of one slot, so that no row of another can match, or leads
    to rows that every shard has."""
    if any(is_colocated(left) and is_colocated(right) for left, right in join_fields(join)):
        return True
    key: Any = join.join_field
    return isinstance(key, ForeignKey) and is_reference(key.remote_field.model)


def _exact_slots(lookup: Exact, query: Query) -> Slots | None:
    found = routing_column(lookup, query)
    if found is None:
        return None
    value = lookup.rhs
    if isinstance(value, Value):
        value = value.value
    elif hasattr(value, "resolve_expression"):
        return None
    placement, field = found
    return _slots_of_value(placement, field, value)


def _slots_of_value(placement: Placement, field: Field, value: object) -> Slots | None:
    slot = placement.slot_of_value(field, value)
    return None if slot is None else frozenset((slot,))


def _in_slots(lookup: In, query: Query) -> Slots | None:
    found = routing_column(lookup, query)
    if found is None:
        return None
    placement, field = found
    values = lookup.rhs
    if isinstance(values, Query):
        return possible_slots(values) if is_membership_inside_slot(lookup) else None
    if hasattr(values, "resolve_expression"):
        return None
    return _slots_of_values(placement, field, values)


def _slots_of_values(placement: Placement, field: Field, values: Iterable[object]) -> Slots | None:
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


def _tuple_in_slots(lookup: TupleIn, query: Query) -> Slots | None:
    if routing_column(lookup, query) is None:
        return None
    if isinstance(lookup.rhs, Query):
        return possible_slots(lookup.rhs) if is_membership_inside_slot(lookup) else None
    if not isinstance(lookup.rhs, list | tuple | set):
        return None
    # A tuple with a NULL equals nothing.
    return _tuple_slots(lookup, [row for row in lookup.rhs if None not in row], query)


def _tuple_slots(lookup: TupleExact | TupleIn, rows: Iterable[Any], query: Query) -> Slots | None:
    """Return the slots of `(column, …) = (value, …)`, as of a composite primary key, and of
    `(column) IN ((value), …)`, by which Django prefetches forward keys."""
    found = routing_column(lookup, query)
    if found is None:
        return None
    placement, field = found
    position = [column.target for column in columns_of(lookup.lhs)].index(field)
    united: set[int] = set()
    for row in rows:
        if not isinstance(row, list | tuple):
            return None
        slots = _slots_of_part(placement, field, row[position])
        if slots is None:
            return None
        united |= slots
    return frozenset(united)


def _slots_of_part(placement: Placement, field: Field, value: Any) -> Slots | None:
    """As _slots_of_value, of a value inside a tuple, which Django has not prepared."""
    if isinstance(value, Value):
        value = value.value
    elif hasattr(value, "resolve_expression"):
        return None
    return _slots_of_value(placement, field, field.get_prep_value(value))


def is_membership_inside_slot(lookup: object) -> TypeGuard[In]:
    """Return whether `lookup` is `colocated column IN (SELECT colocated column …)`, or the same of
    tuples with such columns in one place.

    Equal ids are in one slot, so each shard's own rows give what one database would give; unless
    the inner query takes the first few of all shards' rows, groups them, or can give a NULL.
    """
    if not isinstance(lookup, In) or not isinstance(lookup.rhs, Query):
        return False
    inner = lookup.rhs
    if inner.combinator or inner.is_sliced or inner.group_by is not None or inner.distinct_fields:
        return False
    if not is_sharded(inner.get_meta().model) or inner.annotation_select:
        return False
    if not windows_are_local(inner, [inner.where]):
        return False
    left = columns_of(lookup.lhs)
    right = [column for each in inner.select for column in columns_of(each)]
    if len(left) != len(right) or any(column.target.null for column in right):
        return False
    return any(
        is_colocated(outer.target) and is_colocated(selected.target)
        for outer, selected in zip(left, right, strict=True)
    )


def leaves(node: object) -> Iterator[object]:
    """Yield the conditions under `node`, itself one or a tree of them."""
    if isinstance(node, WhereNode):
        for child in node.children:
            yield from leaves(child)
    else:
        yield node
