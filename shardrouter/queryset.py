"""ShardedQuerySet: a QuerySet that finds its shards in its own WHERE.

One shard: that alias is pinned and Django does the rest. Several (an IN that names them, or
`scatter()`): each is asked and scatter.py merges. None named: UnroutedQuery, before any SQL.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from asgiref.sync import sync_to_async
from django.db import models
from django.db.models import prefetch_related_objects

from . import availability, conf, counters, scatter, writes
from .colocation import require_colocated
from .exceptions import CrossShardQuery, ShardRouterError, ShardUnavailable, UnroutedQuery
from .placement import is_sharded, shard_for
from .router import Everywhere, Undecided
from .routing import (
    Route,
    columns_told,
    possible_slots,
    reasons,
    shards_of,
    split_combination,
    unrouted,
)


@dataclass(frozen=True)
class Scatter:
    """What `scatter()` was told."""

    writes: bool = False
    skip_missing: bool = False


class ShardedQuerySet(models.QuerySet):
    """See the module's docstring. Built on stock QuerySet; the pinned alias is never inherited by
    a queryset made from this one, since its WHERE may say something else."""

    _scatter: Scatter | None = None
    _pin: str | None = None
    _quotes_only: bool = False
    #: After evaluation with on_shard_down="skip": the aliases that did not answer.
    shards_missing: tuple[str, ...] = ()

    def __init__(
        self, model: Any = None, query: Any = None, using: Any = None, hints: Any = None
    ) -> None:
        if not isinstance(using, Undecided):
            super().__init__(model, query, using, hints)
            return
        super().__init__(model, query, None, hints)
        if isinstance(using, Everywhere):
            self._scatter = Scatter(writes=True)

    def __repr__(self) -> str:
        # Debuggers and error pages print querysets; one without a route must not raise there.
        try:
            return super().__repr__()
        except ShardRouterError as error:
            return f"<{type(self).__name__} of {self.model._meta.label}: {type(error).__name__}>"

    # -- Where to go ------------------------------------------------------------------------

    def scatter(self, *, writes: bool = False, on_shard_down: str = "raise") -> Any:
        """A queryset that asks every shard its WHERE does not rule out, and merges exactly.

        `writes=True` allows update() and delete() on all of them. `on_shard_down="skip"` leaves
        out shards that do not answer and names them in `shards_missing`; by default the first
        one raises ShardUnavailable.
        """
        if on_shard_down not in ("raise", "skip"):
            raise ValueError(f'on_shard_down is "raise" or "skip", not {on_shard_down!r}')
        clone = self._chain()
        clone._scatter = Scatter(writes=writes, skip_missing=on_shard_down == "skip")
        return clone

    def explain_route(self) -> Route:
        """The shards this queryset would ask, and why; raises as running it would. No SQL."""
        if self._db:
            return Route((self._db,), "using()")
        shards = self._shards()
        why = " and ".join(reasons(self.query)) or ("scatter()" if shards else "nothing can match")
        return Route(shards, why)

    def using(self, alias: str | None) -> Any:
        """As stock: exactly this alias, unchecked."""
        clone = super().using(None if isinstance(alias, Undecided) else alias)
        if isinstance(alias, Everywhere) and clone._scatter is None:
            clone._scatter = Scatter(writes=True)
        # Prefetching a many-to-many, Django says using(None), filters, and asks for `db` only to
        # quote the name of the join table, for extra().
        clone._quotes_only = alias is None and "instance" in self._hints
        return clone

    @property
    def db(self) -> str:
        """The one alias this query runs on; raises when it is not one."""
        alias = self._db or self._pin
        if alias is not None:
            return alias
        shards = self._shards()
        if len(shards) > 1 and not self._quotes_only:
            raise CrossShardQuery(
                self.model._meta.label, f"this operation needs one shard, not {', '.join(shards)}"
            )
        if self._quotes_only:
            return shards[0]
        self._pin = shards[0] if shards else conf.shards()[0]
        return self._pin

    def _shards(self) -> tuple[str, ...]:
        """The aliases to ask: none when nothing can match. Raises when that cannot be told."""
        query = self.query
        slots = possible_slots(query)
        if slots is None:
            if self._scatter is None:
                raise unrouted(query)
            shards = conf.shards()
        else:
            shards = shards_of(slots)
        if shards:
            require_colocated(query, shards)
            if query.combinator and len(shards) > 1:
                raise split_combination(query)
        return shards

    def _shards_noted(self, operation: str) -> tuple[str, ...]:
        """As `_shards`, for a query that is about to run: counted, and its signal sent."""
        shards = self._shards()
        self.note(shards, operation)
        return shards

    def note(self, shards: tuple[str, ...], operation: str) -> None:
        """Count `operation` on `shards` and send its signal; nothing when nobody is asked."""
        if shards:
            reason = columns_told(self.query) or "scatter()"
            counters.note(self.model, shards, reason, operation)

    note.queryset_only = True  # type: ignore[attr-defined]

    def _pinned(self, alias: str) -> Any:
        clone = self._chain()
        clone._pin = alias
        return clone

    def _clone(self) -> Any:
        clone = super()._clone()
        if self._scatter is not None:
            clone._scatter = self._scatter
        if self._quotes_only:
            clone._quotes_only = True
        return clone

    def extra(self, *args: Any, **kwargs: Any) -> Any:
        clone = super().extra(*args, **kwargs)
        clone._quotes_only = False
        return clone

    def resolve_expression(self, *args: Any, **kwargs: Any) -> Any:
        outer = args[0] if args else kwargs.get("query")
        if outer is not None and not is_sharded(outer.model):
            raise CrossShardQuery(
                outer.model._meta.label,
                f"a subquery on {self.model._meta.label} cannot run where this table stands",
                "Evaluate it first and filter by the values.",
            )
        return super().resolve_expression(*args, **kwargs)

    resolve_expression.queryset_only = True  # type: ignore[attr-defined]

    # -- Reading ----------------------------------------------------------------------------

    def _ask(self, shards: Iterable[str], question: Callable[[Any], Any]) -> list[Any]:
        """`question` of the queryset pinned to each shard, in order; skips what may be skipped."""
        answers = []
        missing = []
        for alias in shards:
            try:
                with availability.of(alias):
                    answers.append(question(self._pinned(alias)))
            except ShardUnavailable:
                if self._scatter is None or not self._scatter.skip_missing:
                    raise
                missing.append(alias)
        self.shards_missing = tuple(missing)
        return answers

    def _fetch_all(self) -> None:
        if self._result_cache is None:
            self._result_cache = self._fetch()
        super()._fetch_all()

    def _fetch(self) -> list[Any]:
        if self._db:
            with availability.of(self._db):
                return list(self._iterable_class(self))
        shards = self._shards_noted("select")
        if not shards:
            return []
        if len(shards) == 1 and self._scatter is None:
            self._pin = shards[0]
            with availability.of(shards[0]):
                return list(self._iterable_class(self))
        if len(shards) == 1:
            return [row for rows in self._ask(shards, _rows) for row in rows]
        return scatter.fetch(self, shards)

    def iterator(self, chunk_size: int | None = None) -> Iterator[Any]:
        if self._db:
            return super().iterator(chunk_size)
        shards = self._shards_noted("select")
        if not shards:
            return iter(())
        if len(shards) == 1:
            return self._pinned(shards[0])._plain_iterator(chunk_size)
        if chunk_size is None and self._prefetch_related_lookups:
            return super().iterator(chunk_size)  # raises Django's own ValueError
        if chunk_size is not None and chunk_size <= 0:
            raise ValueError("Chunk size must be strictly positive.")
        return self._merged_iterator(shards, chunk_size)

    def _plain_iterator(self, chunk_size: int | None) -> Iterator[Any]:
        return models.QuerySet.iterator(self, chunk_size)

    def _merged_iterator(self, shards: tuple[str, ...], chunk_size: int | None) -> Iterator[Any]:
        merged = scatter.stream(self, shards, chunk_size or 2000)
        if not self._prefetch_related_lookups:
            yield from merged
            return
        while rows := list(islice(merged, chunk_size)):
            prefetch_related_objects(rows, *self._prefetch_related_lookups)
            yield from rows

    async def aiterator(self, chunk_size: int = 2000) -> AsyncIterator[Any]:
        if chunk_size <= 0:
            raise ValueError("Chunk size must be strictly positive.")
        rows = await sync_to_async(self.iterator)(chunk_size)
        while chunk := await sync_to_async(lambda: list(islice(rows, chunk_size)))():
            for row in chunk:
                yield row

    def count(self) -> int:
        if self._result_cache is not None or self._db:
            return super().count()
        shards = self._shards_noted("count")
        if len(shards) == 1:
            return sum(self._ask(shards, models.QuerySet.count))
        return scatter.count(self, shards)

    def exists(self) -> bool:
        if self._result_cache is not None or self._db:
            return super().exists()
        shards = self._shards()
        if len(shards) > 1 and (self.query.is_sliced or not scatter.is_local(self.query)):
            # As stock, which does not sort for this; that matters to what distinct() compares.
            unordered = self._chain()
            unordered.query.clear_ordering(force=True)
            return unordered.count() > 0
        self.note(shards, "exists")
        return any(self._ask(shards, models.QuerySet.exists))

    def aggregate(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        if self._db:
            return super().aggregate(*args, **kwargs)
        shards = self._shards_noted("aggregate")
        if not shards:
            nothing = self.none()._pinned(conf.shards()[0])
            return models.QuerySet.aggregate(nothing, *args, **kwargs)
        if len(shards) == 1:
            with availability.of(shards[0]):
                return models.QuerySet.aggregate(self._pinned(shards[0]), *args, **kwargs)
        return scatter.aggregate(self, shards, args, kwargs)

    def in_bulk(self, id_list: Any = None, *, field_name: str = "pk") -> dict[Any, Any]:
        if id_list is not None and not self._db:
            ids = list(id_list)
            if not ids:
                return {}
            found = self.filter(**{f"{field_name}__in": ids})
            return models.QuerySet.in_bulk(found, field_name=field_name)
        return super().in_bulk(id_list, field_name=field_name)

    def explain(self, *, format: Any = None, **options: Any) -> str:
        if self._db:
            return super().explain(format=format, **options)
        shards = self._shards()
        plans = self._ask(shards, lambda qs: models.QuerySet.explain(qs, format=format, **options))
        if len(plans) == 1:
            return plans[0]
        return "\n".join(f"{alias}:\n{plan}" for alias, plan in zip(shards, plans, strict=True))

    def raw(self, raw_query: str, params: Any = (), translations: Any = None, using: Any = None):  # type: ignore[no-untyped-def, override]
        """Raw SQL on one shard: `using`, or the shard that this queryset's WHERE names."""
        if using is None and not self._db and possible_slots(self.query) is None:
            raise UnroutedQuery(
                self.model._meta.label,
                "raw SQL says nothing about where its rows are",
                "Pass using=shard_for(owner), or filter by the shard key first.",
            )
        return super().raw(raw_query, params, translations, using or self.db)

    # -- Writing ----------------------------------------------------------------------------

    def create(self, **kwargs: Any) -> Any:
        instance = self.model(**kwargs)
        instance._prepare_related_fields_for_save(operation_name="save")
        self._for_write = True
        instance.save(force_insert=True, using=writes.own_alias(self, instance))
        return instance

    create.alters_data = True  # type: ignore[attr-defined]

    def get_or_create(self, defaults: Any = None, **kwargs: Any) -> tuple[Any, bool]:
        return models.QuerySet.get_or_create(self._for_one(kwargs), defaults, **kwargs)

    get_or_create.alters_data = True  # type: ignore[attr-defined]

    def update_or_create(
        self, defaults: Any = None, create_defaults: Any = None, **kwargs: Any
    ) -> tuple[Any, bool]:
        return models.QuerySet.update_or_create(
            self._for_one(kwargs), defaults, create_defaults, **kwargs
        )

    update_or_create.alters_data = True  # type: ignore[attr-defined]

    def _for_one(self, lookups: dict[str, Any]) -> Any:
        """This queryset on the one shard where `lookups` would be found."""
        if self._db:
            return self
        found = self.filter(**lookups)
        found.note((found.db,), "select")
        return self.using(found.db)

    def bulk_create(self, objs: Iterable[Any], batch_size: Any = None, *args: Any, **kwargs: Any):  # type: ignore[no-untyped-def, override]
        objs = list(objs)
        return writes.bulk_create(self, objs, batch_size, *args, **kwargs)

    bulk_create.alters_data = True  # type: ignore[attr-defined]

    def bulk_update(
        self, objs: Iterable[Any], fields: Iterable[str], batch_size: Any = None
    ) -> int:
        return writes.bulk_update(self, tuple(objs), list(fields), batch_size)

    bulk_update.alters_data = True  # type: ignore[attr-defined]

    def update(self, **kwargs: Any) -> int:
        writes.refuse_key_change(self.model, kwargs)
        if self._db:
            with availability.of(self._db):
                return super().update(**kwargs)
        return writes.on_each(self, "update", lambda qs: models.QuerySet.update(qs, **kwargs))

    update.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        if self._db:
            with availability.of(self._db):
                return super().delete()
        return writes.delete(self)

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def write_shards(self) -> tuple[str, ...]:
        """The aliases an update() or delete() goes to; a write to every shard must say so."""
        shards = self._shards()
        named = possible_slots(self.query) is not None
        if not named and not (self._scatter and self._scatter.writes):
            raise UnroutedQuery(
                self.model._meta.label,
                "this would write to every shard",
                "Say so with .scatter(writes=True), or name the shard key.",
            )
        return shards

    write_shards.queryset_only = True  # type: ignore[attr-defined]

    def _insert(self, objs: Any, fields: Any, using: Any = None, **kwargs: Any) -> Any:
        alias = using or shard_for(objs[0])
        with availability.of(alias):
            return super()._insert(objs, fields, using=alias, **kwargs)

    _insert.alters_data = True  # type: ignore[attr-defined]
    _insert.queryset_only = False  # type: ignore[attr-defined]

    def _update(self, values: Any, *returning: Any) -> Any:
        with availability.of(self.db):
            return super()._update(values, *returning)

    _update.alters_data = True  # type: ignore[attr-defined]
    _update.queryset_only = False  # type: ignore[attr-defined]


def _rows(queryset: Any) -> list[Any]:
    return list(queryset._iterable_class(queryset))
