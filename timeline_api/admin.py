"""The operators' admin, over all shards. Writes go through the services, so that counters and
other members' timelines follow."""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from shardrouter.admin import ShardedModelAdmin

from .models import Account, Follow, Message, Outbox, Report, Token
from .relay import worker
from .selectors import messages as message_selectors
from .selectors.outbox import lags
from .services import accounts as account_services
from .services import avatars as avatar_services
from .services import follows as follow_services
from .services import messages as message_services
from .services import reports as report_services
from .services import tokens as token_services

admin.site.site_header = "Twitsite operators"
admin.site.site_title = "Twitsite operators"
admin.site.index_title = "Accounts, messages, follows and tokens"


class OperatorAdmin(ShardedModelAdmin):
    """Rows come into being through the API alone, and go through the services."""

    list_per_page = 50
    ordering = ("-id",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def remove(self, obj: Any) -> None:
        """Delete one row, through its service."""
        raise NotImplementedError

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.remove(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for obj in queryset:
            self.remove(obj)


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
    actions = ("suspend", "unsuspend", "take_pictures_away")

    @admin.display(description="picture")
    def picture(self, account: Account) -> str:
        if not account.avatar_version:
            return "none uploaded"
        url = reverse("account-avatar", args=[account.username])
        return format_html('<img src="{}?v={}" alt="" width="80">', url, account.avatar_version)

    @admin.action(permissions=["change"], description="Take the pictures of selected accounts away")
    def take_pictures_away(self, request: HttpRequest, queryset: QuerySet) -> None:
        uploaded = queryset.exclude(avatar_version="")
        count = self._act(request, uploaded, avatar_services.remove, "Picture taken away.")
        self.message_user(request, f"Took {count} picture(s) away.", messages.SUCCESS)

    @admin.action(
        permissions=["change"], description="Suspend selected accounts (their tokens end)"
    )
    def suspend(self, request: HttpRequest, queryset: QuerySet) -> None:
        count = self._act(request, queryset, account_services.suspend, "Suspended.")
        self.message_user(request, f"Suspended {count} account(s).", messages.SUCCESS)

    @admin.action(permissions=["change"], description="Unsuspend selected accounts")
    def unsuspend(self, request: HttpRequest, queryset: QuerySet) -> None:
        count = self._act(request, queryset, account_services.unsuspend, "Unsuspended.")
        self.message_user(request, f"Unsuspended {count} account(s).", messages.SUCCESS)

    def _act(
        self, request: HttpRequest, accounts: QuerySet, service: Callable[..., None], said: str
    ) -> int:
        """Run `service` for each account and write `said` into its history; gives how many."""
        chosen = list(accounts)
        for account in chosen:
            service(account=account)
            self.log_change(request, account, said)
        return len(chosen)

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:
        # Column by column: saving the whole row would set back counters that move meanwhile.
        changed = {name: form.cleaned_data[name] for name in form.changed_data}
        suspended = changed.pop("is_suspended", None)
        account_services.update_profile(account=obj, **changed)
        if suspended is not None:
            act = account_services.suspend if suspended else account_services.unsuspend
            act(account=obj)

    def remove(self, obj: Account) -> None:
        account_services.remove(account=obj)


@admin.register(Message)
class MessageAdmin(OperatorAdmin):
    list_display = ("id", "author", "text", "created_at")
    list_display_links = ("id", "text")
    list_filter = ("created_at",)
    list_select_related = ("author",)
    search_fields = ("text", "author__username")
    fields = ("id", "author", "text", "created_at")
    readonly_fields = ("id", "author", "created_at")

    def remove(self, obj: Message) -> None:
        message_services.delete(message=obj)


@admin.register(Follow)
class FollowAdmin(OperatorAdmin):
    list_display = ("id", "follower", "followee_id", "created_at")
    list_filter = ("created_at",)
    list_select_related = ("follower",)
    search_fields = ("follower__username",)
    fields = readonly_fields = ("id", "follower", "followee_id", "created_at")

    def remove(self, obj: Follow) -> None:
        follow_services.unfollow(follower=obj.follower, followee=Account(pk=obj.followee_id))


@admin.register(Token)
class TokenAdmin(OperatorAdmin):
    """The digest is not shown: nobody has a use for it."""

    list_display = ("id", "account", "name", "created_at", "last_used_at")
    list_filter = ("created_at", "last_used_at")
    list_select_related = ("account",)
    search_fields = ("account__username", "name")
    fields = ("id", "account", "name", "created_at", "last_used_at")
    readonly_fields = ("id", "account", "created_at", "last_used_at")

    def remove(self, obj: Token) -> None:
        token_services.revoke(token=obj)


@admin.register(Outbox)
class OutboxAdmin(OperatorAdmin):
    """Events that wait for the relay. A parked one has failed too often; retry it when mended."""

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
    actions = ("retry", "drop")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """With the relay's lag in the page's head."""
        said = "; ".join(
            f"{lag.shard}: {lag.waiting} waiting, {lag.seconds_behind:.0f} s behind, "
            f"{lag.parked} parked"
            if lag.up
            else f"{lag.shard}: does not answer"
            for lag in lags()
        )
        return super().changelist_view(request, {"subtitle": said, **(extra_context or {})})

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
        description="Drop selected parked events: other shards never hear of them",
    )
    def drop(self, request: HttpRequest, queryset: QuerySet) -> None:
        dropped = 0
        for event in queryset:
            dropped += worker.drop(event)
        self.message_user(request, f"{dropped} parked events were dropped.", messages.SUCCESS)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # only what is parked may be dropped, and by its own action


class StateFilter(admin.SimpleListFilter):
    """Open reports, unless one asks for others."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("closed", "Closed"), ("all", "All")]

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        first, *others = super().choices(changelist)
        yield first | {"display": "Open"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "all":
            return queryset
        return queryset.filter(closed_at__isnull=self.value() != "closed")


@admin.register(Report)
class ReportAdmin(OperatorAdmin):
    """The queue of what members have reported; what is open comes first."""

    list_display = ("created_at", "reporter", "author", "message", "reason", "outcome")
    list_filter = (StateFilter,)
    fields = (
        "reporter",
        "author",
        "message",
        "now",
        "history",
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
            return "(gone)"
        url = reverse("admin:timeline_api_account_change", args=[author.pk])
        state = " (suspended)" if author.is_suspended else ""
        return format_html('<a href="{}">{}</a>{}', url, author.username, state)

    @admin.display(description="message, as reported")
    def message(self, report: Report) -> str:
        return report.text

    @admin.display(description="message now")
    def now(self, report: Report) -> str:
        message = Message.objects.filter(pk=report.message_id).first()
        return message.text if message else "(deleted)"

    @admin.display(description="what it said before")
    def history(self, report: Report) -> str:
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
