"""Aggregates over several shards, put together from each shard's partial results."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.db import connections
from django.db.models import (
    Aggregate,
    Avg,
    Case,
    Count,
    DecimalField,
    FloatField,
    Max,
    Min,
    QuerySet,
    StdDev,
    Sum,
    Value,
    Variance,
    When,
)
from django.db.models.functions import Cast, Collate

from .exceptions import CrossShardQuery
from .merging import is_text

Partials = dict[str, Aggregate]
Combine = Callable[[list[dict[str, Any]]], Any]


def aggregate(
    queryset: Any, shards: tuple[str, ...], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """QuerySet.aggregate over `shards`: exact for Count, Sum, Min, Max and Avg, to floating point
    accuracy for StdDev and Variance; DISTINCT holds the distinct values in memory."""
    queryset._validate_values_are_expressions((*args, *kwargs.values()), method_name="aggregate")
    wanted = {_default_alias(arg): arg for arg in args} | kwargs
    partials: Partials = {}
    combines: dict[str, Combine] = {}
    results: dict[str, Any] = {}
    for name, expression in wanted.items():
        require_mergeable(queryset, expression)
        if needs_values(expression):
            results[name] = _distinct(queryset, shards, expression)
        else:
            source = _source(expression).resolve_expression(queryset.query.clone(), True)
            parts, combines[name] = split(
                name, expression, source, shards, lambda mean: _means(queryset, shards, mean)
            )
            partials |= parts
    answers = []
    if partials:
        answers = queryset._ask(shards, lambda qs: QuerySet.aggregate(qs, **partials))
    for name, combine in combines.items():
        results[name] = _or_default(combine(answers), wanted[name])
    return {name: results[name] for name in wanted}


def _default_alias(expression: Any) -> str:
    try:
        return expression.default_alias
    except (AttributeError, TypeError) as error:
        raise TypeError("Complex aggregates require an alias") from error


def require_mergeable(queryset: Any, expression: Any) -> None:
    """Raise CrossShardQuery for an aggregate that partial results do not give."""
    if type(expression) not in (Count, Sum, Min, Max, Avg, StdDev, Variance):
        raise CrossShardQuery(
            queryset.model._meta.label,
            f"{type(expression).__name__} cannot be merged from several shards",
            "Count, Sum, Min, Max, Avg, StdDev and Variance can.",
        )
    default = getattr(expression, "default", None)
    if hasattr(default, "resolve_expression") and not isinstance(default, Value):
        raise CrossShardQuery(
            queryset.model._meta.label, "an aggregate's default must be a plain value"
        )


def _or_default(result: Any, expression: Aggregate) -> Any:
    default = getattr(expression, "default", None)
    if result is None and default is not None:
        return default.value if isinstance(default, Value) else default
    return result


def _bare(expression: Aggregate) -> Aggregate:
    """`expression` without its default, which holds for the whole and not for a shard."""
    bare = expression.copy()
    bare.default = None  # type: ignore[attr-defined]
    return bare


def _source(expression: Aggregate) -> Any:
    return expression.get_source_expressions()[0]


def condition_of(expression: Aggregate) -> Any:
    """Return what `filter=` was given, which Django 6 wraps in an AggregateFilter."""
    return getattr(expression.filter, "condition", expression.filter)


def split(
    name: str,
    expression: Aggregate,
    resolved: Any,
    shards: tuple[str, ...],
    ask_means: Callable[[Aggregate], list[Any]],
) -> tuple[Partials, Combine]:
    """What to ask each shard for `expression`, and how to put the answers together.

    `resolved` is the resolved source of `expression`; the partial aggregates, called `name` or
    begun with it, are resolved when `expression` is. `ask_means` gives each shard's mean. The
    second value takes the shards' answers, {name: value} each.
    """
    bare = _bare(expression)
    source, where = _source(expression), condition_of(expression)
    if isinstance(expression, Count | Sum):
        return {name: bare}, lambda answers: _total(answers, name, expression)
    if isinstance(expression, Min | Max):
        if is_text(resolved):
            bare = _in_code_point_order(shards, bare)
        pick = min if isinstance(expression, Min) else max
        return {name: bare}, lambda answers: pick(_present(answers, name), default=None)
    size = f"{name}__size"
    if isinstance(expression, Avg):
        mean = f"{name}__mean"
        parts: Partials = {size: Count(source, filter=where), mean: bare}
        return parts, lambda answers: _mean(answers, size, mean)
    # Not the database's own variance: SQLite's, which is Django's, fails on NULL and on no rows.
    # Taken from somewhere near the mean, so that squares of large numbers lose no digits.
    number = Cast(source, FloatField())
    means = [each for each in ask_means(Avg(number, filter=where)) if each is not None]
    off = number - Value(means[0] if means else 0.0, output_field=FloatField())
    total, squares = f"{name}__total", f"{name}__squares"
    parts = {
        size: Count(source, filter=where),
        total: Sum(off, filter=where),
        squares: Sum(off * off, filter=where),
    }
    return parts, lambda answers: _spread(answers, (size, total, squares), expression, resolved)


def _means(queryset: Any, shards: tuple[str, ...], mean: Aggregate) -> list[Any]:
    answers = queryset._ask(shards, lambda qs: QuerySet.aggregate(qs, _shardrouter_mean=mean))
    return [answer["_shardrouter_mean"] for answer in answers]


def _present(answers: list[dict[str, Any]], name: str) -> list[Any]:
    return [answer[name] for answer in answers if answer[name] is not None]


def _total(answers: list[dict[str, Any]], name: str, expression: Aggregate) -> Any:
    parts = _present(answers, name)
    if not parts:
        return 0 if isinstance(expression, Count) else None
    return sum(parts[1:], start=parts[0])


def _mean(answers: list[dict[str, Any]], size: str, mean: str) -> Any:
    parts = [(answer[size], answer[mean]) for answer in answers if answer[size]]
    if not parts:
        return None
    if len(parts) == 1:
        return parts[0][1]
    weighted = [value * number for number, value in parts]
    return sum(weighted[1:], start=weighted[0]) / sum(number for number, _ in parts)


def _spread(
    answers: list[dict[str, Any]], names: tuple[str, str, str], expression: Aggregate, source: Any
) -> Any:
    """Variance or standard deviation from sums of what the values and their squares are off some
    number (the shifted data algorithm)."""
    size, total, squares = names
    parts = [(each[size], each[total], each[squares]) for each in answers if each[size]]
    sample = expression.function.endswith("_SAMP")
    count = sum(part[0] for part in parts)
    if count <= (1 if sample else 0):
        return None
    off = math.fsum(part[1] for part in parts)
    result = math.fsum(part[2] for part in parts) - off * off / count
    result = max(result, 0.0) / (count - 1 if sample else count)
    result = math.sqrt(result) if isinstance(expression, StdDev) else result
    return Decimal(str(result)) if isinstance(source.output_field, DecimalField) else result


def _distinct(queryset: Any, shards: tuple[str, ...], expression: Aggregate) -> Any:
    """Count, Sum or Avg over the distinct values of all shards."""
    value = _source(expression)
    condition = condition_of(expression)
    if condition is not None:
        # One expression, so that both parts speak of the same joined rows.
        value = Case(When(condition, then=value))
    column = queryset.order_by().annotate(_shardrouter_value=value)
    values: set[Any] = set()
    for answer in (
        column.values_list("_shardrouter_value", flat=True)
        .distinct()
        ._ask(shards, lambda qs: list(qs._iterable_class(qs)))
    ):
        values.update(answer)
    return _or_default(of_values(values, expression), expression)


def needs_values(expression: Aggregate) -> bool:
    """Whether `expression` is over distinct values, which only the values themselves give."""
    return expression.distinct and not isinstance(expression, Min | Max)


def of_values(values: set[Any], expression: Aggregate) -> Any:
    """Count, Sum or Avg over distinct `values`; NULL is none of them."""
    ordered = sorted(values - {None})
    if isinstance(expression, Count):
        return len(ordered)
    if not ordered:
        return None
    total = sum(ordered[1:], start=ordered[0])
    return total if isinstance(expression, Sum) else total / len(ordered)


def _in_code_point_order(shards: tuple[str, ...], bare: Aggregate) -> Aggregate:
    """Min and Max of text compare as Python does, on every database."""
    if any(connections[alias].vendor != "sqlite" for alias in shards):
        collated = Collate(_source(bare), "C")
        bare.set_source_expressions([collated, *bare.get_source_expressions()[1:]])
    return bare
