"""ShardedModelAdmin: Django's admin over all shards, each write on its row's own shard."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import ForeignKeyRawIdWidget
from django.http import HttpRequest, HttpResponse

from . import conf
from .ids import MAX_ID
from .location import shard_for
from .placement import is_sharded
from .transactions import atomic_on


class _ShardedOptions:
    """What model admins and inlines of sharded models share."""

    admin_site: Any
    model: Any

    def get_queryset(self, request: HttpRequest) -> Any:
        queryset = super().get_queryset(request)  # type: ignore[misc]
        return queryset.scatter(writes=True)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """A select box would list a whole shard or three; a raw id is looked up by its shard."""
        if is_sharded(db_field.related_model) and "widget" not in kwargs:
            kwargs["widget"] = ForeignKeyRawIdWidget(db_field.remote_field, self.admin_site)
            kwargs.setdefault("queryset", db_field.related_model._default_manager.scatter())
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]


class ShardedModelAdmin(_ShardedOptions, admin.ModelAdmin):
    """Lists, searches and filters over all shards; adds, changes and deletes on the right one."""

    show_full_result_count = False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        if request.method != "POST":
            return super().changeform_view(request, object_id, form_url, extra_context)
        with _transaction(object_id):
            return super().changeform_view(request, object_id, form_url, extra_context)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        if request.method != "POST":
            return super().delete_view(request, object_id, extra_context)
        with _transaction(object_id):
            return super().delete_view(request, object_id, extra_context)


class ShardedTabularInline(_ShardedOptions, admin.TabularInline):
    """Rows that live with the one that is being edited."""


class ShardedStackedInline(_ShardedOptions, admin.StackedInline):
    """Rows that live with the one that is being edited."""


def _transaction(object_id: str | None) -> AbstractContextManager[None]:
    """One on the row's shard; on all of them where the row is still to be made, since its place
    is known only once the form has been read."""
    text = (object_id or "").strip()
    known = text.isascii() and text.isdigit() and int(text) <= MAX_ID
    return atomic_on([shard_for(text)] if known else list(conf.shards()))


__all__ = ["ShardedModelAdmin", "ShardedStackedInline", "ShardedTabularInline"]
