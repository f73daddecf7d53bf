"""Rows of sharded models in the admin: what their lists, searches and deletions share."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from shardrouter.admin import ShardedModelAdmin
from shardrouter.ids import MAX_ID

from ..models import Account, Message
from ..selectors import accounts
from ..selectors.figures import first_id_since

DELETED = "(deleted)"


class MadeFilter(admin.SimpleListFilter):
    """Filters rows by when they were made, by their ids: their dates have no index."""

    title = "when"
    parameter_name = "made"
    ages: ClassVar[dict[str, timedelta]] = {
        "day": timedelta(days=1),
        "week": timedelta(days=7),
        "month": timedelta(days=30),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("day", "Past 24 hours"), ("week", "Past 7 days"), ("month", "Past 30 days")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        age = self.ages.get(self.value() or "")
        return queryset.filter(pk__gte=first_id_since(age)) if age else queryset


class OperatorAdmin(ShardedModelAdmin):
    """Rows are created through the API alone, and deleted through the services."""

    list_per_page = 30
    ordering = ("-id",)
    # Sorting by a column without an index reads all rows. Lists are the newest first.
    sortable_by: ClassVar[Any] = ()
    # Field with an id → the model of what it names. A list fetches them at once, by `named`.
    names: ClassVar[dict[str, type[models.Model]]] = {}

    @admin.display(description="created")
    def made(self, row: Any) -> str:
        """Return when the row was created, in UTC: shorter than Django's format."""
        return moment(row.created_at)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def delete_row(self, obj: Any) -> None:
        """Delete one row through its service."""
        raise NotImplementedError

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.delete_row(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for obj in queryset:
            self.delete_row(obj)

    def lookup_allowed(self, lookup: str, value: str, request: Any = None) -> bool:
        """Return whether the address of a list may filter by this: by its filters alone.

        Django allows every field of the model: by `?password__regex=` one who may only look could
        read hashes and digests, letter by letter.
        """
        return lookup in set(self._filter_parameters(request))

    def _filter_parameters(self, request: HttpRequest) -> Iterable[str]:
        for entry in self.get_list_filter(request):
            if isinstance(entry, tuple):
                yield f"{entry[0]}__isempty"  # the only kind of filter in use with a field
            elif isinstance(entry, str):
                yield from (f"{entry}__exact", entry)
            else:
                yield str(getattr(entry, "parameter_name", ""))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        base = super().get_changelist(request, **kwargs)
        names = self.names

        class NamingList(base):  # type: ignore[valid-type,misc]
            def get_results(self, request: HttpRequest) -> None:
                super().get_results(request)
                self.result_list: Any = name_rows(list(self.result_list), names)

        return NamingList


def name_rows(rows: list[Any], names: dict[str, type[models.Model]]) -> list[Any]:
    """Return the rows, each with what its fields in `names` name. One query on each shard that the
    ids of one field are on; what a shard that is down holds is as if deleted."""
    found: dict[str, dict[Any, Any]] = {}
    for field, model in names.items():
        ids = {getattr(row, field) for row in rows} - {None}
        manager: Any = model._default_manager
        named = manager.scatter(on_shard_down="skip").filter(pk__in=ids) if ids else ()
        found[field] = {row.pk: row for row in named}
    for row in rows:
        row.named = {field: found[field].get(getattr(row, field)) for field in names}
    return rows


def named(row: Any, field: str, model: type[models.Model]) -> Any:
    """Return what the id in `field` names: as the list has fetched it, else by a query; None if it
    was deleted."""
    if hasattr(row, "named"):
        return row.named[field]
    manager: Any = model._default_manager
    return manager.filter(pk=getattr(row, field)).first()


def moment(at: datetime | None) -> str:
    """Return the time in UTC, to the minute; "-" for none."""
    return f"{at:%Y-%m-%d %H:%M}" if at else "-"


def account_link(account: Account | None) -> SafeString | str:
    """Return a link to the account in the admin, and whether it is suspended."""
    if account is None:
        return DELETED
    url = reverse("admin:timeline_api_account_change", args=[account.pk])
    state = " (suspended)" if account.is_suspended else ""
    return format_html('<a href="{}">{}</a>{}', url, account.username, state)


def message_link(message: Message | None, text: str) -> SafeString | str:
    """Return a link to the message in the admin, or the text alone if it was deleted."""
    if message is None:
        return text
    url = reverse("admin:timeline_api_message_change", args=[message.pk])
    return format_html('<a href="{}">{}</a>', url, text)


def on_site(path: str, label: str) -> SafeString:
    """Return a link to a page of the site."""
    return format_html('<a href="{}{}">{}</a>', settings.SITE_URL, quote(path), label)


def searched_id(term: str) -> int | None:
    """Return the id that an operator has typed or pasted; None for any other text."""
    text = term.strip()
    is_id = text.isascii() and text.isdigit() and 0 < int(text[:20]) <= MAX_ID
    return int(text) if is_id else None


def searched_account(term: str) -> Account | None:
    """Return the account that a search names: by username, id, or email address."""
    pk = searched_id(term)
    if pk is not None and (account := Account.objects.filter(pk=pk).first()):
        return account
    if "@" in term:
        matches = accounts.by_email(term.strip())
        return matches[0] if len(matches) == 1 else None
    try:
        return accounts.by_username(term.strip())
    except Account.DoesNotExist:
        return None


def search_people(
    queryset: QuerySet, term: str, of_account: Callable[[Account], models.Q]
) -> QuerySet:
    """Return the rows of that id, and those of the account that the search names."""
    account, pk = searched_account(term), searched_id(term)
    wanted = of_account(account) if account else models.Q(pk__in=[])
    return queryset.filter(wanted | models.Q(pk=pk) if pk is not None else wanted)
