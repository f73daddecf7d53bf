"""Accounts in the admin."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import ngettext

from ..models import Account
from ..search import query
from ..selectors import accounts as selectors
from ..selectors import search
from ..services import accounts as services
from ..services import avatars as avatar_services
from .rows import MadeFilter, OperatorAdmin, on_site, searched_id


@admin.register(Account)
class AccountAdmin(OperatorAdmin):
    list_display = ("name", "shown_as", "email", "joined", "posts", "followers", "follows", "state")
    list_display_links = ("name",)
    list_filter = ("is_suspended", MadeFilter)
    search_fields = ("username",)  # shows the search field; get_search_results searches
    search_help_text = (
        "Beginnings of words in names and bio: the newest thousand. Or an email address, a part of "
        "one with its @, or an id."
    )
    fields = (
        "id",
        "username",
        "page",
        "picture",
        "display_name",
        "bio",
        "email",
        "is_suspended",
        "created_at",
        "message_count",
        "follower_count",
        "following_count",
    )
    readonly_fields = (
        "id",
        "username",
        "page",
        "picture",
        "created_at",
        "message_count",
        "follower_count",
        "following_count",
    )
    sortable_by = ("name",)
    actions = ("suspend", "unsuspend", "delete_pictures")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """Search by the index, by the id, and for an email address."""
        if not search_term:
            return queryset, False
        if "@" in search_term:
            emails = selectors.by_email(search_term.strip())
            return queryset.filter(pk__in=[account.pk for account in emails]), False
        found = Q(pk__in=search.account_ids(query.parse(search_term)))
        pk = searched_id(search_term)
        return queryset.filter(found | Q(pk=pk) if pk is not None else found), False

    @admin.display(description="username", ordering="username_key")
    def name(self, account: Account) -> str:
        return account.username

    @admin.display(description="display name")
    def shown_as(self, account: Account) -> str:
        return account.display_name

    @admin.display(description="joined")
    def joined(self, account: Account) -> str:
        return f"{account.created_at:%Y-%m-%d}"

    @admin.display(description="messages")
    def posts(self, account: Account) -> int:
        return account.message_count

    @admin.display(description="followers")
    def followers(self, account: Account) -> int:
        return account.follower_count

    @admin.display(description="follows")
    def follows(self, account: Account) -> int:
        return account.following_count

    @admin.display(description="state")
    def state(self, account: Account) -> str:
        return "suspended" if account.is_suspended else "active"

    @admin.display(description="on the site")
    def page(self, account: Account) -> str:
        return on_site(account.username, f"@{account.username}")

    @admin.display(description="picture")
    def picture(self, account: Account) -> str:
        if not account.avatar_version:
            return "none uploaded"
        url = reverse("account-avatar", args=[account.username])
        return format_html('<img src="{}?v={}" alt="" width="80">', url, account.avatar_version)

    @admin.action(permissions=["change"], description="Delete the pictures of selected accounts")
    def delete_pictures(self, request: HttpRequest, queryset: QuerySet) -> None:
        uploaded = queryset.exclude(avatar_version="")
        count = self._act(request, uploaded, avatar_services.delete, "Picture deleted.")
        text = ngettext("Deleted %d picture.", "Deleted %d pictures.", count)
        self.message_user(request, text % count, messages.SUCCESS)

    @admin.action(
        permissions=["change"], description="Suspend selected accounts and revoke their tokens"
    )
    def suspend(self, request: HttpRequest, queryset: QuerySet) -> None:
        count = self._act(request, queryset, services.suspend, "Suspended.")
        text = ngettext("Suspended %d account.", "Suspended %d accounts.", count)
        self.message_user(request, text % count, messages.SUCCESS)

    @admin.action(permissions=["change"], description="Unsuspend selected accounts")
    def unsuspend(self, request: HttpRequest, queryset: QuerySet) -> None:
        count = self._act(request, queryset, services.unsuspend, "Unsuspended.")
        text = ngettext("Unsuspended %d account.", "Unsuspended %d accounts.", count)
        self.message_user(request, text % count, messages.SUCCESS)

    def _act(
        self, request: HttpRequest, queryset: QuerySet, service: Callable[..., None], entry: str
    ) -> int:
        """Call `service` for each account and write `entry` to its history. Return their number."""
        accounts = list(queryset)
        for account in accounts:
            service(account=account)
            self.log_change(request, account, entry)
        return len(accounts)

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:
        # Only the changed columns: saving the whole row would reset counters that change meanwhile.
        changed = {name: form.cleaned_data[name] for name in form.changed_data}
        suspended = changed.pop("is_suspended", None)
        services.update_profile(account=obj, **changed)
        if suspended is not None:
            act = services.suspend if suspended else services.unsuspend
            act(account=obj)

    def delete_row(self, obj: Account) -> None:
        services.delete(account=obj)
