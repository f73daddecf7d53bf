"""Writes that may concern several shards: grouped by shard, each shard in its own transaction.

The transactions are opened together and committed only if all succeed, so a row that one shard
rejects leaves nothing on any.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import IntegrityError, models

from . import availability, conf
from .django_internals import is_pk_set
from .exceptions import CrossShardQuery, ShardKeyChanged
from .fields import ShardedIdField
from .inserts import ids_exist, insert_with_new_ids
from .location import require_own_slot, shard_for, slot_for
from .placement import has_sharded_id, placement_of
from .routed_queryset import RoutedQuerySet, pin, record, write_shards
from .routing import require_colocated_values, require_visible_values
from .shardmap import shard_map
from .transactions import atomic_on, join_early, require_unblocked

_M = TypeVar("_M", bound=models.Model)
_Q = TypeVar("_Q", bound=RoutedQuerySet[models.Model])


def alias_for(queryset: RoutedQuerySet[models.Model], instance: models.Model) -> str:
    """Return the shard on which `instance` will be inserted. Raise CrossShardQuery if `using()`
    names another."""
    alias = shard_for(instance)
    if queryset._db and queryset._db != alias:
        raise CrossShardQuery(
            instance._meta.label, f"this row belongs on {alias}, not on {queryset._db}"
        )
    return alias


def on_shard_of(queryset: _Q, lookups: dict[str, Any]) -> _Q:
    """Return `queryset` on the one shard where `lookups` would be found, and may be created."""
    if queryset._db:
        join_early(queryset._db)
        return queryset
    found = queryset.filter(**lookups)
    record(found, (found.db,), "select")
    join_early(found.db)
    return queryset.using(found.db)


def placing_names(model: type[models.Model]) -> set[str]:
    """Return the names of the fields, and of their columns, that place a row of `model`."""
    placement = placement_of(model)
    fields = [model._meta.pk, placement.key, *placement.sources, *placement.colocated]
    names = {"pk"}
    for field in fields:
        if field is not None:
            names |= {field.name, field.attname}
    return names


def require_same_place(model: type[models.Model], names: Iterable[str]) -> None:
    """Raise ShardKeyChanged if one of the fields `names`, which are to be written, places the
    row."""
    for name in sorted(placing_names(model) & set(names)):
        raise ShardKeyChanged(model._meta.label, f"{name} says where the row lives")


def update(queryset: RoutedQuerySet[models.Model], values: dict[str, Any]) -> int:
    """Update on each shard; return how many rows matched."""
    return write_each(
        queryset,
        "update",
        lambda rows: models.QuerySet.update(rows, **values),
        written=values.values(),
    )


def write_each(
    queryset: _Q, operation: str, write: Callable[[_Q], int], written: Iterable[Any] = ()
) -> int:
    """Return the sum of what `write` returns on each shard; `operation` is its name. Raise
    CrossShardQuery if one of the values `written` need not be found on them."""
    queryset._for_write = True
    shards = write_shards(queryset)
    require_colocated_values(queryset.query, written, shards)
    record(queryset, shards, operation)
    if not shards:
        return 0
    if len(shards) == 1:
        require_unblocked(shards[0])
        with availability.translate_errors(shards[0]):
            return write(pin(queryset, shards[0]))
    total = 0
    with atomic_on(shards):
        for alias in shards:
            with availability.translate_errors(alias):
                total += write(pin(queryset, alias))
    queryset._result_cache = None
    return total


def delete(queryset: RoutedQuerySet[models.Model]) -> tuple[int, dict[str, int]]:
    """Delete on each shard, cascades included; return Django's (total, {label: count})."""
    counted: Counter[str] = Counter()

    def delete_pinned(pinned: RoutedQuerySet[models.Model]) -> int:
        # using(), since Django's Collector builds querysets of its own from this one's alias.
        total, by_model = models.QuerySet.delete(pinned.using(pinned.db))
        counted.update(by_model)
        return total

    total = write_each(queryset, "delete", delete_pinned)
    return total, dict(counted)


def bulk_create(queryset: RoutedQuerySet[_M], objs: list[_M], options: dict[str, Any]) -> list[_M]:
    """Insert rows of any mix of shards; return `objs`, with ids, in their order.

    `options` are the other arguments of QuerySet.bulk_create.
    """
    if options["update_fields"]:
        require_same_place(queryset.model, options["update_fields"])
    slots = _slots_for_new(queryset.model, objs)
    by_shard = _by_shard(objs, slots)
    for alias, instances in by_shard.items():
        alias_for(queryset, instances[0])
        require_visible_values(queryset.model, instances, None, alias)
    if not by_shard:
        return models.QuerySet.bulk_create(queryset.none(), objs, **options)
    new = _without_id(queryset.model, objs, slots)
    ignores = options["ignore_conflicts"]

    def insert(new_ids: list[int]) -> None:
        for (instance, _), new_id in zip(new, new_ids, strict=True):
            instance.pk = new_id
        with _undone_on_error(objs, new), atomic_on(sorted(by_shard)):
            # The INSERT would ignore a clash of ids like any other conflict, and lose the row.
            if ignores and ids_exist(queryset.model, new_ids):
                raise IntegrityError("Another process has taken one of the new ids.")
            for alias in sorted(by_shard):
                with availability.translate_errors(alias):
                    models.QuerySet.bulk_create(queryset.using(alias), by_shard[alias], **options)

    insert_with_new_ids(queryset.model, [slot for _, slot in new], insert)
    return objs


def _by_shard(objs: Iterable[_M], slots: Iterable[int]) -> dict[str, list[_M]]:
    by_shard: dict[str, list[_M]] = {}
    for instance, slot in zip(objs, slots, strict=True):
        by_shard.setdefault(shard_map.alias_of(slot), []).append(instance)
    return by_shard


def _without_id(
    model: type[models.Model], objs: list[_M], slots: list[int]
) -> list[tuple[_M, int]]:
    """Return the rows that need an id, each with its slot."""
    # A many-to-many table has ids of its own kind, which its database makes.
    if not isinstance(model._meta.pk, ShardedIdField):
        return []
    return [pair for pair in zip(objs, slots, strict=True) if pair[0].pk is None]


@contextmanager
def _undone_on_error(objs: list[_M], new: list[tuple[_M, int]]) -> Iterator[None]:
    """Give instances back the state of rows that are not inserted, if the block fails."""
    try:
        yield
    except BaseException:
        for instance in objs:
            instance._state.adding = True
        for instance, _ in new:
            instance.pk = None
        raise


def _slots_for_new(model: type[models.Model], objs: Iterable[Any]) -> list[int]:
    """Return the slot of each row. Raise if one has no shard key, or an id of another slot."""
    placement = placement_of(model)
    key = placement.key
    # Many rows of one owner have one slot; what else there is to check is about other columns.
    key_alone = not placement.colocated
    has_id = has_sharded_id(model)
    of_owner: dict[Any, int] = {}
    slots = []
    for instance in objs:
        owner = None if key is None else instance.__dict__.get(key.attname)
        simple = owner is not None and key_alone and (not has_id or instance.pk is None)
        if simple and (slot := of_owner.get(owner)) is not None:
            slots.append(slot)
            continue
        instance._prepare_related_fields_for_save(operation_name="bulk_create")
        require_own_slot(instance)
        slot = slot_for(instance)
        slots.append(slot)
        if simple:
            of_owner[owner] = slot
    return slots


def bulk_update(
    queryset: RoutedQuerySet[models.Model],
    objs: tuple[models.Model, ...],
    fields: list[str],
    batch_size: int | None,
) -> int:
    """Update rows of any mix of shards; return how many matched."""
    require_same_place(queryset.model, fields)
    unsaved = not all(is_pk_set(instance) for instance in objs)
    if queryset._db or not objs or unsaved or not fields:
        plain = queryset if queryset._db else queryset.using(conf.shards()[0])
        return models.QuerySet.bulk_update(plain, objs, fields, batch_size)
    by_shard = _by_shard(objs, map(slot_for, objs))
    for alias, instances in by_shard.items():
        require_visible_values(queryset.model, instances, fields, alias)
    total = 0
    with atomic_on(sorted(by_shard)):
        for alias in sorted(by_shard):
            with availability.translate_errors(alias):
                total += models.QuerySet.bulk_update(
                    queryset.using(alias), by_shard[alias], fields, batch_size
                )
    return total
