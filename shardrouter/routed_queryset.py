"""RoutedQuerySet: a QuerySet that finds its shards in its own WHERE, and how to query those.

queryset.py builds reads and writes on it. A project's own querysets inherit few names from here:
`scatter`, `explain_route`, `shards_missing` and three private attributes. The rest are functions,
which cannot collide with a project's methods.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from django.db import models
from django.db.models.sql import Query

from . import conf, counters
from .borders import RoutedQuery
from .django_internals import QuerySet
from .exceptions import CrossShardQuery, ShardRouterError, UnroutedQuery
from .overlap import ask_shards
from .placement import is_sharded
from .router import Everywhere, Undecided
from .routing import Route, explain, find_shards, possible_slots, routing_columns

_M = TypeVar("_M", bound=models.Model, covariant=True)
_Q = TypeVar("_Q", bound="RoutedQuerySet[models.Model]")
_T = TypeVar("_T")
_F = TypeVar("_F", bound=Callable[..., Any])


def marked(**markers: bool) -> Callable[[_F], _F]:
    """Return a decorator that sets Django's markers on a method: `alters_data`, which templates
    respect, and `queryset_only`, which keeps it off managers (False brings a private one there).
    """

    def mark(method: _F) -> _F:
        vars(method).update(markers)
        return method

    return mark


@dataclass(frozen=True)
class ScatterOptions:
    """The arguments of `scatter()`."""

    writes: bool = False
    skip_missing: bool = False


class RoutedQuerySet(QuerySet[_M]):
    """See the module's docstring. A queryset made from this one does not inherit the pinned alias,
    since its WHERE may name another shard."""

    _scatter_options: ScatterOptions | None = None
    _pinned_alias: str | None = None
    _quotes_only: bool = False
    # Whether Django asks on behalf of a global row, as for what has to be deleted with it.
    _follows_global: bool = False
    #: After evaluation with on_shard_down="skip": the aliases that did not answer.
    shards_missing: tuple[str, ...] = ()

    def __init__(
        self,
        model: type[models.Model] | None = None,
        query: Query | None = None,
        using: str | None = None,
        hints: dict[str, models.Model] | None = None,
    ) -> None:
        query = query or RoutedQuery(model)
        if not isinstance(using, Undecided):
            super().__init__(model, query, using, hints)
            return
        super().__init__(model, query, None, hints)
        if isinstance(using, Everywhere):
            self._scatter_options = ScatterOptions(writes=True)

    def __repr__(self) -> str:
        # Debuggers and error pages print querysets; one without a route must not raise there.
        try:
            return super().__repr__()
        except ShardRouterError as error:
            return f"<{type(self).__name__} of {self.model._meta.label}: {type(error).__name__}>"

    def scatter(self, *, writes: bool = False, on_shard_down: str = "raise") -> Self:
        """Return a queryset that queries every shard its WHERE does not rule out, and merges
        exactly.

        `writes=True` allows update() and delete() on all of them. `on_shard_down="skip"` leaves
        out shards that do not answer and names them in `shards_missing`; by default the first
        one raises ShardUnavailable.
        """
        if on_shard_down not in ("raise", "skip"):
            raise ValueError(f'on_shard_down is "raise" or "skip", not {on_shard_down!r}.')
        clone = self._chain()
        clone._scatter_options = ScatterOptions(writes, on_shard_down == "skip")
        return clone

    def explain_route(self) -> Route:
        """Return the shards that this queryset would query, and why. Raise as running it would.
        Runs no SQL."""
        if self._db:
            return Route((self._db,), "using()")
        shards = target_shards(self)
        reason = explain(self.query) or ("scatter()" if shards else "nothing can match")
        return Route(shards, reason)

    def using(self, alias: str | None) -> Self:
        """As stock: exactly this alias, unchecked."""
        clone = super().using(None if isinstance(alias, Undecided) else alias)
        if isinstance(alias, Everywhere) and clone._scatter_options is None:
            clone._scatter_options = ScatterOptions(writes=True)
        # To prefetch a many-to-many, Django calls using(None), filters, and asks for `db` only to
        # quote the name of the join table, for extra().
        clone._quotes_only = alias is None and "instance" in self._hints
        return clone

    @property
    def db(self) -> str:
        """The one alias that this query runs on. Raise CrossShardQuery if there are several."""
        alias = self._db or self._pinned_alias
        if alias is not None:
            return alias
        shards = target_shards(self)
        if self._quotes_only:
            return shards[0]
        if len(shards) > 1:
            raise CrossShardQuery(
                self.model._meta.label, f"this operation needs one shard, not {', '.join(shards)}"
            )
        self._pinned_alias = shards[0] if shards else conf.shards()[0]
        return self._pinned_alias

    def _clone(self) -> Self:
        clone = super()._clone()
        if self._scatter_options is not None:
            clone._scatter_options = self._scatter_options
        if self._quotes_only:
            clone._quotes_only = True
        if self._follows_global:
            clone._follows_global = True
        return clone

    def __and__(self, other: Any) -> Self:
        return self._scattered_with(super().__and__(other), other)

    def __or__(self, other: Any) -> Self:
        return self._scattered_with(super().__or__(other), other)

    def __xor__(self, other: Any) -> Self:
        either: Any = super()
        return self._scattered_with(either.__xor__(other), other)

    def _scattered_with(self, combined: Any, other: Any) -> Self:
        """Let `combined` ask every shard if one of the two it is made of does, in either order."""
        options = self._scatter_options or other._scatter_options
        if options is not None and combined._scatter_options is None:
            combined = combined._chain()
            combined._scatter_options = options
        return combined

    def extra(self, *args: Any, **kwargs: Any) -> Self:
        clone: Self = super().extra(*args, **kwargs)  # type: ignore[assignment]  # of this class
        clone._quotes_only = False
        return clone

    @marked(queryset_only=True)
    def resolve_expression(self, *args: Any, **kwargs: Any) -> Any:
        outer = args[0] if args else kwargs.get("query")
        if outer is not None and not is_sharded(outer.model):
            raise CrossShardQuery(
                outer.model._meta.label,
                f"a subquery on {self.model._meta.label} cannot run where this table is",
                "Evaluate it first and filter by the values.",
            )
        return super().resolve_expression(*args, **kwargs)


def pin(queryset: _Q, alias: str) -> _Q:
    """Return a copy of `queryset` that runs on `alias`."""
    clone = queryset._chain()
    clone._pinned_alias = alias
    return clone


def target_shards(queryset: RoutedQuerySet[models.Model]) -> tuple[str, ...]:
    """Return the aliases to query, none if nothing can match. Raise as find_shards() does."""
    try:
        return find_shards(queryset.query, scatter=queryset._scatter_options is not None)
    except UnroutedQuery as error:
        if not queryset._follows_global:
            raise
        raise UnroutedQuery(
            queryset.model._meta.label,
            "a global row is to be deleted or followed, and what belongs to it may be on any shard",
            "Update or delete these rows first, with .scatter(writes=True), and set "
            "on_delete=DO_NOTHING on their key.",
        ) from error


def write_shards(queryset: RoutedQuerySet[models.Model]) -> tuple[str, ...]:
    """Return the aliases that an update() or delete() goes to. Raise UnroutedQuery if those are
    all shards and `scatter(writes=True)` has not allowed it."""
    shards = target_shards(queryset)
    options = queryset._scatter_options
    if possible_slots(queryset.query) is None and not (options and options.writes):
        raise UnroutedQuery(
            queryset.model._meta.label,
            "this would write to every shard",
            "Say so with .scatter(writes=True), or name the shard key.",
        )
    return shards


def record(queryset: RoutedQuerySet[models.Model], shards: tuple[str, ...], operation: str) -> None:
    """Count `operation` on `shards` and send its signal, unless there are none."""
    if shards:
        reason = routing_columns(queryset.query) or "scatter()"
        counters.record_query(queryset.model, shards, reason, operation)


def recorded_shards(queryset: RoutedQuerySet[models.Model], operation: str) -> tuple[str, ...]:
    """Return target_shards() for a query that is about to run, and record it."""
    shards = target_shards(queryset)
    record(queryset, shards, operation)
    return shards


def ask_each(queryset: _Q, shards: tuple[str, ...], question: Callable[[_Q], _T]) -> list[_T]:
    """Return what `question` returns for `queryset` on each shard, in order.

    Shards that do not answer are left out, and named in `shards_missing`, if `scatter()` was told
    to skip them; else the first one raises ShardUnavailable.
    """
    options = queryset._scatter_options
    answers, queryset.shards_missing = ask_shards(
        shards,
        lambda alias: question(pin(queryset, alias)),
        skip=options is not None and options.skip_missing,
    )
    return answers


def fetch_rows(queryset: models.QuerySet[Any, Any]) -> list[Any]:
    """Return the rows of a queryset whose alias is pinned."""
    rows: Any = queryset._iterable_class(queryset)
    return list(rows)
