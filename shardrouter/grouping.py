"""Grouping: GROUP BY over several shards whose groups have rows on more than one of them.

Each shard groups its own rows and gives partial aggregates; groups of the same key are put
together here, and HAVING, ORDER BY and the limits are applied to what comes out.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from django.db import connections
from django.db.models import Aggregate, Value
from django.db.models.expressions import Combinable, Expression
from django.db.models.functions import Coalesce
from django.db.models.lookups import Lookup
from django.db.models.query import ValuesListIterable
from django.db.models.sql import Query
from django.db.models.sql.where import AND, OR, WhereNode

from . import aggregates
from .merging import (
    CODE_POINT_COLLATIONS,
    SHAPES,
    Sortable,
    cannot,
    is_text,
    null_rank,
    shaped,
    value_names,
    warn_of_rows,
    without_ref,
)

Group = tuple[Any, ...]
#: What a condition of HAVING says of a group; None is SQL's NULL.
Verdict = bool | None

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "exact": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "in": lambda value, choices: value in choices,
    "range": lambda value, ends: ends[0] <= value <= ends[1],
}


def fetch(queryset: Any, shards: tuple[str, ...]) -> list[Any]:
    """The rows of a queryset grouped by columns whose values may be on several shards.

    Holds one partial row for each group and shard in memory, whatever the limit.
    """
    return list(_Groups(queryset, shards).rows())


class _Groups:
    """One grouped queryset: what it is grouped by, what it aggregates, and the groups found."""

    def __init__(self, queryset: Any, shards: tuple[str, ...]) -> None:
        self.queryset, self.shards = queryset, shards
        query = queryset.query.clone()
        if query.combinator or query.extra or query.distinct_fields:
            raise cannot(queryset, "groups with extra() or distinct(fields)")
        if queryset._iterable_class not in SHAPES:
            raise cannot(queryset, f"groups as {queryset._iterable_class.__name__}")
        compiler = query.get_compiler(using=shards[0])
        compiler.setup_query()
        self.columns = [_bare(expression) for expression, _, _ in compiler.select]
        self.orders = [order for order, _ in compiler.get_order_by()]
        if compiler._meta_ordering:  # no order of groups, says Django
            self.orders = []
        self.order_sources = [_bare(order.expression) for order in self.orders]
        self.where, self.having, windows = query.where.split_having_qualify(must_group_by=True)
        if windows is not None or any(each.contains_over_clause for each in self.columns):
            raise cannot(queryset, "groups with a window function")
        self.keys = self._keys(query)
        self.aggregates = self._aggregates()
        for expression in (*self.columns, *self.order_sources):
            self._require_known(expression)
        if self.having is not None:
            self._require_decidable(self.having)

    def rows(self) -> Iterator[Any]:
        query = self.queryset.query
        found = self._found()
        if self.having is not None:
            found = {key: got for key, got in found.items() if self._holds(self.having, key, got)}
        groups = list(found.items())
        if self.orders or query.is_sliced:
            # Equal ones by key, so that slices have no seams.
            groups.sort(key=lambda group: (self._sort_key(*group), [Sortable(v) for v in group[0]]))
        rows: Any = (tuple(self._value(each, *group) for each in self.columns) for group in groups)
        if query.distinct:
            rows = dict.fromkeys(rows)
        cut = islice(rows, query.low_mark, query.high_mark)
        return shaped(cut, self.queryset._iterable_class, value_names(query))

    # -- What to ask ------------------------------------------------------------------------

    def _keys(self, query: Query) -> list[Any]:
        """What the rows are grouped by: as SQLCompiler.get_group_by, whose result is SQL."""
        keys: list[Any] = []
        for expression in query.group_by:
            if not hasattr(expression, "as_sql"):
                expression = query.resolve_ref(expression)
            keys.append(_bare(expression))
        having = [] if self.having is None else [self.having]
        for expression in (*self.columns, *self.order_sources, *having):
            keys += (_bare(each) for each in expression.get_group_by_cols())
        keys = list(dict.fromkeys(keys))
        for key in keys:
            field = key.output_field
            if field.get_internal_type() == "JSONField":
                raise cannot(self.queryset, "groups by JSON")
            collation = getattr(field, "db_collation", None) if is_text(key) else None
            if collation not in CODE_POINT_COLLATIONS:
                raise cannot(self.queryset, f"groups by text in the collation {collation}")
        return keys

    def _aggregates(self) -> list[Aggregate]:
        having = [] if self.having is None else [self.having]
        found: dict[Aggregate, None] = {}
        for expression in (*self.columns, *self.order_sources, *having):
            found.update(dict.fromkeys(_aggregates_in(expression)))
        for aggregate in found:
            aggregates.require_mergeable(self.queryset, aggregate)
        return list(found)

    def _ask(self, columns: dict[str, Any], where: Any, *, grouped: bool) -> list[list[Group]]:
        """The answers of the shards to SELECT `columns`, grouped by the keys or distinct."""
        asked = self.queryset._chain()
        query = asked.query
        query.where = WhereNode([where] if where is not None else [], AND)
        query.clear_ordering(force=True)
        query.clear_limits()
        query.clear_select_clause()
        query.selected = None
        query.values_select = ()
        query.annotations = {**query.annotations, **columns}
        query.set_annotation_mask(columns)
        query.group_by = tuple(self.keys) if grouped else None
        query.distinct = not grouped
        asked._fields = ()
        asked._iterable_class = ValuesListIterable
        answers = asked._ask(self.shards, lambda qs: list(qs._iterable_class(qs)))
        self.queryset.shards_missing = asked.shards_missing
        warn_of_rows(self.queryset, sum(map(len, answers)), self.shards)
        return answers

    def _found(self) -> dict[Group, dict[Aggregate, Any]]:
        """Each group's key, and the values of the aggregates over all its rows."""
        keys = {f"_shardrouter_key_{number}": key for number, key in enumerate(self.keys)}
        parts: dict[str, Any] = {}
        combines = {}
        values = {}
        for number, aggregate in enumerate(self.aggregates):
            if aggregates.needs_values(aggregate):
                values[aggregate] = self._values(keys, aggregate)
                continue
            name = f"_shardrouter_part_{number}"
            source = aggregate.get_source_expressions()[0]
            partial, combines[aggregate] = aggregates.split(
                name, aggregate, source, self.shards, self._means
            )
            parts |= partial
        gathered: dict[Group, list[dict[str, Any]]] = defaultdict(list)
        for answer in self._ask(keys | parts, self.where, grouped=True):
            for row in answer:
                end = len(keys)
                gathered[tuple(row[:end])].append(dict(zip(parts, row[end:], strict=True)))
        return {
            key: {
                aggregate: combines[aggregate](partials)
                if aggregate in combines
                else aggregates.of_values(values[aggregate].get(key, set()), aggregate)
                for aggregate in self.aggregates
            }
            for key, partials in gathered.items()
        }

    def _means(self, mean: Aggregate) -> list[Any]:
        answers = self._ask({"_shardrouter_mean": mean}, self.where, grouped=False)
        return [row[0] for answer in answers for row in answer]

    def _values(self, keys: dict[str, Any], aggregate: Aggregate) -> dict[Group, set[Any]]:
        """The distinct values that `aggregate` is over, by group."""
        source = aggregate.get_source_expressions()[0]
        condition = aggregates.condition_of(aggregate)
        where = [each for each in (self.where, condition) if each is not None]
        columns = {**keys, "_shardrouter_value": source}
        found: dict[Group, set[Any]] = defaultdict(set)
        for answer in self._ask(columns, WhereNode(where, AND), grouped=False):
            for *key, value in answer:
                found[tuple(key)].add(value)
        return found

    # -- What comes out ---------------------------------------------------------------------

    def _require_known(self, expression: Any) -> None:
        """Raise unless `_value` can tell what `expression` is for a group."""
        if expression in self.keys or isinstance(expression, Aggregate | Value):
            return
        if not isinstance(expression, Coalesce):
            raise cannot(self.queryset, f"{expression} over groups that several shards share")
        for part in expression.get_source_expressions():
            self._require_known(part)

    def _value(self, expression: Any, key: Group, found: dict[Aggregate, Any]) -> Any:
        """What `expression` is for one group."""
        if isinstance(expression, Aggregate):
            return found[expression]
        if expression in self.keys:
            return key[self.keys.index(expression)]
        if isinstance(expression, Value):
            return expression.value
        values = (self._value(part, key, found) for part in expression.get_source_expressions())
        value = next((value for value in values if value is not None), None)
        return expression.output_field.to_python(value)

    def _sort_key(self, key: Group, found: dict[Aggregate, Any]) -> list[Sortable]:
        nulls_last = connections[self.shards[0]].features.nulls_order_largest
        return [
            Sortable(
                self._value(source, key, found), order.descending, null_rank(order, nulls_last)
            )
            for order, source in zip(self.orders, self.order_sources, strict=True)
        ]

    def _require_decidable(self, node: Any) -> None:
        """Raise unless `_holds` can tell whether `node` is true of a group."""
        if isinstance(node, WhereNode) and node.connector in (AND, OR):
            for child in node.children:
                self._require_decidable(child)
            return
        known = {*_COMPARISONS, "isnull"}
        if (
            not isinstance(node, Lookup)
            or node.lookup_name not in known
            or node.bilateral_transforms
        ):
            raise cannot(self.queryset, f"the condition {node} on groups that several shards share")
        self._require_known(_bare(node.lhs))
        if isinstance(node.rhs, Combinable | Expression | Query):
            self._require_known(_bare(node.rhs))

    def _holds(self, node: Any, key: Group, found: dict[Aggregate, Any]) -> Verdict:
        """SQL's three-valued logic."""
        if isinstance(node, WhereNode):
            verdicts = [self._holds(child, key, found) for child in node.children]
            decisive = node.connector == OR
            verdict: Verdict = not decisive
            if decisive in verdicts:
                verdict = decisive
            elif None in verdicts:
                verdict = None
            return not verdict if node.negated and verdict is not None else verdict
        value = self._value(_bare(node.lhs), key, found)
        other = node.rhs
        if isinstance(other, Combinable | Expression):
            other = self._value(_bare(other), key, found)
        if node.lookup_name == "isnull":
            return (value is None) == other
        if value is None or other is None:
            return None
        return _COMPARISONS[node.lookup_name](value, other)


def _bare(expression: Any) -> Any:
    """`expression` without references to columns of the SELECT, which will be another one."""
    expression = without_ref(expression)
    sources = expression.get_source_expressions()
    if not any(source is not None for source in sources):
        return expression
    bare = [source if source is None else _bare(source) for source in sources]
    if all(new is old for new, old in zip(bare, sources, strict=True)):
        return expression
    copied = expression.copy()
    copied.set_source_expressions(bare)
    return copied


def _aggregates_in(expression: Any) -> Iterator[Aggregate]:
    if isinstance(expression, Aggregate):
        yield _bare(expression)
        return
    for part in expression.get_source_expressions():
        if hasattr(part, "get_source_expressions"):
            yield from _aggregates_in(part)
