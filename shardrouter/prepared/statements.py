"""Statements: the SQL of one query on one database, compiled once, with slots for arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.db import connections
from django.db.models import QuerySet
from django.db.models.lookups import In

from .direct import Bind, list_binder, scalar_binder
from .fragments import Diverted, Fragment, Slot
from .markers import Inspected, is_marker, number_of
from .rows import Reading

_TOKEN = re.compile("\0(\\d+)\0")


class Mismatch(Exception):
    """SQL, parameters or rows that are not what Django makes of the plain queryset."""


class Statement:
    """What `queryset`, which a body made of markers, runs on the database `alias`. `learn` comes
    before the first use."""

    def __init__(self, queryset: QuerySet, fragments: Sequence[Fragment], alias: str) -> None:
        self.alias = alias
        self.backend = type(connections[alias])
        if connections[alias].features.interprets_empty_strings_as_nulls:
            raise Mismatch("its database takes an empty text for NULL")
        compiler, sql, params = compiled(queryset, alias)
        self.parts = _TOKEN.split(sql)
        self.params = params
        self.slots = _slots(params)
        if [str(slot.fragment.number) for slot in self.slots] != self.parts[1::2]:
            raise Mismatch("its parameters are in another order than its conditions")
        # Conditions that are not in the SQL, such as those of an annotation that values() leaves
        # out; what is wrong with their values is an error all the same.
        written = {slot.fragment for slot in self.slots}
        self.unwritten = [each for each in fragments if each not in written]
        self.reading = Reading(queryset, compiler)

    def is_current(self) -> bool:
        """Whether the alias is still a database of the kind that this was compiled for."""
        return type(connections[self.alias]) is self.backend

    def learn(self, values: Sequence[Any], plain: QuerySet) -> None:
        """Learn from the call with `values` how fragments are bound. Raises Mismatch where this is
        not what Django compiles of `plain`, its queryset."""
        connection = connections[self.alias]
        pieces = [slot.compiled(values, self._compiler(slot, connection)) for slot in self.slots]
        self.known = [sql for sql, _ in pieces]
        self.sql = self._joined(self.known)
        self.steps = [
            self._step(each, values, connection) if type(each) is Slot else _Constant(each)
            for each in self.params
        ]
        self._require_as_plain(plain, values, connection)

    def _step(self, slot: Slot, values: Sequence[Any], connection: Any) -> _Step:
        number = slot.fragment.recipe.number
        if number is None or slot.left_sql is None or slot.left_sql[1]:
            return _Compiled(self, slot)
        value = values[number]
        if type(value) in (list, tuple, set, frozenset):
            bind = list_binder(slot.fragment, value, connection)
            return _Listed(number, bind, slot.left_sql[0]) if bind else _Compiled(self, slot)
        bind = scalar_binder(slot.fragment, type(value), connection)
        return _Direct(number, bind) if bind else _Compiled(self, slot)

    def _require_as_plain(self, plain: QuerySet, values: Sequence[Any], connection: Any) -> None:
        compiler, sql, params = compiled(plain, self.alias)
        mine_sql, mine = self.bound(values, connection)
        if mine_sql != sql:
            raise Mismatch("its SQL depends on its arguments in another way than by binding")
        if list(map(_typed, mine)) != list(map(_typed, params)):
            raise Mismatch("its parameters are not what the plain queryset binds")
        if self.reading.identity != Reading(plain, compiler).identity:
            raise Mismatch("its rows have another shape than the plain queryset's")

    def bound(self, values: Sequence[Any], connection: Any) -> tuple[str, list[Any]]:
        """The SQL and its parameters for a call's arguments. Raises Diverted, or what Django
        raises, where the values need another query."""
        for fragment in self.unwritten:
            fragment.lookup(values)
        params: list[Any] = []
        written: list[str | None] = []
        for step in self.steps:
            sql = step.add(params, values, connection)
            if sql is not _NOTHING:
                written.append(sql)
        if written.count(None) == len(written):
            return self.sql, params
        return self._spliced(written), params

    def _spliced(self, written: list[str | None]) -> str:
        """The SQL with the fragments as they are `written`, None where they are as known. Only an
        IN may be another: of another length."""
        pieces = []
        for slot, now, known in zip(self.slots, written, self.known, strict=True):
            if now is None or now == known:
                pieces.append(known)
            elif issubclass(slot.fragment.kind, In):
                pieces.append(now)
            else:
                raise Diverted
        return self._joined(pieces)

    def _joined(self, written: list[str]) -> str:
        joined = self.parts.copy()
        joined[1::2] = written
        return "".join(joined)

    def _compiler(self, slot: Slot, connection: Any) -> Any:
        compiler = slot.query.get_compiler(connection=connection)
        compiler.using = self.alias
        return compiler

    def run(self, sql: str, params: list[Any], connection: Any) -> list[Any]:
        """The rows of `sql`, as `bound` gave it."""
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            fetched = cursor.fetchall()
        return self.reading.rows(fetched, connection)


_NOTHING: Any = object()


class _Constant:
    """A parameter that is the same at each call."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def add(self, params: list[Any], values: Sequence[Any], connection: Any) -> Any:
        params.append(self.value)
        return _NOTHING


class _Direct:
    """A comparison with one value, bound without a lookup. Its SQL is always the same."""

    def __init__(self, number: int, bind: Bind) -> None:
        self.number = number
        self.bind = bind

    def add(self, params: list[Any], values: Sequence[Any], connection: Any) -> None:
        params.append(self.bind(values[self.number], connection))


class _Listed:
    """An IN of plain values, bound without a lookup. Its SQL depends on how many there are."""

    def __init__(self, number: int, bind: Bind, left: str) -> None:
        self.number = number
        self.bind = bind
        self.left = left

    def add(self, params: list[Any], values: Sequence[Any], connection: Any) -> str:
        bound = self.bind(values[self.number], connection)
        if not bound:
            raise Diverted
        params.extend(bound)
        return f"{self.left} IN ({', '.join(['%s'] * len(bound))})"


class _Compiled:
    """Any other fragment: its lookup, compiled at each call."""

    def __init__(self, statement: Statement, slot: Slot) -> None:
        self.statement = statement
        self.slot = slot

    def add(self, params: list[Any], values: Sequence[Any], connection: Any) -> str:
        compiler = self.statement._compiler(self.slot, connection)
        sql, bound = self.slot.compiled(values, compiler)
        params.extend(bound)
        return sql


_Step = _Constant | _Direct | _Listed | _Compiled


def _slots(params: Sequence[Any]) -> list[Slot]:
    for each in params:
        if is_marker(each):
            raise Inspected(number_of(each), "passes it to raw SQL")
    return [each for each in params if type(each) is Slot]


def compiled(queryset: QuerySet, alias: str) -> tuple[Any, str, list[Any]]:
    """A compiler of `queryset` that has compiled it for `alias`, its SQL and parameters."""
    compiler = queryset.query.clone().get_compiler(using=alias)
    sql, params = compiler.as_sql()
    return compiler, sql, list(params)


def _typed(value: Any) -> tuple[type, Any]:
    return type(value), value
