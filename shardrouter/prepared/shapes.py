"""Shapes: a body, compiled for one kind of arguments.

The body is run with markers and, once, with a call's own arguments. What is prepared of the first
must be what Django makes of the second, or the shape is not prepared.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

from django.db import connections
from django.db.models import prefetch_related_objects
from django.db.models import query as django_query
from django.db.models.sql import Query

from .bodies import Guard, Impure
from .fragments import Diverted, Fragment, fragments_of
from .keys import is_fixed
from .markers import Inspected, Ledger, Marker, is_marker, number_of
from .routes import (
    Merging,
    RoutedQuery,
    ShardedQuerySet,
    ask_shards,
    is_stock_fetch,
    merging,
    route_of,
)
from .rows import KNOWN, Rows
from .statements import Mismatch, Statement
from .watch import Busy, Evaluated, NoQueries, Watch

#: Django 6.1's default; None before.
_FETCH_MODE = getattr(django_query, "DEFAULT_FETCH_MODE", None)

Call = Callable[[Sequence[Any]], Any]


class Unprepared(Exception):
    """A body, or arguments, that run the plain queryset; says why."""


class NotNow(Exception):
    """Arguments that say nothing about their shape: nothing can match them."""


class Shape:
    """See the module's docstring. Raises Inspected, Unprepared or NotNow when it cannot be made.

    Shared between threads: after __init__ only statements are added, under a lock.
    """

    def __init__(
        self, function: Any, call: Call, plain: Any, values: Sequence[Any], fixed: frozenset[int]
    ) -> None:
        self.call = call
        self.uses = 0
        self._function = function
        self._lock = threading.Lock()
        ledger = Ledger()
        self.queryset, watch = self._marked_queryset(values, fixed, ledger)
        _require_known(self.queryset)
        _require_alike(self.queryset, plain)
        self.fragments = fragments_of(self.queryset.query)
        _require_all_held(ledger, self.fragments)
        self.route = route_of(self.queryset, plain, self.fragments, values)
        self._statements: dict[Any, Any] = {}
        self.guards = _each_once(watch.guards)
        self.zoned = watch.zoned
        self._compile_first(values)

    def _marked_queryset(
        self, values: Sequence[Any], fixed: frozenset[int], ledger: Ledger
    ) -> tuple[Any, Watch]:
        """What the body makes of markers. Raises Inspected for the first that it looked at."""
        given = [
            value if number in fixed or is_fixed(value) else Marker(number, ledger)
            for number, value in enumerate(values)
        ]
        queryset, watch = self._watched(given, ledger)
        for number, how in ledger.seen.items():
            raise Inspected(number, how)
        _require_pure(watch)
        if is_marker(queryset._db):
            raise Inspected(number_of(queryset._db), "names a database")
        return queryset, watch

    def _watched(self, given: Sequence[Any], ledger: Ledger) -> tuple[Any, Watch]:
        queryset = None
        try:
            with NoQueries() as queries, Watch(self._function) as watch:
                queryset = self.call(given)
        except Busy as error:
            raise NotNow from error
        except Evaluated:
            pass
        except Exception as error:
            # Most likely of a function that would not take a marker that was seen before.
            if not ledger.seen:
                raise Unprepared(f"it fails with unknown values: {error}") from error
        if queries.ran:
            raise Unprepared("it runs a query")
        return queryset, watch

    def _compile_first(self, values: Sequence[Any]) -> None:
        try:
            shards = self.route.shards(values)
            if not shards:
                raise NotNow
            self._statements_for(shards, values)
        except Diverted as error:
            raise NotNow from error

    def rows(self, values: Sequence[Any]) -> Rows:
        """The rows for a call's arguments. Raises Diverted, before anything was done, where they
        need the plain queryset."""
        self.uses += 1
        shards = self.route.shards(values)
        if len(shards) == 1 and not self.route.skips:
            rows = self._routed(shards, values)
        elif shards:
            rows = self._scattered(shards, values)
        else:
            # An IN that is empty, say; the plain queryset sees that nothing else is wrong.
            raise Diverted
        if self.queryset._prefetch_related_lookups:
            prefetch_related_objects(rows, *self.queryset._prefetch_related_lookups)
        return rows

    def _routed(self, shards: tuple[str, ...], values: Sequence[Any]) -> Rows:
        (alias,) = shards
        connection = connections[alias]
        known = self._statements.get(alias)
        if known is None or known[0][0].backend is not type(connection):
            known = self._statements_for(shards, values)
        (statement,) = known[0]
        try:
            sql, params = statement.bound(values, connection)
        except Exception as error:
            raise Diverted from error
        self.route.note(shards)
        with self.route.available(alias):
            return Rows(statement.run(sql, params, connection))

    def _statements_for(self, shards: tuple[str, ...], values: Sequence[Any]) -> Any:
        """The statements for `shards`, and how their rows are merged, if they are."""
        key = shards[0] if len(shards) == 1 else shards
        known = self._statements.get(key)
        if known is None or not all(each.is_current() for each in known[0]):
            with self._lock:
                known = self._statements[key] = self._compiled(shards, values)
        if not known[0]:
            # Groups that several shards share.
            raise Diverted
        return known

    def _compiled(self, shards: tuple[str, ...], values: Sequence[Any]) -> tuple[Any, Any]:
        """The statements for `shards`, none where groups span them, and how their rows are merged.
        Raises Diverted where these values cannot be compiled."""
        plain = self.call(values)
        try:
            made, plain, merge = self._statements_made(shards, plain)
            for statement in made:
                statement.learn(values, plain)
        except Mismatch as error:
            raise Unprepared(str(error)) from error
        except Unprepared:
            raise
        except Exception as error:
            raise Diverted from error
        return made, merge

    def _statements_made(
        self, shards: tuple[str, ...], plain: Any
    ) -> tuple[list[Statement], Any, Merging | None]:
        queryset, merge = self.queryset, None
        with Watch(self._function) as watch:
            if len(shards) > 1:
                merge = merging(queryset, plain, shards)
                if merge is None:
                    return [], plain, None
                queryset, plain = merge.asked, merge.plain_asked
            made = [Statement(queryset, self.fragments, alias) for alias in shards]
        self._require_as_first(watch)
        return made, plain, merge

    def _require_as_first(self, watch: Watch) -> None:
        """Raise Unprepared where compiling asked for what it did not ask for the first time."""
        _require_pure(watch)
        if watch.zoned and self._statements and not self.zoned:
            raise Unprepared("it depends on the time zone on some databases alone")
        self.zoned = self.zoned or watch.zoned
        self.guards = _each_once([*self.guards, *watch.guards])

    def _scattered(self, shards: tuple[str, ...], values: Sequence[Any]) -> Rows:
        statements, merge = self._statements_for(shards, values)
        try:
            bound = [each.bound(values, connections[each.alias]) for each in statements]
        except Exception as error:
            raise Diverted from error
        self.route.note(shards)
        answers, missing = self._answers(statements, bound)
        rows = merge.rows(self.queryset, answers, shards) if merge else [*chain(*answers)]
        return Rows(rows, missing)

    def _answers(self, statements: Any, bound: Any) -> tuple[list[list[Any]], tuple[str, ...]]:
        """The rows of each shard, and the shards that did not answer and may be skipped."""
        to_run = {
            statement.alias: (statement, *each)
            for statement, each in zip(statements, bound, strict=True)
        }

        def ask(alias: str) -> list[Any]:
            statement, sql, params = to_run[alias]
            return statement.run(sql, params, connections[alias])

        return ask_shards(tuple(to_run), ask, skip=self.route.skips)


def _require_pure(watch: Watch) -> None:
    try:
        watch.require_pure()
    except Impure as error:
        raise Unprepared(str(error)) from error


def _each_once(guards: list[Guard]) -> tuple[Guard, ...]:
    owners = [getattr(owner, "cell", owner) for owner, _, _ in guards]
    keys = [(id(owner), guard[1]) for owner, guard in zip(owners, guards, strict=True)]
    return tuple(dict(zip(keys, guards, strict=True)).values())


def _require_all_held(ledger: Ledger, fragments: list[Fragment]) -> None:
    """Raise Inspected for an argument of a condition that is no fragment of the query, such as one
    of an annotation that another one replaced: Django prepares its value all the same."""
    held = {key for fragment in fragments for key in fragment.recipe.keys}
    for key, number in ledger.bound.items():
        if key not in held:
            raise Inspected(number, "binds it to a condition that is not followed")


def _require_known(queryset: Any) -> None:
    """Raise Unprepared where rows are made in a way that is not known here."""
    query = queryset.query
    if queryset._iterable_class not in KNOWN or not is_stock_fetch(queryset):
        raise Unprepared("its rows are made in a way of their own")
    if getattr(queryset, "_fetch_mode", None) is not _FETCH_MODE:
        raise Unprepared("it says how deferred columns are fetched")
    if type(query) not in (Query, RoutedQuery) or query.combinator:
        raise Unprepared("it combines several queries")
    if query.is_empty():
        raise Unprepared("nothing can match it")
    if query.select_for_update or query.explain_info or queryset._for_write:
        raise Unprepared("it locks rows, or writes")
    if queryset._hints or queryset._known_related_objects:
        raise Unprepared("it starts at an instance")
    if not all(isinstance(each, str) for each in queryset._prefetch_related_lookups):
        raise Unprepared("it prefetches by a queryset of its own")


def _require_alike(queryset: Any, plain: Any) -> None:
    """Raise Unprepared where markers led the body elsewhere than the call's arguments."""
    names = ["_db", "_fields", "_iterable_class", "_prefetch_related_lookups", "model"]
    if isinstance(plain, ShardedQuerySet):
        names.append("_scatter_options")
    if type(queryset) is not type(plain) or any(
        getattr(queryset, name) != getattr(plain, name) for name in names
    ):
        raise Unprepared("it looks at the types of its arguments")
