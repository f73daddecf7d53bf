"""Statements: the SQL of one query on one database, compiled once, with slots for arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.db import connections
from django.db.models import QuerySet
from django.db.models.lookups import In

from .fragments import Diverted, Slot
from .markers import Inspected, is_marker, number_of
from .rows import Reading

_TOKEN = re.compile("\0(\\d+)\0")


class Mismatch(Exception):
    """SQL, parameters or rows that are not what Django makes of the plain queryset."""


class Statement:
    """What `queryset`, which a body made of markers, runs on the database `alias`.

    `learn` and `require_as_plain` come before the first use.
    """

    def __init__(self, queryset: QuerySet, alias: str) -> None:
        self.alias = alias
        self.backend = type(connections[alias])
        compiler, sql, params = compiled(queryset, alias)
        self.parts = _TOKEN.split(sql)
        self.params = params
        self.slots = _slots(params)
        if [str(slot.fragment.number) for slot in self.slots] != self.parts[1::2]:
            raise Mismatch("its parameters are in another order than its conditions")
        self.reading = Reading(queryset, compiler)

    def is_current(self) -> bool:
        """Whether the alias is still a database of the kind that this was compiled for."""
        return type(connections[self.alias]) is self.backend

    def learn(self, values: Sequence[Any]) -> None:
        """Keep the SQL that the fragments have with `values`: nearly always the same next time."""
        pieces = self.fragments(values)
        self.known = [sql for sql, _ in pieces]
        self.sql = self._joined(self.known)

    def require_as_plain(self, plain: QuerySet, values: Sequence[Any]) -> None:
        """Raise Mismatch where this, with `values`, is not what Django compiles of `plain`."""
        compiler, sql, params = compiled(plain, self.alias)
        mine_sql, mine = self.bound(values)
        if mine_sql != sql:
            raise Mismatch("its SQL depends on its arguments in another way than by binding")
        if list(map(_typed, mine)) != list(map(_typed, params)):
            raise Mismatch("its parameters are not what the plain queryset binds")
        if self.reading.identity != Reading(plain, compiler).identity:
            raise Mismatch("its rows have another shape than the plain queryset's")

    def fragments(
        self, values: Sequence[Any], lookups: Sequence[Any] | None = None
    ) -> list[tuple[str, Sequence[Any]]]:
        """The SQL and parameters of each slot. `lookups` are those of the fragments, by number,
        when they are made already. Raises what compiling a lookup raises."""
        connection = connections[self.alias]
        compilers: dict[int, Any] = {}
        pieces = []
        for slot in self.slots:
            fragment, query = slot.fragment, slot.query
            if lookups is not None and slot.first:
                lookup = lookups[fragment.number]
            else:
                lookup = fragment.lookup(values, slot.left)
            lookup.left_sql = slot.left_sql
            compiler = compilers.get(id(query))
            if compiler is None:
                compiler = query.get_compiler(connection=connection)
                compiler.using = self.alias
                compilers[id(query)] = compiler
            pieces.append(compiler.compile(lookup))
        return pieces

    def bound(
        self, values: Sequence[Any], lookups: Sequence[Any] | None = None
    ) -> tuple[str, list[Any]]:
        """The SQL and its parameters for a call's arguments."""
        pieces = self.fragments(values, lookups)
        sql = self.sql
        written = [piece for piece, _ in pieces]
        if written != self.known:
            sql = self._spliced(written)
        params: list[Any] = []
        rest = iter(pieces)
        for each in self.params:
            if type(each) is Slot:
                params.extend(next(rest)[1])
            else:
                params.append(each)
        return sql, params

    def _spliced(self, written: list[str]) -> str:
        """The SQL with other fragments than the known ones: an IN of another length."""
        for slot, now, known in zip(self.slots, written, self.known, strict=True):
            if now != known and not issubclass(slot.fragment.made_by, In):
                raise Diverted
        return self._joined(written)

    def _joined(self, written: list[str]) -> str:
        joined = self.parts.copy()
        joined[1::2] = written
        return "".join(joined)

    def rows(self, values: Sequence[Any], lookups: Sequence[Any] | None = None) -> list[Any]:
        """The rows for a call's arguments."""
        sql, params = self.bound(values, lookups)
        return self.run(sql, params)

    def run(self, sql: str, params: list[Any]) -> list[Any]:
        """The rows of `sql`, as `bound` gave it."""
        connection = connections[self.alias]
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            fetched = cursor.fetchall()
        return self.reading.rows(fetched, connection)


def _slots(params: Sequence[Any]) -> list[Slot]:
    """The slots among `params`. The first of a fragment may take the lookup that is made for its
    own left side; another needs one of its own, since some lookups change as they are compiled."""
    slots, seen = [], set()
    for each in params:
        if type(each) is Slot:
            each.first = each.left is each.fragment.left and each.fragment not in seen
            seen.add(each.fragment)
            slots.append(each)
        elif is_marker(each):
            raise Inspected(number_of(each), "passes it to raw SQL")
    return slots


def compiled(queryset: QuerySet, alias: str) -> tuple[Any, str, list[Any]]:
    """A compiler of `queryset` that has compiled it for `alias`, its SQL and parameters."""
    compiler = queryset.query.clone().get_compiler(using=alias)
    sql, params = compiler.as_sql()
    # What the rows need beside that; execute_sql() does no more.
    return compiler, sql, list(params)


def _typed(value: Any) -> tuple[type, Any]:
    return type(value), value
