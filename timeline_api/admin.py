"""The operators' admin, over all shards. Writes go through the services, which keep counters and
other members' timelines right."""

from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from shardrouter.admin import ShardedModelAdmin

from .models import Account, Follow, Message, Outbox, Report, Token
from .relay import worker
from .search import query
from .selectors import messages as message_selectors
from .selectors import search
from .selectors.outbox import lags
from .services import accounts as account_services
from .services import avatars as avatar_services
from .services import follows as follow_services
from .services import messages as message_services
from .services import reports as report_services
from .services import tokens as token_services

admin.site.site_url = settings.SITE_URL
admin.site.site_header = "Twitsite operators"
admin.site.site_title = "Twitsite operators"
admin.site.index_title = "Accounts, messages, follows and tokens"


class OperatorAdmin(ShardedModelAdmin):
    """Rows are created through the API alone, and deleted through the services."""

    list_per_page = 30
    ordering = ("-id",)

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


@admin.register(Account)
class AccountAdmin(OperatorAdmin):
    list_display = (
        "username",
        "display_name",
        "email",
        "created_at",
        "message_count",
        "follower_count",
        "following_count",
        "is_suspended",
    )
    list_filter = ("is_suspended", "created_at")
    search_fields = ("username", "display_name", "email")
    search_help_text = (
        "Beginnings of words in names and bio: the newest thousand. Or a part of an email address "
        "with its @."
    )
    fields = (
        "id",
        "username",
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
        "picture",
        "created_at",
        "message_count",
        "follower_count",
        "following_count",
    )
    actions = ("suspend", "unsuspend", "delete_pictures")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """Search by the index, and only for an email address through all rows."""
        if not search_term or "@" in search_term:
            return super().get_search_results(request, queryset, search_term)
        return queryset.filter(pk__in=search.account_ids(query.parse(search_term))), False

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
        self.message_user(request, f"Deleted {count} picture(s).", messages.SUCCESS)

    @admin.action(
        permissions=["change"], description="Suspend selected accounts and revoke their tokens"
    )
    def suspend(self, request: HttpRequest, queryset: QuerySet) -> None:
        count = self._act(request, queryset, account_services.suspend, "Suspended.")
        self.message_user(request, f"Suspended {count} account(s).", messages.SUCCESS)

    @admin.action(permissions=["change"], description="Unsuspend selected accounts")
    def unsuspend(self, request: HttpRequest, queryset: QuerySet) -> None:
        count = self._act(request, queryset, account_services.unsuspend, "Unsuspended.")
        self.message_user(request, f"Unsuspended {count} account(s).", messages.SUCCESS)

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
        account_services.update_profile(account=obj, **changed)
        if suspended is not None:
            act = account_services.suspend if suspended else account_services.unsuspend
            act(account=obj)

    def delete_row(self, obj: Account) -> None:
        account_services.delete(account=obj)


@admin.register(Message)
class MessageAdmin(OperatorAdmin):
    list_display = ("id", "author", "text", "created_at")
    list_display_links = ("id", "text")
    list_filter = ("created_at",)
    list_select_related = ("author",)
    search_fields = ("text", "author__username")
    search_help_text = "Words of the text, or the author's username: the newest thousand."
    fields = ("id", "author", "text", "created_at")
    readonly_fields = ("id", "author", "created_at")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """Search by the index: LIKE would look through all messages."""
        if not search_term:
            return queryset, False
        return queryset.filter(pk__in=search.message_ids(search_term)), False

    def delete_row(self, obj: Message) -> None:
        message_services.delete(message=obj)


@admin.register(Follow)
class FollowAdmin(OperatorAdmin):
    list_display = ("id", "follower", "followee_id", "created_at")
    list_filter = ("created_at",)
    list_select_related = ("follower",)
    search_fields = ("follower__username",)
    fields = readonly_fields = ("id", "follower", "followee_id", "created_at")

    def delete_row(self, obj: Follow) -> None:
        follow_services.unfollow(follower=obj.follower, followee=Account(pk=obj.followee_id))


@admin.register(Token)
class TokenAdmin(OperatorAdmin):
    """The digest is not shown: it is of no use to operators."""

    list_display = ("id", "account", "name", "created_at", "last_used_at")
    list_filter = ("created_at", "last_used_at")
    list_select_related = ("account",)
    search_fields = ("account__username", "name")
    fields = ("id", "account", "name", "created_at", "last_used_at")
    readonly_fields = ("id", "account", "created_at", "last_used_at")

    def delete_row(self, obj: Token) -> None:
        token_services.revoke(token=obj)


@admin.register(Outbox)
class OutboxAdmin(OperatorAdmin):
    """Events that wait for the relay. A parked one has failed too often: retry it when its cause is
    fixed."""

    list_display = ("id", "kind", "account_id", "created_at", "attempts", "parked_at", "error")
    list_filter = ("kind", ("parked_at", admin.EmptyFieldListFilter))
    fields = readonly_fields = (
        "id",
        "kind",
        "account_id",
        "payload",
        "created_at",
        "available_at",
        "attempts",
        "parked_at",
        "last_error",
    )
    actions = ("retry", "discard")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the relay's lag in the head of the page."""
        lag_text = "; ".join(
            f"{lag.shard}: {lag.waiting} waiting, {lag.seconds_behind:.0f} s behind, "
            f"{lag.parked} parked"
            if lag.up
            else f"{lag.shard}: does not answer"
            for lag in lags()
        )
        return super().changelist_view(request, {"subtitle": lag_text, **(extra_context or {})})

    @admin.display(description="last error")
    def error(self, obj: Outbox) -> str:
        return obj.last_error[:80]

    @admin.action(permissions=["change"], description="Try selected events again now")
    def retry(self, request: HttpRequest, queryset: QuerySet) -> None:
        for event in queryset:
            worker.retry(event)
        self.message_user(request, "The relay will try them again.", messages.SUCCESS)

    @admin.action(
        permissions=["change"],
        description="Discard selected parked events: other shards will never get them",
    )
    def discard(self, request: HttpRequest, queryset: QuerySet) -> None:
        discarded = sum(worker.discard(event) for event in queryset)
        self.message_user(request, f"{discarded} parked events were discarded.", messages.SUCCESS)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # the action above discards parked events, and no others


class StateFilter(admin.SimpleListFilter):
    """Filters reports by state; open ones by default."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("closed", "Closed"), ("all", "All")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        first, *others = super().choices(changelist)
        yield {**first, "display": "Open"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "all":
            return queryset
        return queryset.filter(closed_at__isnull=self.value() != "closed")


@admin.register(Report)
class ReportAdmin(OperatorAdmin):
    """The queue of reported messages: the open reports, unless the filter says otherwise."""

    list_display = ("created_at", "reporter", "author", "message", "reason", "outcome")
    list_filter = (StateFilter,)
    fields = (
        "reporter",
        "author",
        "message",
        "current_text",
        "earlier_texts",
        "reason",
        "created_at",
        "outcome",
        "closed_at",
    )
    readonly_fields = fields
    actions = ("delete_messages", "suspend_authors", "dismiss")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="reported by")
    def reporter(self, report: Report) -> str:
        return report.account.username

    @admin.display(description="author")
    def author(self, report: Report) -> str:
        author = Account.objects.filter(pk=report.message_author_id).first()
        if author is None:
            return "(deleted)"
        url = reverse("admin:timeline_api_account_change", args=[author.pk])
        state = " (suspended)" if author.is_suspended else ""
        return format_html('<a href="{}">{}</a>{}', url, author.username, state)

    @admin.display(description="message, as reported")
    def message(self, report: Report) -> str:
        return report.text

    @admin.display(description="message now")
    def current_text(self, report: Report) -> str:
        message = Message.objects.filter(pk=report.message_id).first()
        return message.text if message else "(deleted)"

    @admin.display(description="what it said before")
    def earlier_texts(self, report: Report) -> str:
        message = Message.objects.filter(pk=report.message_id).first()
        earlier = message_selectors.revisions(message) if message else []
        return "\n".join(revision.text for revision in earlier) or "-"

    @admin.action(permissions=["change"], description="Delete the message")
    def delete_messages(self, request: HttpRequest, queryset: QuerySet) -> None:
        for report in queryset:
            message = Message.objects.filter(pk=report.message_id).first()
            if message is not None:
                message_services.delete(message=message)
            report_services.close(report=report, outcome="message deleted")
        self.message_user(request, "The messages were deleted.")

    @admin.action(permissions=["change"], description="Suspend the author")
    def suspend_authors(self, request: HttpRequest, queryset: QuerySet) -> None:
        for report in queryset:
            author = Account.objects.filter(pk=report.message_author_id).first()
            if author is not None:
                account_services.suspend(account=author)
            report_services.close(report=report, outcome="author suspended")
        self.message_user(request, "The authors were suspended.")

    @admin.action(permissions=["change"], description="Dismiss: nothing is wrong")
    def dismiss(self, request: HttpRequest, queryset: QuerySet) -> None:
        for report in queryset:
            report_services.close(report=report, outcome="dismissed")
        self.message_user(request, "The reports were dismissed.")
