"""Colocation: rejects queries that would join or look into rows of another shard.

One database answers a join or a subquery correctly only if it stays inside a slot.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cache
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Aggregate, F, Q
from django.db.models.constants import LOOKUP_SEP
from django.db.models.expressions import Col, RawSQL, Star
from django.db.models.fields.tuple_lookups import TupleExact, TupleIn
from django.db.models.lookups import Exact, Lookup
from django.db.models.sql import Query
from django.db.models.sql.datastructures import Join
from django.db.models.sql.where import AND, ExtraWhere, WhereNode

from ..django_internals import related_model
from ..exceptions import CrossShardQuery
from ..placement import is_colocated, is_reference, is_sharded
from .where import (
    columns_of,
    is_membership_inside_slot,
    joins_inside_slot,
    possible_slots,
    shards_of,
)


def require_colocated(query: Query, shards: tuple[str, ...]) -> None:
    """Raise CrossShardQuery if `query`, run on each of `shards`, could miss or mix up rows."""
    label = query.get_meta().label
    for part in query.combined_queries:
        _require_sharded(part, label)
        require_colocated(part, shards)
    if query.alias_map and len(query.alias_map) > 1:
        _require_colocated_joins(query, label, shards)
    if query.extra_tables:
        raise CrossShardQuery(label, "extra(tables=…) joins tables that cannot be checked")
    if _may_join_later(query):
        _require_colocated_order(query, label, shards)
    for holder in _expressions(query):
        _require_colocated_inside(holder, label, shards)


def require_colocated_aggregates(
    query: Query, wanted: dict[str, Any], shards: tuple[str, ...]
) -> None:
    """Raise CrossShardQuery if one of the aggregates `wanted`, by their names, would join or look
    into rows of another shard. Raise what QuerySet.aggregate() raises for what is no aggregate."""
    late = {name: each for name, each in wanted.items() if not _is_of_own_column(each, query)}
    if not late:
        return
    clone = query.clone()
    label = query.get_meta().label
    for name, expression in wanted.items():
        # As Query.get_aggregation, where each may refer to the ones before it.
        resolved = expression.resolve_expression(clone, True, None, summarize=True)
        clone.append_annotation_mask([name])
        clone.annotations[name] = resolved
        _require_colocated_inside(resolved, label, shards)
    _require_colocated_joins(clone, label, shards)


def require_colocated_values(query: Query, values: Iterable[Any], shards: tuple[str, ...]) -> None:
    """Raise CrossShardQuery if one of `values`, which are to be written to rows of `query`, is an
    expression that looks into rows of another shard."""
    late = [each for each in values if hasattr(each, "resolve_expression")]
    clone = query.clone() if late else query
    for value in late:
        resolved = value.resolve_expression(clone, allow_joins=False, for_save=True)
        _require_colocated_inside(resolved, query.get_meta().label, shards)


def require_visible_values(
    model: type[models.Model],
    rows: Iterable[models.Model],
    names: Collection[str] | None,
    alias: str,
) -> None:
    """Raise CrossShardQuery if a value of `rows`, which are to be saved on `alias`, is an
    expression that looks into rows of another shard. `names` are the fields that are written,
    None for all."""
    # A class has the method if its values have it, and there are few classes.
    kinds = {type(value) for row in rows for value in row.__dict__.values()}
    if not any(hasattr(kind, "resolve_expression") for kind in kinds):
        return
    columns = [
        field.attname
        for field in model._meta.concrete_fields
        if not names or field.name in names or field.attname in names
    ]
    values = (row.__dict__.get(column) for row in rows for column in columns)
    require_colocated_values(Query(model), values, (alias,))


def _is_of_own_column(expression: Any, query: Query) -> bool:
    """Return whether `expression` is an aggregate of one column of the base table, or of all, with
    a filter of such columns; by far the most common."""
    if not isinstance(expression, Aggregate) or hasattr(
        getattr(expression, "default", None), "resolve_expression"
    ):
        return False
    source, *others = expression.get_source_expressions()
    if not all(each is None or _is_own_condition(each, query) for each in others):
        return False
    return isinstance(source, Star) or (type(source) is F and _is_own_column(source.name, query))


def _is_own_condition(condition: Any, query: Query) -> bool:
    # Django 6 wraps it in an AggregateFilter.
    condition = getattr(condition, "condition", condition)
    return type(condition) is Q and all(
        _is_own_condition(each, query)
        if isinstance(each, Q)
        else type(each) is tuple
        and _is_own_column(each[0].partition(LOOKUP_SEP)[0], query, through=LOOKUP_SEP in each[0])
        and _is_plain(each[1])
        for each in condition.children
    )


def _is_own_column(name: str, query: Query, *, through: bool = False) -> bool:
    """Return whether `name` is a column of the base table; with `through`, one that leads to no
    other table."""
    if name == "pk":
        return not through
    try:
        field = query.get_meta().get_field(name)
    except FieldDoesNotExist:
        return False
    if getattr(field, "column", None) is None or (through and field.is_relation):
        return False
    return name not in query.annotations


def _require_sharded(query: Query, label: str) -> None:
    meta = query.get_meta()
    if not is_sharded(meta.model):
        raise CrossShardQuery(
            label, f"{meta.label} is not on the shards, so it cannot be queried there"
        )


def _require_colocated_joins(query: Query, label: str, shards: tuple[str, ...]) -> None:
    for alias, join in query.alias_map.items():
        if not isinstance(join, Join) or not query.alias_refcount.get(alias):
            continue
        condition = getattr(join.filtered_relation, "resolved_condition", None)
        if condition is not None:
            _require_colocated_inside(condition, label, shards)
        if not joins_inside_slot(join):
            raise CrossShardQuery(
                label,
                f"{_relation_name(join.join_field)} leads to rows that may be on another shard",
                "Use prefetch_related, or fetch the ids first and filter by them.",
            )


def _relation_name(relation: Any) -> str:
    field = getattr(relation, "field", relation)
    return f"{field.model._meta.label}.{field.name}"


def _may_join_later(query: Query) -> bool:
    """Return whether compiling may add joins: Django resolves ordering and select_related only
    then."""
    if query.select_related:
        if query.select_related is True:
            return True
        if not _selects_inside_slot(query.get_meta().model, query.select_related):
            return True
    ordering = (
        query.extra_order_by
        or query.order_by
        or (query.default_ordering and query.get_meta().ordering)
        or ()
    )
    return any(_orders_by_relation(item, query) for item in (*ordering, *query.distinct_fields))


def _selects_inside_slot(model: type[models.Model], names: dict[str, dict[str, Any]]) -> bool:
    for name, deeper in names.items():
        related = _related_inside_slot(model, name)
        if related is None or (deeper and not _selects_inside_slot(related, deeper)):
            return False
    return True


@cache
def _related_inside_slot(model: type[models.Model], name: str) -> type[models.Model] | None:
    """Return the model behind the forward relation `name`, or None if its rows may be in another
    slot."""
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    if not isinstance(field, models.ForeignKey):
        return None
    pairs = field.get_joining_fields()
    inside = any(is_colocated(left) and is_colocated(right) for left, right in pairs)
    return related_model(field) if inside else None


def _orders_by_relation(item: object, query: Query) -> bool:
    if not isinstance(item, str):
        return True
    name = item.lstrip("-+")
    if name in query.annotations or name in ("pk", "?") or name in query.extra:
        return False
    if LOOKUP_SEP in name:
        return True
    try:
        field = query.get_meta().get_field(name)
    except FieldDoesNotExist:
        return True
    return field.is_relation and name != getattr(field, "attname", None)


def _require_colocated_order(query: Query, label: str, shards: tuple[str, ...]) -> None:
    """Raise CrossShardQuery for joins that compiling adds, or for what the order looks into."""
    if query.combinator:
        return
    clone = query.clone()
    _, order, _ = clone.get_compiler(using=shards[0]).pre_sql_setup()
    _require_colocated_joins(clone, label, shards)
    for expression, _ in order:
        _require_colocated_inside(expression, label, shards)


def _expressions(query: Query) -> Iterator[Any]:
    yield from query.where.children
    yield from query.annotations.values()
    yield from query.select
    if query.extra:
        for sql, _ in query.extra.values():
            _require_plain_sql(sql, query.get_meta().label)


def _require_colocated_inside(holder: Any, label: str, shards: tuple[str, ...]) -> None:
    if isinstance(holder, Lookup) and isinstance(holder.lhs, Col) and _is_plain(holder.rhs):
        return
    if isinstance(holder, WhereNode):
        for child in holder.children:
            _require_colocated_inside(child, label, shards)
        return
    if isinstance(holder, ExtraWhere):
        _require_plain_sql(" ".join(holder.sqls), label)
        return
    if isinstance(holder, RawSQL):
        _require_plain_sql(holder.sql, label)
        return
    if isinstance(holder, Query):
        _require_colocated_subquery(holder, label, shards)
        return
    inner = getattr(holder, "query", None)
    if isinstance(inner, Query):
        _require_colocated_subquery(inner, label, shards)
        return
    if is_membership_inside_slot(holder):
        require_colocated(holder.rhs, shards)
        return
    if isinstance(holder, TupleExact | TupleIn) and isinstance(holder.rhs, list | tuple):
        for part in _parts_of_tuples(holder.rhs):
            _require_colocated_inside(part, label, shards)
        return
    if hasattr(holder, "get_source_expressions"):
        for expression in holder.get_source_expressions():
            if expression is not None:
                _require_colocated_inside(expression, label, shards)


def _parts_of_tuples(values: Any) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list | tuple):
            yield from _parts_of_tuples(value)
        elif hasattr(value, "resolve_expression"):
            yield value


def _is_plain(value: object) -> bool:
    return isinstance(value, int | str) or value is None


def _require_plain_sql(sql: str, label: str) -> None:
    if "select" in sql.lower():
        raise CrossShardQuery(label, "raw SQL with a SELECT in it cannot be checked")


def _require_colocated_subquery(inner: Query, label: str, shards: tuple[str, ...]) -> None:
    if is_reference(inner.get_meta().model):
        require_colocated(inner, shards)
        return
    _require_sharded(inner, label)
    slots = possible_slots(inner)
    if slots is not None and not slots:
        return
    one_shard = slots is not None and shards_of(slots) == shards and len(shards) == 1
    if not one_shard and not _is_correlated_inside_slot(inner):
        raise CrossShardQuery(
            label,
            f"a subquery on {inner.get_meta().label} need not find its rows on the same shard",
            "Tie its shard key to the outer one with OuterRef, or evaluate it first.",
        )
    require_colocated(inner, shards)


def _is_correlated_inside_slot(inner: Query) -> bool:
    if inner.combinator:
        return all(_is_correlated_inside_slot(part) for part in inner.combined_queries)
    return any(_ties_slots(node, inner) for node in _conjuncts(inner.where))


def _conjuncts(node: WhereNode) -> Iterator[object]:
    if node.negated or (node.connector != AND and len(node.children) > 1):
        return
    for child in node.children:
        if isinstance(child, WhereNode):
            yield from _conjuncts(child)
        else:
            yield child


def _ties_slots(node: object, inner: Query) -> bool:
    """Return whether `node` equates a colocated column of the inner base row with one of the outer
    row."""
    if not isinstance(node, Exact):
        return False
    pairs = zip(columns_of(node.lhs), columns_of(node.rhs), strict=False)
    return any(_ties_columns(left, right, inner) for left, right in pairs)


def _ties_columns(left: Col, right: Col, inner: Query) -> bool:
    if left.alias not in inner.alias_map:
        left, right = right, left
    return (
        left.alias in inner.alias_map
        and right.alias not in inner.alias_map
        and is_colocated(left.target)
        and is_colocated(right.target)
    )
