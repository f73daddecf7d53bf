"""The models that sharded models build on, and the tables that shardrouter has in `default`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, IntegrityError, connections, models, transaction
from django.db.models import Q
from django.db.models.signals import class_prepared
from django.dispatch import receiver

from . import availability, conf
from .django_internals import Model, is_pk_set
from .exceptions import CrossShardQuery, ShardKeyChanged, UnroutedQuery
from .fields import ShardedIdField
from .inserts import insert_with_new_ids
from .location import key_slot, require_own_slot, shard_for, slot_for_new
from .placement import placement_of
from .queryset import BaseManager, ShardedManager, ShardedQuerySet
from .router import Undecided
from .routing import require_visible_values
from .transactions import require_unblocked

__all__ = [
    "AdoptedId",
    "AdoptionStep",
    "ShardedIdField",
    "ShardedManager",
    "ShardedModel",
    "ShardedQuerySet",
    "SlotAssignment",
]


class ShardedModel(Model):
    """A model whose rows are spread over the shards. Its `class Shard` says how:

    - `key`: a foreign key to a root (or to a row that lives with one), or an integer field with
      such an id. The row lives where its owner lives.
    - no `key`: a root. `slot_from` names the column whose hash, after `normalize`, gives the
      slot; a tuple names further columns whose normalised value gives the same slot. Without
      `slot_from` a new row gets a random slot.

    Instead of the id, a model with a `key` may have a composite primary key that begins with it:
    `id = None` and `pk = models.CompositePrimaryKey("owner", …)`.
    """

    # Read by placement.is_sharded(): a composite primary key alone does not say it.
    _is_sharded_model = True

    id = ShardedIdField(primary_key=True)

    objects = ShardedManager()
    # For related objects, saving and deleting, also if a model defines its own `objects`.
    sharded_rows = BaseManager()

    class Meta:
        abstract = True
        base_manager_name = "sharded_rows"
        default_manager_name = "objects"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # Only roots that are placed by a column: other models' rows are read at no cost.
        super().__init_subclass__(**kwargs)
        from_db = cls.from_db.__func__  # type: ignore[attr-defined]  # a classmethod's
        placed_by_column = getattr(getattr(cls, "Shard", None), "slot_from", None)
        if placed_by_column and not hasattr(from_db, "keeps_source"):
            cls.from_db = classmethod(_keeping_source(from_db))  # type: ignore[assignment, method-assign]

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
        require_visible_values(type(self), (self,), kwargs.get("update_fields"), alias)
        require_unblocked(alias)
        with availability.translate_errors(alias):
            super().save_base(raw, *args, **kwargs)
        _keep_source(self)

    def delete(
        self, using: str | None = None, keep_parents: bool = False
    ) -> tuple[int, dict[str, int]]:
        alias = shard_for(self)
        if using is not None and using != alias and not isinstance(using, Undecided):
            raise CrossShardQuery(
                self._meta.label, f"this row lives on {alias} and was to be deleted on {using}"
            )
        require_unblocked(alias)
        with availability.translate_errors(alias):
            return super().delete(using=alias, keep_parents=keep_parents)

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        super().clean_fields(exclude=exclude)
        column = placement_of(type(self)).slot_column
        if column is None or column.name in (exclude or ()) or self._state.adding:
            return
        try:
            self._require_same_source()
            if self.pk is not None and self.__dict__.get(column.attname) is not None:
                self._require_same_key(shard_for(self))
        except ShardKeyChanged as error:
            text = "This says where the row is kept and cannot be changed."
            raise ValidationError({column.name: text}) from error

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        try:
            shard_for(self)
        except UnroutedQuery:
            # The form already says that the shard key is missing; there is nothing to compare.
            return
        super().validate_constraints(exclude=exclude)

    def validate_unique(self, exclude: Collection[str] | None = None) -> None:
        exclude = set(exclude or ())
        try:
            super().validate_unique(exclude=exclude)
        except UnroutedQuery:
            if key_slot(self) is not None:
                raise
        except OverflowError as error:
            raise ValidationError(str(error)) from error

    def _get_next_or_previous_by_FIELD(  # Django's name
        self, field: models.Field, is_next: bool, **kwargs: Any
    ) -> Any:
        """Ask every shard, where Django asks the row's own alone; one, if `kwargs` name it."""
        if not is_pk_set(self) or self._state.db not in (None, *conf.shards()):
            return super()._get_next_or_previous_by_FIELD(field, is_next, **kwargs)
        way, sign = ("gt", "") if is_next else ("lt", "-")
        value = getattr(self, field.attname)
        beside = Q(**{field.name: value, f"pk__{way}": self.pk})
        rows = type(self)._default_manager.get_queryset().scatter().filter(**kwargs)
        rows = rows.filter(beside | Q(**{f"{field.name}__{way}": value}))
        found = rows.order_by(f"{sign}{field.name}", f"{sign}pk").first()
        if found is None:
            raise self.DoesNotExist(f"{self._meta.object_name} matching query does not exist.")
        return found

    def _perform_date_checks(self, date_checks: list[Any]) -> dict[str, list[ValidationError]]:
        """Ask every shard: what is unique for a date is so over all rows."""
        errors: dict[str, list[ValidationError]] = {}
        for model, kind, name, unique_for in date_checks:
            date = getattr(self, unique_for)
            if date is None:
                continue
            parts = ("day", "month", "year") if kind == "date" else (kind,)
            alike = {f"{unique_for}__{part}": getattr(date, part) for part in parts}
            alike[name] = getattr(self, name)
            rows = model._default_manager.get_queryset().scatter().filter(**alike)
            if not self._state.adding:
                rows = rows.exclude(pk=self.pk)
            if rows.exists():
                error = self.date_error_message(kind, name, unique_for)
                errors.setdefault(name, []).append(error)
        return errors

    def _require_same_source(self) -> None:
        """Raise ShardKeyChanged if a root's name has another normal form than when it was read."""
        loaded = getattr(self._state, "shard_source", None)
        if loaded is None or self._state.adding:
            return
        placement = placement_of(type(self))
        field = placement.sources[0]
        name = field.attname
        now = self.__dict__.get(name)
        if now is None:
            return
        known = not hasattr(now, "resolve_expression")
        if not known or placement.source_text(field, now) != placement.source_text(field, loaded):
            raise ShardKeyChanged(self._meta.label, f"{name} was {loaded!r}, now {now!r}")

    def _save_table(
        self,
        raw: bool = False,
        cls: type[models.Model] | None = None,
        force_insert: bool = False,
        force_update: bool = False,
        using: str = DEFAULT_DB_ALIAS,
        update_fields: Iterable[str] | None = None,
    ) -> bool:
        pk = (cls or type(self))._meta.pk
        new = isinstance(pk, ShardedIdField) and self.__dict__.get(pk.attname) is None
        if new and not force_update and not update_fields:
            return self._insert_with_new_id(raw, cls or type(self), using)
        # loaddata marks rows that cannot exist yet. They need no UPDATE first, and no look at the
        # row after a failed INSERT.
        known_new = getattr(self._state, "shard_known_new", False)
        try:
            with nullcontext() if known_new else _savepoint_if_needed(using):
                return super()._save_table(
                    raw, cls, force_insert or known_new, force_update, using, update_fields
                )
        except IntegrityError:
            if not known_new:
                self._require_same_key(using)
            raise

    def _insert_with_new_id(self, raw: bool, cls: type[models.Model], using: str) -> bool:
        pk = cls._meta.pk.attname

        def insert(new_ids: list[int]) -> bool:
            setattr(self, pk, new_ids[0])
            try:
                with _savepoint_if_needed(using):
                    return super(ShardedModel, self)._save_table(raw, cls, True, False, using, None)
            except BaseException:
                setattr(self, pk, None)
                raise

        return insert_with_new_ids(cls, [slot_for_new(self)], insert)

    def _do_update(
        self,
        base_qs: models.QuerySet[Any],
        using: str | None,
        pk_val: Any,
        values: Collection[tuple[models.Field, type[models.Model] | None, Any]],
        update_fields: Iterable[str] | None,
        forced_update: bool,
        *returning: Any,
    ) -> Any:
        key = placement_of(type(self)).key
        if key is None or not any(field is key for field, _, _ in values):
            return super()._do_update(
                base_qs, using, pk_val, values, update_fields, forced_update, *returning
            )
        # The key is in the WHERE, so that a row with another key is not updated. If none was, an
        # INSERT follows, which a row with another key rejects; or else we look.
        same_key = base_qs.filter(**{key.attname: self.__dict__.get(key.attname)})
        written = super()._do_update(
            same_key, using, pk_val, values, update_fields, forced_update, *returning
        )
        if not written and forced_update:
            self._require_same_key(using)
        return written

    def _require_same_key(self, using: str | None) -> None:
        """Raise ShardKeyChanged if this row exists with another shard key."""
        key = placement_of(type(self)).key
        if key is None:
            return
        mine = self.__dict__.get(key.attname)
        rows = type(self)._base_manager.using(using).filter(pk=self.pk)
        saved = rows.values_list(key.attname, flat=True).first()
        if saved is not None and saved != key.to_python(mine):
            raise ShardKeyChanged(
                self._meta.label, f"row {self.pk} has another {key.name} than {mine!r}"
            )


_FromDb = Callable[..., models.Model]


def _keeping_source(from_db: _FromDb) -> _FromDb:
    """Wrap `from_db` of a root that is placed by a column, to detect a change of that column."""

    @wraps(from_db)
    def wrapped(cls: type[models.Model], *args: Any, **kwargs: Any) -> models.Model:
        instance = from_db(cls, *args, **kwargs)
        _keep_source(instance)
        return instance

    vars(wrapped)["keeps_source"] = True
    return wrapped


def _keep_source(instance: models.Model) -> None:
    sources = placement_of(type(instance)).sources
    if sources:
        vars(instance._state)["shard_source"] = instance.__dict__.get(sources[0].attname)


@receiver(class_prepared)
def _route_many_to_many(sender: type[models.Model], **kwargs: Any) -> None:
    """Give the table of a sharded model's many-to-many a manager that routes."""
    owner = sender._meta.auto_created
    if isinstance(owner, type) and issubclass(owner, ShardedModel):
        sender._meta.local_managers.clear()
        sender.add_to_class("objects", ShardedManager())
        sender._meta.base_manager_name = "objects"
        sender._meta._expire_cache()


def _savepoint_if_needed(using: str) -> AbstractContextManager[None]:
    # PostgreSQL aborts a transaction at its first error, so a second try needs a savepoint.
    # SQLite rolls back the failed statement alone.
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


class AdoptedId(models.Model):
    """The new id of a row that `shards adopt` has copied. Global, in `default`."""

    # The model in lower case, "notes.note"; of a model that extends another, that one.
    model = models.CharField(max_length=200)
    old_id = models.CharField(max_length=255)
    new_id = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "old_id"], name="shardrouter_one_new_id")
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.old_id} is {self.new_id}"


class AdoptionStep(models.Model):
    """How far a step of `shards adopt` has come. Global, in `default`."""

    name = models.CharField(max_length=255, unique=True)
    # The primary key of the last row that is done, as JSON; empty before the first.
    position = models.TextField(blank=True)
    rows = models.BigIntegerField(default=0)
    finished = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.name}: {self.rows} rows"
