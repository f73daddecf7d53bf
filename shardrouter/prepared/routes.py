"""Routes: to which databases a call's arguments lead, as the plain queryset would find them.

All that prepared queries take of the rest of shardrouter stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.db.models.fields.related_lookups import RelatedExact
from django.db.models.fields.tuple_lookups import TupleIn
from django.db.models.lookups import Exact, IntegerFieldExact
from django.db.models.sql import Query
from django.db.models.sql.where import AND, WhereNode

from .. import availability, conf, counters, ids, scatter
from ..borders import RoutedQuery
from ..exceptions import CrossShardQuery, PreparedQueryError
from ..overlap import ask_shards
from ..placement import placement_of
from ..queryset import ShardedQuerySet
from ..routing import Slots, possible_slots, require_colocated, routing_columns, shards_of
from .direct import MEMBERSHIPS, list_reader, scalar_reader
from .fragments import Diverted, Fragment, marked_fragment, parts_of

__all__ = [
    "Merging",
    "PreparedQueryError",
    "RoutedQuery",
    "ShardedQuerySet",
    "ShardedRoute",
    "StockRoute",
    "ask_shards",
    "is_stock_fetch",
    "merging",
    "route_of",
]


def is_stock_fetch(queryset: QuerySet) -> bool:
    """Whether `queryset` is read as Django or ShardedQuerySet reads, with no override."""
    kind = type(queryset)
    if isinstance(queryset, ShardedQuerySet):
        names = ("_fetch_all", "_fetch", "db")
        return all(getattr(kind, name) is getattr(ShardedQuerySet, name) for name in names)
    return kind._fetch_all is QuerySet._fetch_all and kind.db is QuerySet.db


class StockRoute:
    """One database: what `using()` or the database router says, at each call."""

    skips = False

    def __init__(self, queryset: QuerySet) -> None:
        self.queryset = queryset
        sharded = isinstance(queryset, ShardedQuerySet)
        translate_errors = availability.translate_errors if sharded else nullcontext
        self.available: Callable[[str], Any] = translate_errors

    def shards(self, values: Sequence[Any]) -> tuple[str, ...]:
        return (self.queryset.db,)

    def note(self, shards: tuple[str, ...]) -> None:
        """Nothing: only routed queries are counted."""


class ShardedRoute:
    """The shards that a query's WHERE says, with a call's values in it."""

    available = staticmethod(availability.translate_errors)

    def __init__(
        self, queryset: Any, plain: Any, fragments: Sequence[Fragment], values: Sequence[Any]
    ) -> None:
        self.queryset = queryset
        self.query: Query = queryset.query
        self.fragments = fragments
        self.scatters = queryset._scatter_options is not None
        self.skips = self.scatters and queryset._scatter_options.skip_missing
        self.reason = routing_columns(plain.query) or "scatter()"
        self.holding = set(_holding(self.query)) if fragments else set()
        self.colocated = _is_colocated_anywhere(self.query)
        self.terms = self._terms(values) if self.colocated else None

    def shards(self, values: Sequence[Any]) -> tuple[str, ...]:
        """The aliases to ask. Raises Diverted where the plain queryset may raise."""
        try:
            if self.terms is not None:
                return self._aliases(self.terms.slots(values))
            return self._looked_up(values)
        except Exception as error:
            raise Diverted from error

    def _aliases(self, slots: Slots | None) -> tuple[str, ...]:
        if slots is not None:
            return shards_of(slots)
        if not self.scatters:
            raise Diverted
        return conf.shards()

    def _looked_up(self, values: Sequence[Any]) -> tuple[str, ...]:
        """As the plain queryset does it: from a WHERE that has the call's lookups in it."""
        lookups = [fragment.lookup(values) for fragment in self.fragments]
        query = self._filled(self.query, lookups)
        shards = self._aliases(possible_slots(query))
        if shards and not self.colocated:
            require_colocated(query, shards)
        return shards

    def _terms(self, values: Sequence[Any]) -> _Terms | None:
        """What of the WHERE tells slots, where that is plain to see: columns compared with values,
        all of which must hold."""
        where = self.query.where
        if self.query.combinator or where.negated or where.connector != AND:
            return None
        constant: list[Any] = []
        told: list[_Term] = []
        for child in where.children:
            if id(child) not in self.holding:
                constant.append(child)
            elif _has_tuples(child):
                return None
            elif routing_columns(_reduced(self.query, [child])):
                term = _term(marked_fragment(child), values)
                if term is None:
                    return None
                told.append(term)
        slots = possible_slots(_reduced(self.query, constant)) if constant else None
        return _Terms(slots, told)

    def note(self, shards: tuple[str, ...]) -> None:
        """Count the query and send its signal, as the plain queryset does."""
        if shards:
            counters.record_query(self.queryset.model, shards, self.reason, "select")

    def _filled(self, node: Any, lookups: Sequence[Any]) -> Any:
        """`node` with a call's lookups where the marked ones are; what has none is shared."""
        if id(node) not in self.holding:
            return node
        fragment = marked_fragment(node)
        if fragment is not None:
            return lookups[fragment.number]
        if isinstance(node, WhereNode):
            children = [self._filled(child, lookups) for child in node.children]
            return node.create(children, node.connector, node.negated)
        if isinstance(node, Query):
            return self._filled_query(node, lookups)
        copied = node.copy()
        copied.set_source_expressions(
            [self._filled(each, lookups) for each in node.get_source_expressions()]
        )
        return copied

    def _filled_query(self, query: Query, lookups: Sequence[Any]) -> Query:
        filled = query.__class__.__new__(query.__class__)
        filled.__dict__.update(query.__dict__)
        filled.where = self._filled(query.where, lookups)
        filled.annotations = {
            name: self._filled(each, lookups) for name, each in query.annotations.items()
        }
        return filled


class _Term:
    """A column that tells slots, compared with one argument."""

    def __init__(self, fragment: Fragment, read: Callable[[Any], Any]) -> None:
        field = fragment.left.target
        placement = placement_of(field.model)
        # Of a column that holds ids, what is read is an int.
        fixed = placement.is_colocated(field)
        by_value: Callable[[Any], Any] = partial(placement.slot_of_value, field)
        self.slot_of = ids.slot_of if fixed else by_value
        self.read = read
        self.number: Any = fragment.recipe.number
        self.is_list = fragment.kind in MEMBERSHIPS

    def slots(self, values: Sequence[Any]) -> Slots:
        value = values[self.number]
        if self.is_list:
            return frozenset(map(self.slot_of, value))
        return frozenset((self.slot_of(self.read(value)),))


class _Terms:
    """All that tells slots in a WHERE, of which each part must hold."""

    def __init__(self, constant: Slots | None, told: list[_Term]) -> None:
        self.constant = constant
        self.told = told

    def slots(self, values: Sequence[Any]) -> Slots | None:
        found = self.constant
        for term in self.told:
            slots = term.slots(values)
            found = slots if found is None else found & slots
        return found


def _term(fragment: Fragment | None, values: Sequence[Any]) -> _Term | None:
    """The term of `fragment`, where its slots are plain to see."""
    if fragment is None or fragment.recipe.number is None:
        return None
    value = values[fragment.recipe.number]
    read = list_reader(fragment, value)
    if fragment.kind in (Exact, IntegerFieldExact, RelatedExact):
        read = scalar_reader(fragment, type(value))
    return _Term(fragment, read) if read else None


def _has_tuples(node: Any) -> bool:
    return isinstance(node, TupleIn) or any(map(_has_tuples, parts_of(node)))


def _reduced(query: Query, children: list[Any]) -> Query:
    """`query` with these conditions alone."""
    reduced: Any = query.clone()
    reduced.where = query.where.create(children, AND)
    return reduced


def _holding(node: Any) -> Iterator[int]:
    """The ids of the nodes in `node` that hold a marked lookup, or are one."""
    if marked_fragment(node) is not None:
        yield id(node)
        return
    inner = [found for part in parts_of(node) for found in _holding(part)]
    if inner:
        yield id(node)
        yield from inner


def _is_colocated_anywhere(query: Query) -> bool:
    """Whether `query` may run on any number of shards, whatever its values."""
    try:
        require_colocated(query, (conf.shards()[0],) * 2)
    except CrossShardQuery:
        return False
    return True


def route_of(
    queryset: Any, plain: Any, fragments: Sequence[Fragment], values: Sequence[Any]
) -> StockRoute | ShardedRoute:
    """How calls of the body that gave `queryset` find their databases."""
    if isinstance(queryset, ShardedQuerySet) and not queryset._db:
        return ShardedRoute(queryset, plain, fragments, values)
    return StockRoute(queryset)


class Merging:
    """How the rows of several shards are put together: scatter's own plan, made once."""

    def __init__(self, queryset: Any, plain: Any, shards: tuple[str, ...]) -> None:
        self._plan = scatter.MergePlan(queryset, shards)
        self.asked = self._plan.asked
        self.plain_asked = scatter.MergePlan(plain, shards).asked

    def rows(self, queryset: Any, answers: list[list[Any]], shards: tuple[str, ...]) -> list[Any]:
        """The rows of all answers, in order and between the limits."""
        scatter.warn_of_rows(queryset, sum(map(len, answers)), shards)
        return self._plan.merge(answers)


def merging(queryset: Any, plain: Any, shards: tuple[str, ...]) -> Merging | None:
    """The Merging of `queryset` over `shards`, or None where groups span shards."""
    return Merging(queryset, plain, shards) if scatter.rows_are_local(queryset.query) else None
