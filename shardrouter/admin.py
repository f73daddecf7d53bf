"""ShardedModelAdmin: Django's admin over all shards, each write on its row's own shard."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import ForeignKeyRawIdWidget
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.forms import ModelChoiceField
from django.http import HttpRequest, HttpResponse

from . import conf
from .django_internals import related_model
from .ids import MAX_ID
from .location import shard_for
from .models import ShardedQuerySet
from .placement import is_colocated, is_sharded
from .transactions import atomic_on

if TYPE_CHECKING:
    from django.contrib.admin.options import BaseModelAdmin

    _Options = BaseModelAdmin[models.Model]
else:
    _Options = object


class _ShardedOptions(_Options):
    """What model admins and inlines of sharded models have in common."""

    def get_queryset(self, request: HttpRequest) -> ShardedQuerySet[models.Model]:
        queryset: Any = super().get_queryset(request)
        return queryset.scatter(writes=True)

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField | None:
        """Show a raw id, since a select box would list the rows of every shard."""
        target: Any = related_model(db_field)
        if is_sharded(target) and "widget" not in kwargs:
            kwargs["widget"] = ForeignKeyRawIdWidget(db_field.remote_field, self.admin_site)
            kwargs.setdefault("queryset", target._default_manager.scatter())
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class _ShardedChangeList(ChangeList):
    """A list that joins the displayed keys that stay in the slot, and fetches the others by their
    ids, where Django would join every key of the model."""

    def apply_select_related(self, qs: Any) -> Any:
        if self.list_select_related is not False:
            return super().apply_select_related(qs)
        keys = [field for field in map(self._field, self.list_display) if field is not None]
        inside = [field.name for field in keys if is_colocated(field)]
        outside = [field.name for field in keys if not is_colocated(field)]
        return (qs.select_related(*inside) if inside else qs).prefetch_related(*outside)

    def _field(self, name: Any) -> models.ForeignKey | None:
        try:
            field = self.lookup_opts.get_field(name)
        except FieldDoesNotExist:
            return None
        return field if isinstance(field, models.ForeignKey) and name != field.attname else None


class ShardedModelAdmin(_ShardedOptions, admin.ModelAdmin):
    """Lists, searches and filters over all shards; adds, changes and deletes on the right one."""

    show_full_result_count = False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return _ShardedChangeList

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method != "POST":
            return super().changeform_view(request, object_id, form_url, extra_context)
        with _transaction(object_id):
            return super().changeform_view(request, object_id, form_url, extra_context)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method != "POST":
            return super().delete_view(request, object_id, extra_context)
        with _transaction(object_id):
            return super().delete_view(request, object_id, extra_context)


class ShardedTabularInline(_ShardedOptions, admin.TabularInline):
    """Rows that live with the row that is being edited."""


class ShardedStackedInline(_ShardedOptions, admin.StackedInline):
    """Rows that live with the row that is being edited."""


def _transaction(object_id: str | None) -> AbstractContextManager[None]:
    """Return a transaction on the row's shard, or one on each shard for a row that is being added,
    whose shard is known only once the form has been read."""
    text = (object_id or "").strip()
    known = text.isascii() and text.isdigit() and int(text) <= MAX_ID
    return atomic_on([shard_for(text)] if known else conf.shards())


__all__ = ["ShardedModelAdmin", "ShardedStackedInline", "ShardedTabularInline"]
