"""What shardrouter uses of Django's ORM beside its public interface, typed.

django-stubs describes public names, and few others. Here is the rest, in one place, to compare with
the source of a new version of Django.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.migrations import utils as migration_utils
from django.db.models.expressions import ColPairs as _ColPairs  # type: ignore[attr-defined]
from django.db.models.expressions import Ref
from django.db.models.sql.datastructures import Join

_M = TypeVar("_M", bound=models.Model, covariant=True)

#: The columns of a composite primary key, as one expression: `alias`, `targets`, `get_cols()`.
ColPairs: Any = _ColPairs

if TYPE_CHECKING:

    class QuerySet(models.QuerySet[_M]):
        """Django's own QuerySet, with the members that the stubs leave out."""

        _db: str | None
        _fields: tuple[str, ...] | None
        _for_write: bool
        _hints: dict[str, models.Model]
        _prefetch_related_lookups: tuple[Any, ...]

        def _chain(self) -> Self: ...
        def _clone(self) -> Self: ...
        def _insert(self, objs: Any, fields: Any, using: str | None, **kwargs: Any) -> Any: ...
        def _raw_delete(self, using: str | None) -> int: ...
        def _update(self, values: Any) -> int: ...
        def _validate_values_are_expressions(
            self, values: tuple[Any, ...], method_name: str
        ) -> None: ...

    class Model(models.Model):
        """Django's own Model, with the members that the stubs leave out."""

        class Meta:
            abstract = True

        def _save_table(
            self,
            raw: bool,
            cls: type[models.Model] | None,
            force_insert: bool,
            force_update: bool,
            using: str,
            update_fields: Iterable[str] | None,
        ) -> bool: ...
        def date_error_message(
            self, lookup_type: str, field_name: str, unique_for: str
        ) -> ValidationError: ...
        def _get_next_or_previous_by_FIELD(
            self, field: models.Field, is_next: bool, **kwargs: Any
        ) -> Any: ...
else:
    QuerySet = models.QuerySet
    Model = models.Model


def related_model(field: models.Field) -> type[models.Model] | None:
    """Return the model that a relation points at, or None for a plain column."""
    model = field.related_model
    # It is a string only until all models are loaded.
    return None if isinstance(model, str) else model


def has_constraint(field: models.ForeignKey) -> bool:
    """Return whether the database holds the foreign key to its target."""
    constraint: bool = field.db_constraint  # type: ignore[attr-defined]  # not in the stubs
    return constraint


def is_pk_set(instance: models.Model) -> bool:
    """Return whether every column of the primary key of `instance` has a value."""
    is_set: bool = instance._is_pk_set()  # type: ignore[attr-defined]  # not in the stubs
    return is_set


def join_fields(join: Join) -> tuple[tuple[models.Field, models.Field], ...]:
    """Return the pairs of columns that `join` compares."""
    pairs: Any = join.join_fields  # type: ignore[attr-defined]  # not in the stubs
    return pairs or ()


def resolve_relation(target: object, app_label: str, model_name: str) -> tuple[str, str]:
    """Return the app's label and the name, in lower case, of a relation's `target` as a migration
    of the model `app_label`.`model_name` writes it."""
    resolve: Any = migration_utils.resolve_relation  # type: ignore[attr-defined]  # not in the stubs
    found: tuple[str, str] = resolve(target, app_label, model_name)
    return found


def without_ref(expression: Any) -> Any:
    """Return what a reference to a column of the SELECT stands for, since its position changes."""
    while isinstance(expression, Ref):
        expression = expression.source  # type: ignore[attr-defined]  # the stubs do not have it
    return expression


def related_objects(model: type[models.Model]) -> list[Any]:
    """Return the relations by which columns of other tables point at `model`, hidden ones too."""
    options: Any = model._meta
    found = options._get_fields(forward=False, reverse=True, include_hidden=True)
    return [each for each in found if each.field.concrete and not each.many_to_many]
