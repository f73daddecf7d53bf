"""ShardedModelAdmin: Django's admin over all shards, each write on its row's own shard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import ForeignKeyRawIdWidget
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models.constants import LOOKUP_SEP
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
    """A list that joins the keys that stay in the slot, and fetches the rows of others by their
    ids, where Django would join every key of the model."""

    def apply_select_related(self, qs: Any) -> Any:
        for keys in self._followed_keys():
            path = [key.name for key in keys]
            inside = list(takewhile(is_colocated, keys))
            if inside:
                qs = qs.select_related(LOOKUP_SEP.join(path[: len(inside)]))
            if len(inside) < len(keys):
                qs = qs.prefetch_related(LOOKUP_SEP.join(path))
        return qs

    def _followed_keys(self) -> Iterator[list[models.ForeignKey]]:
        """Yield the keys that the list follows one after the other, of each column."""
        names: list[Any] = list(self.list_display)
        if self.list_select_related is True:
            names = [*names, *(field.name for field in self.lookup_opts.concrete_fields)]
        elif self.list_select_related is not False:
            names = list(self.list_select_related)
        for name in names:
            if isinstance(name, str) and (keys := self._keys(name)):
                yield keys

    def _keys(self, name: str) -> list[models.ForeignKey]:
        """Return the foreign keys that a look-up as "author__home__code" begins with."""
        keys: list[models.ForeignKey] = []
        options: Any = self.lookup_opts
        for part in name.split(LOOKUP_SEP):
            try:
                field = options.get_field(part)
            except FieldDoesNotExist:
                break
            if not isinstance(field, models.ForeignKey) or part == field.attname:
                break
            keys.append(field)
            options = field.remote_field.model._meta
        return keys


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
