"""Evaluation: the columns and HAVING conditions of one group, computed in Python."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, TypeAlias

from django.db.models import Aggregate, Model, Value
from django.db.models.expressions import Combinable, Expression
from django.db.models.functions import Coalesce
from django.db.models.lookups import Lookup
from django.db.models.sql import Query
from django.db.models.sql.where import AND, OR, WhereNode

from ..django_internals import without_ref
from ..routed_queryset import RoutedQuerySet
from .comparison import comparison_of
from .merging import unmergeable

#: The values that the rows of a group have in common.
Key: TypeAlias = tuple[Any, ...]
#: The values of a group's aggregates.
Figures: TypeAlias = dict[Aggregate, Any]
#: Whether a condition holds for a group; None is SQL's NULL.
Verdict: TypeAlias = bool | None

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "exact": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "in": lambda value, choices: value in choices,
    "range": lambda value, ends: ends[0] <= value <= ends[1],
}


class Evaluation:
    """What expressions of a query grouped by `keys` are for one group."""

    def __init__(self, queryset: RoutedQuerySet[Model], keys: list[Any], vendor: str) -> None:
        self._queryset = queryset
        self._keys = keys
        self._vendor = vendor

    def require_known(self, expression: Any) -> None:
        """Raise CrossShardQuery unless value() can compute `expression`."""
        if expression in self._keys or isinstance(expression, Aggregate | Value):
            return
        if not isinstance(expression, Coalesce):
            raise unmergeable(self._queryset, f"{expression} over groups that several shards share")
        for part in expression.get_source_expressions():
            self.require_known(part)

    def require_decidable(self, node: Any) -> None:
        """Raise CrossShardQuery unless holds() can decide the condition `node`."""
        if isinstance(node, WhereNode) and node.connector in (AND, OR):
            for child in node.children:
                self.require_decidable(child)
            return
        known = {*_COMPARISONS, "isnull"}
        if (
            not isinstance(node, Lookup)
            or node.lookup_name not in known
            or node.bilateral_transforms
        ):
            raise unmergeable(
                self._queryset, f"the condition {node} on groups that several shards share"
            )
        self.require_known(without_refs(node.lhs))
        if comparison_of(node.lhs, self._vendor).stored:
            # The other side is a value as Django has prepared it, this one as it is read.
            raise unmergeable(self._queryset, f"the condition {node} on what has a converter")
        if isinstance(node.rhs, Combinable | Expression | Query):
            self.require_known(without_refs(node.rhs))

    def value(self, expression: Any, key: Key, figures: Figures) -> Any:
        """Return the value of `expression` for one group."""
        if isinstance(expression, Aggregate):
            return figures[expression]
        if expression in self._keys:
            return key[self._keys.index(expression)]
        if isinstance(expression, Value):
            return expression.value
        values = (self.value(part, key, figures) for part in expression.get_source_expressions())
        first = next((value for value in values if value is not None), None)
        return expression.output_field.to_python(first)

    def holds(self, node: Any, key: Key, figures: Figures) -> Verdict:
        """Return whether the condition `node` holds for one group, in SQL's three-valued logic."""
        if isinstance(node, WhereNode):
            return self._all_or_any(node, key, figures)
        value = self.value(without_refs(node.lhs), key, figures)
        other = node.rhs
        if isinstance(other, Combinable | Expression):
            other = self.value(without_refs(other), key, figures)
        if node.lookup_name == "isnull":
            return (value is None) == other
        if value is None or other is None:
            return None
        return _COMPARISONS[node.lookup_name](value, other)

    def _all_or_any(self, node: WhereNode, key: Key, figures: Figures) -> Verdict:
        verdicts = [self.holds(child, key, figures) for child in node.children]
        decisive = node.connector == OR
        verdict: Verdict = not decisive
        if decisive in verdicts:
            verdict = decisive
        elif None in verdicts:
            verdict = None
        return not verdict if node.negated and verdict is not None else verdict


def without_refs(expression: Any) -> Any:
    """Return `expression` without references to columns of the SELECT, which will be another."""
    expression = without_ref(expression)
    sources = expression.get_source_expressions()
    if not any(source is not None for source in sources):
        return expression
    bare = [source if source is None else without_refs(source) for source in sources]
    if all(new is old for new, old in zip(bare, sources, strict=True)):
        return expression
    copied = expression.copy()
    copied.set_source_expressions(bare)
    return copied
