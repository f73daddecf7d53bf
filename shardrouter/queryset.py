"""ShardedQuerySet: reads and writes of a QuerySet that finds its shards in its own WHERE.

One shard: its alias is pinned and Django does the rest. Several (an IN that names them, or
`scatter()`): each is queried and the scatter package merges. None named: UnroutedQuery, before any
SQL.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.db import models
from django.db.models import prefetch_related_objects
from django.db.models.query import RawQuerySet

from . import availability, conf, scatter, writes
from .exceptions import UnroutedQuery
from .location import shard_for
from .routed_queryset import (
    RoutedQuerySet,
    ask_each,
    fetch_rows,
    marked,
    pin,
    record,
    recorded_shards,
    target_shards,
)
from .router import Nearby
from .routing import possible_slots, require_colocated_aggregates

_M = TypeVar("_M", bound=models.Model, covariant=True)
_ITERATOR_CHUNK = 2000  # rows of each shard, as Django's own default


class ShardedQuerySet(RoutedQuerySet[_M]):
    """The queryset of sharded models; see the module's docstring."""

    @classmethod
    def as_manager(cls) -> Any:
        """As stock: a manager with the methods of this queryset, on a ShardedManager."""
        manager: Any = ShardedManager.from_queryset(cls)()
        manager._built_with_as_manager = True  # read by Django, for migrations
        return manager

    as_manager.__func__.queryset_only = True  # type: ignore[attr-defined]  # a classmethod's

    # -- Reading ----------------------------------------------------------------------------

    def _fetch_all(self) -> None:
        if self._result_cache is None:
            self._result_cache = self._fetch()
        super()._fetch_all()

    def _fetch(self) -> list[_M]:
        if self._db:
            with availability.translate_errors(self._db):
                return fetch_rows(self)
        shards = recorded_shards(self, "select")
        if not shards:
            return []
        if len(shards) == 1 and self._scatter_options is None:
            self._pinned_alias = shards[0]
            with availability.translate_errors(shards[0]):
                return fetch_rows(self)
        if len(shards) == 1:
            return [row for rows in ask_each(self, shards, fetch_rows) for row in rows]
        return scatter.fetch(self, shards)

    def iterator(self, chunk_size: int | None = None) -> Iterator[_M]:
        if self._db:
            return super().iterator(chunk_size)
        shards = recorded_shards(self, "select")
        if not shards:
            return iter(())
        if len(shards) == 1:
            return models.QuerySet.iterator(pin(self, shards[0]), chunk_size)
        if chunk_size is None and self._prefetch_related_lookups:
            return super().iterator(chunk_size)  # raises Django's own ValueError
        _require_positive(chunk_size)
        return self._merged_iterator(shards, chunk_size)

    def _merged_iterator(self, shards: tuple[str, ...], chunk_size: int | None) -> Iterator[_M]:
        merged = scatter.stream(self, shards, chunk_size or _ITERATOR_CHUNK)
        if not self._prefetch_related_lookups:
            yield from merged
            return
        while rows := list(islice(merged, chunk_size)):
            prefetch_related_objects(rows, *self._prefetch_related_lookups)
            yield from rows

    async def aiterator(self, chunk_size: int = _ITERATOR_CHUNK) -> AsyncIterator[_M]:
        _require_positive(chunk_size)
        rows = await sync_to_async(self.iterator)(chunk_size)
        while chunk := await sync_to_async(lambda: list(islice(rows, chunk_size)))():
            for row in chunk:
                yield row

    def count(self) -> int:
        if self._result_cache is not None or self._db:
            return super().count()
        shards = recorded_shards(self, "count")
        if len(shards) == 1:
            return sum(ask_each(self, shards, models.QuerySet.count))
        return scatter.count(self, shards)

    def exists(self) -> bool:
        if self._result_cache is not None or self._db:
            return super().exists()
        shards = target_shards(self)
        if len(shards) > 1 and (self.query.is_sliced or not scatter.rows_are_local(self.query)):
            # As stock, which does not sort for this; that matters to what distinct() compares.
            unordered = self._chain()
            unordered.query.clear_ordering(force=True)
            return unordered.count() > 0
        record(self, shards, "exists")
        return any(ask_each(self, shards, models.QuerySet.exists))

    def aggregate(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        if self._db:
            return super().aggregate(*args, **kwargs)
        shards = recorded_shards(self, "aggregate")
        if not shards:
            return models.QuerySet.aggregate(pin(self.none(), conf.shards()[0]), *args, **kwargs)
        wanted = scatter.named_aggregates(self, args, kwargs)
        require_colocated_aggregates(self.query, wanted, shards)
        if len(shards) == 1:
            with availability.translate_errors(shards[0]):
                return models.QuerySet.aggregate(pin(self, shards[0]), **wanted)
        return scatter.aggregate(self, shards, wanted)

    def in_bulk(
        self, id_list: Iterable[Any] | None = None, *, field_name: str = "pk"
    ) -> dict[Any, _M]:
        if id_list is None or self._db:
            return super().in_bulk(id_list, field_name=field_name)
        ids = list(id_list)
        if not ids:
            return {}
        found = self.filter(**{f"{field_name}__in": ids})
        return models.QuerySet.in_bulk(found, field_name=field_name)

    def explain(self, *, format: str | None = None, **options: Any) -> str:
        if self._db:
            return super().explain(format=format, **options)
        shards = target_shards(self)
        plans = ask_each(
            self, shards, lambda rows: models.QuerySet.explain(rows, format=format, **options)
        )
        if len(plans) == 1:
            return plans[0]
        return "\n".join(f"{alias}:\n{plan}" for alias, plan in zip(shards, plans, strict=True))

    def raw(
        self,
        raw_query: Any,
        params: Any = (),
        translations: dict[str, str] | None = None,
        using: str | None = None,
    ) -> RawQuerySet[_M]:
        """Run raw SQL on one shard: `using`, or the shard that this queryset's WHERE names."""
        if using is None and not self._db and possible_slots(self.query) is None:
            raise UnroutedQuery(
                self.model._meta.label,
                "raw SQL does not say where its rows are",
                "Pass using=shard_for(owner), or filter by the shard key first.",
            )
        return super().raw(raw_query, params, translations, using or self.db)

    # -- Writing ----------------------------------------------------------------------------

    @marked(alters_data=True)
    def create(self, **kwargs: Any) -> _M:
        instance: Any = self.model(**kwargs)
        instance._prepare_related_fields_for_save(operation_name="save")
        self._for_write = True
        instance.save(force_insert=True, using=writes.alias_for(self, instance))
        return instance

    @marked(alters_data=True)
    def get_or_create(
        self, defaults: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> tuple[_M, bool]:
        return models.QuerySet.get_or_create(writes.on_shard_of(self, kwargs), defaults, **kwargs)

    @marked(alters_data=True)
    def update_or_create(
        self,
        defaults: Mapping[str, Any] | None = None,
        create_defaults: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> tuple[_M, bool]:
        return models.QuerySet.update_or_create(
            writes.on_shard_of(self, kwargs), defaults, create_defaults, **kwargs
        )

    @marked(alters_data=True)
    def bulk_create(
        self,
        objs: Iterable[_M],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_conflicts: bool = False,
        update_fields: Collection[str] | None = None,
        unique_fields: Collection[str] | None = None,
    ) -> list[_M]:
        options = {
            "batch_size": batch_size,
            "ignore_conflicts": ignore_conflicts,
            "update_conflicts": update_conflicts,
            "update_fields": update_fields,
            "unique_fields": unique_fields,
        }
        return writes.bulk_create(self, list(objs), options)

    @marked(alters_data=True)
    def bulk_update(
        self, objs: Iterable[_M], fields: Iterable[str], batch_size: int | None = None
    ) -> int:
        return writes.bulk_update(self, tuple(objs), list(fields), batch_size)

    @marked(alters_data=True)
    def update(self, **kwargs: Any) -> int:
        writes.require_same_place(self.model, kwargs)
        if self._db:
            with availability.translate_errors(self._db):
                return super().update(**kwargs)
        return writes.update(self, kwargs)

    @marked(alters_data=True, queryset_only=True)
    def delete(self) -> tuple[int, dict[str, int]]:
        if self._db:
            with availability.translate_errors(self._db):
                return super().delete()
        return writes.delete(self)

    @marked(alters_data=True, queryset_only=True)
    def _raw_delete(self, using: str | None) -> int:
        """Delete without looking at what follows, as Django does for what follows another row."""
        aliases = (self._db,) if self._db else target_shards(self)
        return sum(models.QuerySet._raw_delete(self, alias) for alias in aliases)

    @marked(alters_data=True, queryset_only=False)
    def _insert(self, objs: Any, fields: Any, using: str | None = None, **kwargs: Any) -> Any:
        alias = using or shard_for(objs[0])
        with availability.translate_errors(alias):
            return super()._insert(objs, fields, using=alias, **kwargs)

    @marked(alters_data=True, queryset_only=False)
    def _update(self, values: Any, *returning: Any) -> Any:
        with availability.translate_errors(self.db):
            return super()._update(values, *returning)


def _require_positive(chunk_size: int | None) -> None:
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError("Chunk size must be strictly positive.")


class ShardedManager(models.Manager.from_queryset(ShardedQuerySet)):  # type: ignore[misc]
    """The manager of sharded models; build your own on it, or on ShardedQuerySet.as_manager().

    The choices that Django itself offers for a foreign key (a form's select, the admin's filter)
    come from all shards: only they ask a manager for `using(None)` or `complex_filter()`. So do the
    rows that `related.set()` replaces.
    """

    def using(self, alias: str | None) -> ShardedQuerySet[Any]:
        rows = self.get_queryset()
        # A related set asks for its rows by another row's shard when it is set() or cleared.
        anywhere = alias is None or (isinstance(alias, Nearby) and "core_filters" in vars(self))
        return rows.scatter() if anywhere else rows.using(alias)

    def complex_filter(self, filter_obj: Any) -> ShardedQuerySet[Any]:
        return self.get_queryset().scatter().complex_filter(filter_obj)


class BaseManager(ShardedManager):
    """The base manager of sharded models, by which Django follows keys and deletions.

    It names the database of the row that it comes from. Where that is a global row, the rows are
    elsewhere: their WHERE has to say where.
    """

    def using(self, alias: str | None) -> ShardedQuerySet[Any]:
        if alias in conf.shards() or alias not in conf.global_databases():
            return super().using(alias)
        rows = self.get_queryset()
        rows._follows_global = True
        return rows
