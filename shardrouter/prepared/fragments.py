"""Fragments: the lookups of a query that hold an argument, compiled anew at each call.

All the rest of the SQL is compiled once. A fragment's value goes through its own lookup's
preparation and `as_sql` at every call, so that whatever Django does with a value it does here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from django.db.models import Value
from django.db.models.expressions import ExpressionList
from django.db.models.lookups import BuiltinLookup, Lookup
from django.db.models.sql import Query
from django.db.models.sql.datastructures import Join
from django.db.models.sql.where import WhereNode

from .markers import Parameter


class Diverted(Exception):
    """A value for which Django would write another query; it runs the plain queryset."""


class Slot:
    """Where the parameters of one fragment stand among those of a query."""

    __slots__ = ("fragment", "left", "left_sql", "query")

    def __init__(self, fragment: Fragment, left: Any, left_sql: Any, query: Query) -> None:
        self.fragment = fragment
        self.left = left
        self.left_sql = left_sql
        self.query = query

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Slot) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)

    @property
    def identity(self) -> tuple[int, int]:
        return self.fragment.number, id(self.left)

    def compiled(self, values: Sequence[Any], compiler: Any) -> tuple[str, Sequence[Any]]:
        """The SQL and parameters of the fragment here, for a call's `values`."""
        lookup = self.fragment.lookup(values, self.left)
        lookup.left_sql = self.left_sql
        return compiler.compile(lookup)


class Fragment:
    """One lookup that holds arguments: its class, its left side, and what its value is made of."""

    def __init__(self, number: int, lookup: Lookup, recipe: Recipe) -> None:
        self.number = number
        self.left = lookup.lhs
        self.kind = type(lookup)
        kind: Any = self.kind
        self.made_by = _made_at_call(kind)
        self.takes_none = lookup.can_use_none_as_rhs
        self.recipe = recipe
        self.token = f"\0{number}\0"

    def lookup(self, values: Sequence[Any], left: Any = None) -> Any:
        """The lookup as Django builds it for `values`. Raises what Django raises, or Diverted
        where it would build another one."""
        made = self.made_by(self.left if left is None else left, self.recipe.value(values))
        if made.rhs is None and not self.takes_none:
            raise Diverted
        return made


class Recipe:
    """How a lookup's value is made of a call's arguments: one of them, or a list of several and
    of constants."""

    def __init__(self, value: Any) -> None:
        parameters = [value] if isinstance(value, Parameter) else _parameters(value)
        self.keys = [each.key for each in parameters]
        self.number: int | None = value.number if isinstance(value, Parameter) else None
        self.members: list[Recipe | Value | Any] = []
        self.kind: type = list
        if self.number is None:
            self.kind = type(value) if isinstance(value, list | tuple) else list
            self.members = [_member(each) for each in _members(value)]

    def value(self, values: Sequence[Any]) -> Any:
        """The lookup's value for the arguments `values`."""
        if self.number is not None:
            return values[self.number]
        return self.kind(
            each.value(values) if isinstance(each, Recipe) else each for each in self.members
        )


class _NoRecipe(Exception):
    pass


def _members(value: Any) -> list[Any]:
    if isinstance(value, ExpressionList):
        return value.get_source_expressions()
    if type(value) in (list, tuple):
        return list(value)
    raise _NoRecipe


def _member(value: Any) -> Any:
    if isinstance(value, Parameter):
        return Recipe(value)
    if type(value) is Value:
        return value.value
    if hasattr(value, "resolve_expression"):
        raise _NoRecipe
    return value


def fragments_of(query: Query) -> list[Fragment]:
    """The fragments of `query` and of the queries in it. Marks their lookups, in place, so that
    compiling `query` gives a token and a Slot where each stands."""
    found: list[Fragment] = []
    for lookup in _lookups(query):
        if isinstance(lookup, _Marked) or not _holds_parameter(lookup.rhs):
            continue
        if any(isinstance(each, Parameter | _Marked) for each in _inside(lookup.lhs)):
            continue
        try:
            fragment = Fragment(len(found), lookup, Recipe(lookup.rhs))
        except _NoRecipe:
            continue
        kind: Any = type(lookup)
        lookup.__class__ = _marked(kind)
        lookup.fragment = fragment
        found.append(fragment)
    return found


def _holds_parameter(value: Any) -> bool:
    return isinstance(value, Parameter) or bool(_parameters(value))


def _parameters(value: Any) -> list[Parameter]:
    """The parameters among the members of a lookup's value."""
    if isinstance(value, ExpressionList):
        value = value.get_source_expressions()
    members = value if isinstance(value, list | tuple) else []
    return [each for each in members if isinstance(each, Parameter)]


def _lookups(query: Query) -> list[Any]:
    return [node for node in _nodes(query) if isinstance(node, Lookup)]


def _nodes(query: Query) -> Iterator[Any]:
    for part in _parts_of_query(query):
        yield from _inside(part)


def _parts_of_query(query: Query) -> Iterator[Any]:
    yield query.where
    yield from query.annotations.values()
    yield from query.combined_queries
    yield from query.select
    yield from (each for each in query.order_by if hasattr(each, "get_source_expressions"))
    if isinstance(query.group_by, tuple | list):
        yield from query.group_by
    for join in query.alias_map.values():
        relation: Any = join.filtered_relation if isinstance(join, Join) else None
        if relation is not None and relation.resolved_condition is not None:
            yield relation.resolved_condition


def _inside(node: Any) -> Iterator[Any]:
    """`node` and all that it is made of."""
    yield node
    for part in parts_of(node):
        yield from _inside(part)


def parts_of(node: Any) -> list[Any]:
    """What a node of a query is made of, one level down."""
    parts: Any = []
    if isinstance(node, WhereNode):
        parts = node.children
    elif isinstance(node, Query):
        parts = _parts_of_query(node)
    elif hasattr(node, "get_source_expressions"):
        parts = node.get_source_expressions()
    return [part for part in parts if part is not None]


def marked_fragment(node: Any) -> Fragment | None:
    """The fragment of a marked lookup, or None for any other node."""
    return node.fragment if isinstance(node, _Marked) else None


class _Marked:
    """What a lookup that holds arguments compiles to, once: its token and its Slot."""

    fragment: Fragment
    lhs: Any
    process_lhs: Any

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Slot]]:
        left_sql = None
        if _left_is_stable(type(self)):
            left_sql = self.process_lhs(compiler, connection)
        return self.fragment.token, [Slot(self.fragment, self.lhs, left_sql, compiler.query)]

    as_sqlite = as_postgresql = as_mysql = as_oracle = as_sql


@cache
def _marked(lookup: type[Lookup]) -> type:
    return type(lookup.__name__, (_Marked, lookup), {"__module__": __name__})


def _left_is_stable(lookup: Any) -> bool:
    """Whether the left side's SQL depends on nothing but the left side."""
    return lookup.process_lhs in (Lookup.process_lhs, BuiltinLookup.process_lhs)


@cache
def _made_at_call(lookup: type[Lookup]) -> type:
    """`lookup`, made to take its left side's SQL as it was compiled."""
    if not _left_is_stable(lookup):
        return lookup

    def process_lhs(self: Any, compiler: Any, connection: Any, lhs: Any = None) -> Any:
        if lhs is not None or self.left_sql is None:
            return lookup.process_lhs(self, compiler, connection, lhs)
        sql, params = self.left_sql
        return sql, list(params)

    made = {"__module__": __name__, "process_lhs": process_lhs, "left_sql": None}
    return type(lookup.__name__, (lookup,), made)
