"""The models that sharded models build on, and the table of the shard map."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import wraps
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connections, models, transaction
from django.db.models.signals import class_prepared
from django.dispatch import receiver

from . import availability
from .exceptions import CrossShardQuery, ShardKeyChanged, UnroutedQuery
from .fields import ShardedIdField
from .placement import key_slot, placement_of, require_own_slot, shard_for
from .queryset import ShardedQuerySet
from .router import Undecided
from .transactions import require_not_refused

__all__ = ["ShardedIdField", "ShardedManager", "ShardedModel", "ShardedQuerySet", "SlotAssignment"]

# How often saving takes a fresh id after a clash. Two in a row are already next to impossible:
# a clash needs the same millisecond, slot and sequence number in another process.
ID_ATTEMPTS = 8


class ShardedManager(models.Manager.from_queryset(ShardedQuerySet)):  # type: ignore[misc]
    """The manager of sharded models; build your own on it, or on ShardedQuerySet.as_manager().

    Django's own choices of a foreign key (a form's select, the admin's filter) come from all
    shards: only they ask a manager for `using(None)` or `complex_filter()`.
    """

    def using(self, alias: str | None) -> Any:
        rows = self.get_queryset()
        return rows.scatter() if alias is None else rows.using(alias)

    def complex_filter(self, filter_obj: Any) -> Any:
        return self.get_queryset().scatter().complex_filter(filter_obj)


class ShardedModel(models.Model):
    """A model whose rows are spread over the shards. Its `class Shard` says by what:

    - `key`: a foreign key to a root (or to a row that lives with one), or an integer field
      holding such an id: the row lives where its owner lives.
    - no `key`: a root. `slot_from` names the column whose hash, after `normalize`, gives the
      slot; a tuple names further columns whose normalised value gives the same slot. Without
      `slot_from` a new row gets a random slot.
    """

    id = ShardedIdField(primary_key=True)

    objects = ShardedManager()
    # Related objects, saving and deleting go through this one, also where a model defines an
    # `objects` of its own.
    sharded_rows = ShardedManager()

    class Meta:
        abstract = True
        base_manager_name = "sharded_rows"
        default_manager_name = "objects"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # Only where it is wanted: the rows of other models are read at no cost.
        super().__init_subclass__(**kwargs)
        made = cls.from_db.__func__  # type: ignore[attr-defined]
        placed_by_column = getattr(getattr(cls, "Shard", None), "slot_from", None)
        if placed_by_column and not hasattr(made, "remembers"):
            cls.from_db = classmethod(_remembering(made))  # type: ignore[assignment]

    def save_base(self, raw: bool = False, *args: Any, **kwargs: Any) -> None:
        require_own_slot(self)
        self._require_same_source()
        alias = shard_for(self)
        using = kwargs.get("using")
        if using is not None and using != alias and not isinstance(using, Undecided):
            raise CrossShardQuery(
                self._meta.label, f"this row belongs on {alias} and was to be saved on {using}"
            )
        kwargs["using"] = alias
        require_not_refused(alias)
        with availability.of(alias):
            super().save_base(raw, *args, **kwargs)
        _remember_source(self)

    def delete(self, using: Any = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        alias = shard_for(self)
        if using is not None and using != alias and not isinstance(using, Undecided):
            raise CrossShardQuery(
                self._meta.label, f"this row lives on {alias} and was to be deleted on {using}"
            )
        require_not_refused(alias)
        with availability.of(alias):
            return super().delete(using=alias, keep_parents=keep_parents)

    def clean_fields(self, exclude: Any = None) -> None:
        super().clean_fields(exclude=exclude)
        placement = placement_of(type(self))
        told_by = placement.told_by
        if told_by is None or told_by.name in (exclude or ()) or self._state.adding:
            return
        try:
            self._require_same_source()
            if self.pk is not None and self.__dict__.get(told_by.attname) is not None:
                self._require_same_key(shard_for(self))
        except ShardKeyChanged as error:
            text = "This says where the row is kept and cannot be changed."
            raise ValidationError({told_by.name: text}) from error

    def validate_constraints(self, exclude: Any = None) -> None:
        try:
            shard_for(self)
        except UnroutedQuery:
            # The shard key is missing, which the form says already; there is nothing to compare.
            return
        super().validate_constraints(exclude=exclude)

    def validate_unique(self, exclude: Any = None) -> None:
        exclude = set(exclude or ())
        try:
            super().validate_unique(exclude=exclude)
        except UnroutedQuery:
            if key_slot(self) is not None:
                raise
        except OverflowError as error:
            raise ValidationError(str(error)) from error

    def _require_same_source(self) -> None:
        loaded = getattr(self._state, "shard_source", None)
        if loaded is None or self._state.adding:
            return
        placement = placement_of(type(self))
        name = placement.sources[0].attname
        normalize = placement.normalize or str
        now = self.__dict__.get(name)
        if now is not None and normalize(str(now)) != normalize(str(loaded)):
            raise ShardKeyChanged(self._meta.label, f"{name} was {loaded!r}, now {now!r}")

    def _save_table(
        self,
        raw: bool = False,
        cls: Any = None,
        force_insert: Any = False,
        force_update: bool = False,
        using: Any = None,
        update_fields: Any = None,
    ) -> Any:
        pk = (cls or type(self))._meta.pk
        fresh = isinstance(pk, ShardedIdField) and self.__dict__.get(pk.attname) is None
        if not fresh or force_update or update_fields:
            # loaddata knows of rows that cannot be there yet; an UPDATE first would find nothing,
            # and when the INSERT fails, nothing is asked any more.
            known_new = getattr(self._state, "shard_known_new", False)
            force_insert = force_insert or known_new
            try:
                with nullcontext() if known_new else _savepoint_if_needed(using):
                    return super()._save_table(
                        raw, cls, force_insert, force_update, using, update_fields
                    )
            except IntegrityError:
                if not known_new:
                    self._require_same_key(using)
                raise
        for attempt in range(ID_ATTEMPTS):
            made = pk.get_pk_value_on_save(self)
            setattr(self, pk.attname, made)
            try:
                with _savepoint_if_needed(using):
                    return super()._save_table(raw, cls, True, False, using, update_fields)
            except IntegrityError:
                clash = type(self)._base_manager.using(using).filter(pk=made).exists()
                setattr(self, pk.attname, None)
                if not clash or attempt == ID_ATTEMPTS - 1:
                    raise
            except DatabaseError:
                setattr(self, pk.attname, None)
                raise

    def _do_update(
        self,
        base_qs: Any,
        using: Any,
        pk_val: Any,
        values: Any,
        update_fields: Any,
        forced_update: bool,
        *returning: Any,
    ) -> Any:
        key = placement_of(type(self)).key
        writes_key = key is not None and any(field is key for field, _, _ in values)
        if not writes_key:
            return super()._do_update(
                base_qs, using, pk_val, values, update_fields, forced_update, *returning
            )
        # The key stands in the WHERE, so that a row with another key is not written. Where nothing
        # was, an INSERT follows, which a row with another key refuses; or, if not, we look.
        same_key = base_qs.filter(**{key.attname: self.__dict__.get(key.attname)})
        written = super()._do_update(
            same_key, using, pk_val, values, update_fields, forced_update, *returning
        )
        if not written and forced_update:
            self._require_same_key(using)
        return written

    def _require_same_key(self, using: str) -> None:
        """Raise ShardKeyChanged when this row stands already, with another shard key."""
        key = placement_of(type(self)).key
        if key is None:
            return
        mine = self.__dict__.get(key.attname)
        rows = type(self)._base_manager.using(using).filter(pk=self.pk)
        standing = rows.values_list(key.attname, flat=True).first()
        if standing is not None and standing != key.to_python(mine):
            raise ShardKeyChanged(
                self._meta.label, f"row {self.pk} has another {key.name} than {mine!r}"
            )


def _remembering(from_db: Callable[..., Any]) -> Callable[..., Any]:
    """`from_db` of a root that is placed by a column: remembers it, to refuse a rename."""

    @wraps(from_db)
    def wrapped(cls: type[models.Model], *args: Any, **kwargs: Any) -> Any:
        instance = from_db(cls, *args, **kwargs)
        _remember_source(instance)
        return instance

    wrapped.remembers = True  # type: ignore[attr-defined]
    return wrapped


def _remember_source(instance: models.Model) -> None:
    sources = placement_of(type(instance)).sources
    if sources:
        value = instance.__dict__.get(sources[0].attname)
        instance._state.shard_source = value  # type: ignore[attr-defined]


@receiver(class_prepared)
def _route_many_to_many(sender: type[models.Model], **kwargs: Any) -> None:
    """Give the table of a sharded model's many-to-many a manager that routes."""
    owner = sender._meta.auto_created
    if isinstance(owner, type) and issubclass(owner, ShardedModel):
        sender._meta.local_managers.clear()
        sender.add_to_class("objects", ShardedManager())  # type: ignore[attr-defined]
        sender._meta.base_manager_name = "objects"
        sender._meta._expire_cache()  # type: ignore[attr-defined]


def _savepoint_if_needed(using: str) -> Any:
    # PostgreSQL gives a transaction up at its first error, so a second try needs a savepoint.
    # SQLite takes back the failed statement alone.
    connection = connections[using]
    if connection.vendor == "sqlite" or not connection.in_atomic_block:
        return nullcontext()
    return transaction.atomic(using=using)


class SlotAssignment(models.Model):
    """One slot of the shard map: which alias holds its rows. Global, in `default`."""

    slot = models.PositiveSmallIntegerField(primary_key=True)
    alias = models.CharField(max_length=63)

    class Meta:
        ordering = ["slot"]

    def __str__(self) -> str:
        return f"slot {self.slot} on {self.alias}"
