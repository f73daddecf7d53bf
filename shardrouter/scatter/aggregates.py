"""Aggregates over several shards, computed from each shard's partial results."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, TypeAlias

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
    Model,
    QuerySet,
    StdDev,
    Sum,
    Value,
    Variance,
    When,
)
from django.db.models.expressions import Expression
from django.db.models.functions import Cast
from django.db.models.sql import Query

from ..exceptions import CrossShardQuery
from ..routed_queryset import RoutedQuerySet, ask_each, fetch_rows
from ..routing import rows_are_local, split_window, windows_are_local
from .comparison import (
    Comparison,
    as_stored,
    by_code_point,
    comparison_of,
    is_json,
    is_text,
    require_code_point,
)
from .merging import Sortable, unmergeable

Partials: TypeAlias = dict[str, Aggregate]
#: One shard's values of the partial aggregates, by name.
Answer: TypeAlias = dict[str, Any]
Combine: TypeAlias = Callable[[list[Answer]], Any]
AskMeans: TypeAlias = Callable[[Aggregate], list[Any]]

_MEAN = "_shardrouter_mean"
_VALUE = "_shardrouter_value"
_STORED = "_shardrouter_stored"


def named_aggregates(
    queryset: RoutedQuerySet[Model], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """Return what QuerySet.aggregate() is given by name. Raise TypeError as that does."""
    queryset._validate_values_are_expressions((*args, *kwargs.values()), method_name="aggregate")
    return kwargs | {_default_alias(arg): arg for arg in args}


def aggregate(
    queryset: RoutedQuerySet[Model], shards: tuple[str, ...], wanted: dict[str, Any]
) -> dict[str, Any]:
    """QuerySet.aggregate over `shards`: exact for Count, Sum, Min, Max and Avg, to floating point
    accuracy for StdDev and Variance. DISTINCT holds the distinct values in memory."""
    _require_plain_rows(queryset)
    partials: Partials = {}
    combines: dict[str, Combine] = {}
    results: dict[str, Any] = {}
    for name, expression in wanted.items():
        require_mergeable(queryset, expression)
        _require_local_windows(queryset.query, expression)
        if needs_values(expression):
            results[name] = _aggregate_distinct(queryset, shards, expression)
        else:
            parts, combines[name] = _split_unresolved(queryset, shards, name, expression)
            partials |= parts
    answers: list[Answer] = []
    if partials:
        answers = ask_each(queryset, shards, lambda rows: QuerySet.aggregate(rows, **partials))
    for name, combine in combines.items():
        results[name] = _or_default(combine(answers), wanted[name])
    return {name: results[name] for name in wanted}


def _require_plain_rows(queryset: RoutedQuerySet[Model]) -> None:
    query = queryset.query
    if query.is_sliced or query.distinct_fields or not rows_are_local(query):
        raise unmergeable(queryset, "an aggregate over a slice, distinct(fields) or groups")
    if query.distinct and queryset._fields is not None:
        raise unmergeable(queryset, "an aggregate over distinct values()")


def _default_alias(expression: Any) -> str:
    try:
        return expression.default_alias
    except (AttributeError, TypeError) as error:
        raise TypeError("Complex aggregates require an alias") from error


def require_mergeable(queryset: RoutedQuerySet[Model], expression: Any) -> None:
    """Raise CrossShardQuery for an aggregate that cannot be computed from partial results."""
    label = queryset.model._meta.label
    if type(expression) not in (Count, Sum, Min, Max, Avg, StdDev, Variance):
        raise CrossShardQuery(
            label,
            f"{type(expression).__name__} cannot be merged from several shards",
            "Count, Sum, Min, Max, Avg, StdDev and Variance can.",
        )
    default = getattr(expression, "default", None)
    if hasattr(default, "resolve_expression") and not isinstance(default, Value):
        raise CrossShardQuery(label, "an aggregate's default must be a plain value")


def _require_local_windows(query: Query, expression: Aggregate) -> None:
    """Raise CrossShardQuery for an aggregate of what a window function says of all rows."""
    resolved: Any = expression.resolve_expression(query.clone(), True, None, summarize=True)
    if not windows_are_local(query, [resolved]):
        raise split_window(query)


def _or_default(result: Any, expression: Aggregate) -> Any:
    default = getattr(expression, "default", None)
    if result is None and default is not None:
        return default.value if isinstance(default, Value) else default
    return result


def _without_default(expression: Aggregate) -> Aggregate:
    """Return `expression` without its default, which is for the whole and not for a shard."""
    bare = expression.copy()
    bare.default = None  # type: ignore[attr-defined]  # the stubs do not have it
    return bare


def _source(expression: Aggregate) -> Any:
    return expression.get_source_expressions()[0]


def condition_of(expression: Aggregate) -> Any:
    """Return what `filter=` was given, which Django 6 wraps in an AggregateFilter."""
    return getattr(expression.filter, "condition", expression.filter)


# -- Partial aggregates ---------------------------------------------------------------------


def split(
    queryset: RoutedQuerySet[Model],
    name: str,
    expression: Aggregate,
    resolved: Expression,
    shards: tuple[str, ...],
    ask_means: AskMeans,
) -> tuple[Partials, Combine]:
    """Return what to ask each shard for `expression`, and how to combine the answers.

    `resolved` is the resolved source of `expression`; the partial aggregates, named `name` or
    with that prefix, are resolved if `expression` is. `ask_means` returns each shard's mean of
    the aggregate that it is given.
    """
    bare = _without_default(expression)
    if isinstance(expression, Count | Sum):
        return {name: bare}, lambda answers: _total(answers, name, expression)
    if isinstance(expression, Min | Max):
        if is_json(resolved):
            raise unmergeable(queryset, f"{type(expression).__name__} of JSON")
        if is_text(resolved, shards[0]):
            _require_code_point(queryset, expression, resolved, shards)
            bare = _of_source(bare, by_code_point(_source(bare), shards))
        return _split_extreme(name, bare, comparison_of(resolved, _vendor(shards)))
    if isinstance(expression, Avg):
        return _split_mean(name, bare)
    return _split_spread(name, expression, resolved, ask_means)


def _split_unresolved(
    queryset: RoutedQuerySet[Model], shards: tuple[str, ...], name: str, expression: Aggregate
) -> tuple[Partials, Combine]:
    def ask_means(mean: Aggregate) -> list[Any]:
        answers = ask_each(queryset, shards, lambda rows: QuerySet.aggregate(rows, **{_MEAN: mean}))
        return [answer[_MEAN] for answer in answers]

    resolved = _source(expression).resolve_expression(queryset.query.clone(), True)
    return split(queryset, name, expression, resolved, shards, ask_means)


def _split_extreme(name: str, bare: Aggregate, comparison: Comparison) -> tuple[Partials, Combine]:
    """Split Min or Max: the least or largest as the database stores it, and its value."""
    stored = f"{name}__stored"
    parts = {name: bare}
    if comparison.stored:
        parts[stored] = _of_source(bare, as_stored(_source(bare)))
    pick = min if isinstance(bare, Min) else max
    by = stored if comparison.stored else name

    def combine(answers: list[Answer]) -> Any:
        present = [each for each in answers if each[by] is not None]
        best = pick(present, key=lambda each: Sortable(comparison.of(each[by])), default=None)
        return None if best is None else best[name]

    return parts, combine


def _split_mean(name: str, bare: Aggregate) -> tuple[Partials, Combine]:
    size, mean = f"{name}__size", f"{name}__mean"
    parts = {size: Count(_source(bare), filter=condition_of(bare)), mean: bare}
    return parts, lambda answers: _mean(answers, size, mean)


def _split_spread(
    name: str, expression: Aggregate, resolved: Expression, ask_means: AskMeans
) -> tuple[Partials, Combine]:
    """Split StdDev or Variance into sums of the values' offsets from a number near the mean, so
    that squares of large numbers lose no digits.

    Not the database's own variance: SQLite's, which is Django's, fails on NULL and on no rows.
    """
    where = condition_of(expression)
    number = Cast(_source(expression), FloatField())
    means = [each for each in ask_means(Avg(number, filter=where)) if each is not None]
    offset = number - Value(means[0] if means else 0.0, output_field=FloatField())
    size, total, squares = names = (f"{name}__size", f"{name}__total", f"{name}__squares")
    parts: Partials = {
        size: Count(_source(expression), filter=where),
        total: Sum(offset, filter=where),
        squares: Sum(offset * offset, filter=where),
    }
    return parts, lambda answers: _spread(answers, names, expression, resolved)


# -- Combining the answers ------------------------------------------------------------------


def _present(answers: list[Answer], name: str) -> list[Any]:
    return [answer[name] for answer in answers if answer[name] is not None]


def _total(answers: list[Answer], name: str, expression: Aggregate) -> Any:
    parts = _present(answers, name)
    if not parts:
        return 0 if isinstance(expression, Count) else None
    return sum(parts[1:], start=parts[0])


def _mean(answers: list[Answer], size: str, mean: str) -> Any:
    parts = [(answer[size], answer[mean]) for answer in answers if answer[size]]
    if not parts:
        return None
    if len(parts) == 1:
        return parts[0][1]
    weighted = [value * number for number, value in parts]
    return sum(weighted[1:], start=weighted[0]) / sum(number for number, _ in parts)


def _spread(
    answers: list[Answer],
    names: tuple[str, str, str],
    expression: Aggregate,
    resolved: Expression,
) -> float | Decimal | None:
    """Return the variance or standard deviation, by the shifted data algorithm."""
    size, total, squares = names
    parts = [(each[size], each[total], each[squares]) for each in answers if each[size]]
    sample = str(expression.function).endswith("_SAMP")
    count = sum(part[0] for part in parts)
    if count <= (1 if sample else 0):
        return None
    offset = math.fsum(part[1] for part in parts)
    square = math.fsum(part[2] for part in parts)
    result = square - offset * offset / count
    if result <= sys.float_info.epsilon * count * square:
        # Nothing but what rounding has left of equal values far from the mean of all.
        result = 0.0
    result /= count - 1 if sample else count
    result = math.sqrt(result) if isinstance(expression, StdDev) else result
    return Decimal(str(result)) if isinstance(resolved.output_field, DecimalField) else result


# -- Aggregates over distinct values --------------------------------------------------------


def needs_values(expression: Aggregate) -> bool:
    """Return whether `expression` is over distinct values, which have to be read themselves."""
    distinct: bool = expression.distinct  # type: ignore[attr-defined]  # the stubs do not have it
    return distinct and not isinstance(expression, Min | Max)


def aggregate_values(values: Iterable[Any], expression: Aggregate) -> Any:
    """Return the Count, Sum or Avg of `values`, which are distinct; NULL is left out."""
    present = [value for value in values if value is not None]
    if isinstance(expression, Count):
        return len(present)
    if not present:
        return None
    ordered = sorted(present)
    total = sum(ordered[1:], start=ordered[0])
    return total if isinstance(expression, Sum) else total / len(ordered)


def comparison_of_distinct(
    queryset: RoutedQuerySet[Model], expression: Aggregate, resolved: Any, shards: tuple[str, ...]
) -> Comparison:
    """Return how the values of an aggregate over distinct ones are compared. Raise CrossShardQuery
    if only the database can."""
    if is_json(resolved):
        raise unmergeable(queryset, f"{type(expression).__name__} of distinct JSON")
    if is_text(resolved, shards[0]):
        _require_code_point(queryset, expression, resolved, shards)
    return comparison_of(resolved, _vendor(shards))


def _aggregate_distinct(
    queryset: RoutedQuerySet[Model], shards: tuple[str, ...], expression: Aggregate
) -> Any:
    # Raises what Django does, as for a composite primary key.
    expression.resolve_expression(queryset.query.clone())
    value = _source(expression)
    resolved = value.resolve_expression(queryset.query.clone(), True)
    comparison = comparison_of_distinct(queryset, expression, resolved, shards)
    condition = condition_of(expression)
    if condition is not None:
        # One expression, so that both parts speak of the same joined rows.
        value = Case(When(condition, then=value))
    columns = {_VALUE: value, _STORED: comparison.source(value)}
    rows = queryset.order_by().annotate(**columns).values_list(*columns).distinct()
    values: dict[Any, Any] = {}
    for answer in ask_each(rows, shards, fetch_rows):
        values.update((comparison.of(stored), value) for value, stored in answer)
    return _or_default(aggregate_values(values.values(), expression), expression)


def _require_code_point(
    queryset: RoutedQuerySet[Model], expression: Aggregate, resolved: Any, shards: tuple[str, ...]
) -> None:
    what = f"{type(expression).__name__} of text"
    require_code_point(queryset.model._meta.label, [resolved], shards[0], what)


def _of_source(expression: Aggregate, source: Any) -> Aggregate:
    """Return `expression` of another `source`."""
    copied = expression.copy()
    copied.set_source_expressions([source, *copied.get_source_expressions()[1:]])
    # What it was of another source, if it has been asked for.
    copied.__dict__.pop("output_field", None)
    return copied


def _vendor(shards: tuple[str, ...]) -> str:
    return connections[shards[0]].vendor
