"""Writes that may concern several shards: grouped by shard, each in a transaction of its own.

The transactions are opened together and committed only when all have worked, so a refused row
leaves nothing anywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from django.db import IntegrityError, models

from . import availability, conf
from .exceptions import CrossShardQuery, ShardKeyChanged
from .fields import ShardedIdField, generator
from .placement import placement_of, require_own_slot, shard_for, slot_for
from .shardmap import shard_map
from .transactions import atomic_on, require_not_refused

# As in models.py: how often a bulk insert takes fresh ids after a clash.
ID_ATTEMPTS = 8


def own_alias(queryset: Any, instance: models.Model) -> str:
    """The shard on which `instance` will be made; raises when using() says another."""
    alias = shard_for(instance)
    if queryset._db and queryset._db != alias:
        raise CrossShardQuery(
            instance._meta.label, f"this row belongs on {alias}, not on {queryset._db}"
        )
    return alias


def immutable_names(model: type[models.Model]) -> set[str]:
    """The names of the columns that say where a row lives."""
    placement = placement_of(model)
    fields = [model._meta.pk, placement.key, *placement.sources, *placement.colocated]
    names = {"pk"}
    for field in fields:
        if field is not None:
            names |= {field.name, field.attname}
    return names


def refuse_key_change(model: type[models.Model], names: Iterable[str]) -> None:
    """Raise ShardKeyChanged when one of the columns `names` says where a row lives."""
    for name in sorted(immutable_names(model) & set(names)):
        raise ShardKeyChanged(model._meta.label, f"{name} says where the row lives")


def on_each(queryset: Any, operation: str, write: Callable[[Any], int]) -> int:
    """The sum of `write` on each shard of `queryset`; `operation` is its name."""
    queryset._for_write = True
    shards = queryset.write_shards()
    queryset.note(shards, operation)
    if not shards:
        return 0
    if len(shards) == 1:
        require_not_refused(shards[0])
        with availability.of(shards[0]):
            return write(queryset._pinned(shards[0]))
    total = 0
    with atomic_on(list(shards)):
        for alias in shards:
            with availability.of(alias):
                total += write(queryset._pinned(alias))
    queryset._result_cache = None
    return total


def delete(queryset: Any) -> tuple[int, dict[str, int]]:
    """Delete on each shard, cascades included; Django's (total, {label: count})."""
    counted: Counter[str] = Counter()

    def one(pinned: Any) -> int:
        # using(), since Django's Collector builds querysets of its own from this one's alias.
        total, by_model = models.QuerySet.delete(pinned.using(pinned.db))
        counted.update(by_model)
        return total

    total = on_each(queryset, "delete", one)
    return total, dict(counted)


def bulk_create(queryset: Any, objs: list[Any], batch_size: Any, *args: Any, **kwargs: Any) -> Any:
    """Insert rows of any mix of shards; gives `objs`, with ids, in their order."""
    if kwargs.get("update_fields"):
        refuse_key_change(queryset.model, kwargs["update_fields"])
    pk = queryset.model._meta.pk
    slots = _slots_for_new(queryset, objs)
    grouped: dict[str, list[Any]] = {}
    for instance, slot in zip(objs, slots, strict=True):
        grouped.setdefault(shard_map.alias_of(slot), []).append(instance)
    for instances in grouped.values():
        own_alias(queryset, instances[0])
    if not grouped:
        return models.QuerySet.bulk_create(
            queryset._chain().none(), objs, batch_size, *args, **kwargs
        )
    ignores = kwargs.get("ignore_conflicts") or (args and args[0])
    # A many-to-many table has ids of its own kind, which its database makes.
    fresh = []
    if isinstance(pk, ShardedIdField):
        fresh = [pair for pair in zip(objs, slots, strict=True) if pair[0].pk is None]
    for attempt in range(ID_ATTEMPTS):
        for instance, slot in fresh:
            setattr(instance, pk.attname, generator.next_id(slot))
        try:
            with atomic_on(sorted(grouped)):
                # Who ignores conflicts would ignore this one, and the row would be lost.
                if ignores and _clash(queryset.model, [instance.pk for instance, _ in fresh]):
                    raise IntegrityError("another process has taken an id")
                for alias in sorted(grouped):
                    with availability.of(alias):
                        models.QuerySet.bulk_create(
                            queryset.using(alias), grouped[alias], batch_size, *args, **kwargs
                        )
            return objs
        except BaseException as error:
            made = [instance.pk for instance, _ in fresh]
            for instance in objs:
                instance._state.adding = True
            for instance, _ in fresh:
                setattr(instance, pk.attname, None)
            last = attempt == ID_ATTEMPTS - 1
            if not isinstance(error, IntegrityError) or last or not _clash(queryset.model, made):
                raise
    return objs


def _slots_for_new(queryset: Any, objs: list[Any]) -> list[int]:
    """The slot of each row; raises when one has no shard key, or an id of another slot."""
    placement = placement_of(queryset.model)
    key = placement.key
    of_owner: dict[Any, int] = {}
    slots = []
    for instance in objs:
        owner = None if key is None else instance.__dict__.get(key.attname)
        # Many rows of one owner have one slot; what else there is to check is about other columns.
        simple = owner is not None and not placement.colocated and instance.pk is None
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


def _clash(model: type[models.Model], ids: list[int]) -> bool:
    return any(
        model._base_manager.filter(pk__in=ids[start : start + 500]).exists()
        for start in range(0, len(ids), 500)
    )


def bulk_update(queryset: Any, objs: tuple[Any, ...], fields: list[str], batch_size: Any) -> int:
    """Update rows of any mix of shards; gives how many matched."""
    refuse_key_change(queryset.model, fields)
    unsaved = any(instance.pk is None for instance in objs)
    if queryset._db or not objs or unsaved or not fields:
        plain = queryset if queryset._db else queryset.using(conf.shards()[0])
        return models.QuerySet.bulk_update(plain, objs, fields, batch_size)
    grouped: dict[str, list[Any]] = {}
    for instance in objs:
        grouped.setdefault(shard_for(instance), []).append(instance)
    total = 0
    with atomic_on(sorted(grouped)):
        for alias in sorted(grouped):
            with availability.of(alias):
                total += models.QuerySet.bulk_update(
                    queryset.using(alias), grouped[alias], fields, batch_size
                )
    return total
