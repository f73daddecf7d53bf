"""Grouping: aggregates over several shards, put together from each shard's partial results."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from django.db import connections
from django.db.models import (
    Aggregate,
    Avg,
    CharField,
    Count,
    F,
    Max,
    Min,
    QuerySet,
    StdDev,
    Sum,
    TextField,
    Value,
    Variance,
)
from django.db.models.functions import Collate

from .exceptions import CrossShardQuery

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
        _require_mergeable(queryset, expression)
        if expression.distinct and not isinstance(expression, Min | Max):
            results[name] = _distinct(queryset, shards, expression)
        else:
            parts, combines[name] = _split(queryset, shards, name, expression)
            partials |= parts
    answers = []
    if partials:
        answers = queryset._ask(shards, lambda qs: QuerySet.aggregate(qs, **partials))
    for name, combine in combines.items():
        results[name] = _or_default(combine(answers), wanted[name])
    return {name: results[name] for name in wanted}


def fetch(queryset: Any, shards: tuple[str, ...]) -> list[Any]:
    """The rows of a queryset grouped by columns that several shards share."""
    raise CrossShardQuery(
        queryset.model._meta.label,
        "groups that span several shards cannot be merged exactly",
        "Group by the shard key too, or evaluate the rows and group in Python.",
    )


def _default_alias(expression: Any) -> str:
    try:
        return expression.default_alias
    except (AttributeError, TypeError) as error:
        raise TypeError("Complex aggregates require an alias") from error


def _require_mergeable(queryset: Any, expression: Any) -> None:
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


def _split(
    queryset: Any, shards: tuple[str, ...], name: str, expression: Aggregate
) -> tuple[Partials, Combine]:
    bare = _bare(expression)
    if isinstance(expression, Count | Sum):
        return {name: bare}, lambda answers: _total(answers, name, expression)
    if isinstance(expression, Min | Max):
        bare = _in_code_point_order(queryset, shards, bare)
        pick = min if isinstance(expression, Min) else max
        return {name: bare}, lambda answers: pick(_present(answers, name), default=None)
    size, mean, spread = f"{name}__size", f"{name}__mean", f"{name}__spread"
    source, where = _source(expression), expression.filter
    parts: Partials = {size: Count(source, filter=where)}
    if isinstance(expression, Avg):
        parts[mean] = bare
        return parts, lambda answers: _mean(answers, size, mean)
    parts[mean] = Avg(source, filter=where)
    parts[spread] = Variance(source, filter=where)
    sample = expression.function.endswith("_SAMP")
    root = isinstance(expression, StdDev)
    return parts, lambda answers: _spread(answers, (size, mean, spread), sample, root)


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
    answers: list[dict[str, Any]], names: tuple[str, str, str], sample: bool, root: bool
) -> Any:
    """Variance or standard deviation from each shard's size, mean and population variance
    (Chan, Golub and LeVeque's formula for joining two samples)."""
    size, mean, spread = names
    parts = [(answer[size], answer[mean], answer[spread]) for answer in answers if answer[size]]
    number = sum(part[0] for part in parts)
    if number <= (1 if sample else 0):
        return None
    kind = type(parts[0][1])
    centre = sum(float(part[1]) * part[0] for part in parts) / number
    squares = sum(part[0] * (float(part[2]) + (float(part[1]) - centre) ** 2) for part in parts)
    result = squares / (number - 1 if sample else number)
    result = math.sqrt(result) if root else result
    return result if kind is float else kind(str(result))


def _distinct(queryset: Any, shards: tuple[str, ...], expression: Aggregate) -> Any:
    """Count, Sum or Avg over the distinct values of all shards."""
    if isinstance(expression, StdDev | Variance):
        raise CrossShardQuery(
            queryset.model._meta.label, "a distinct StdDev or Variance cannot be merged"
        )
    chosen = queryset if expression.filter is None else queryset.filter(expression.filter)
    column = chosen.order_by().annotate(_shardrouter_value=_source(expression))
    values: set[Any] = set()
    for answer in (
        column.values_list("_shardrouter_value", flat=True)
        .distinct()
        ._ask(shards, lambda qs: list(qs._iterable_class(qs)))
    ):
        values.update(answer)
    values.discard(None)
    if isinstance(expression, Count):
        return len(values)
    if not values:
        return _or_default(None, expression)
    ordered = sorted(values)
    total = sum(ordered[1:], start=ordered[0])
    return total if isinstance(expression, Sum) else total / len(ordered)


def _in_code_point_order(queryset: Any, shards: tuple[str, ...], bare: Aggregate) -> Aggregate:
    """Min and Max of text compare as Python does, on every database."""
    if all(connections[alias].vendor == "sqlite" for alias in shards):
        return bare
    source = _source(bare)
    resolved = source.resolve_expression(queryset.query.clone(), allow_joins=True)
    if isinstance(resolved.output_field, CharField | TextField):
        named = source if not isinstance(source, str) else F(source)
        bare.set_source_expressions([Collate(named, "C"), *bare.get_source_expressions()[1:]])
    return bare
