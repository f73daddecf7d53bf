"""Events of the outbox in the admin."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import ngettext

from ..models import Account, Outbox
from ..relay import worker
from ..selectors.outbox import lags
from .rows import OperatorAdmin, account_link, moment, named, search_people


@admin.register(Outbox)
class OutboxAdmin(OperatorAdmin):
    """Events that wait for the relay. A parked one has failed too often: retry it when its cause is
    fixed."""

    list_display = ("id", "kind", "of_account", "made", "attempts", "parked", "error")
    list_filter = ("kind", ("parked_at", admin.EmptyFieldListFilter))
    names = {"account_id": Account}
    search_fields = ("id",)  # shows the search field; get_search_results searches
    search_help_text = "The username, email address or id of an account, or the id of an event."
    fields = readonly_fields = (
        "id",
        "kind",
        "of_account",
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

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        if not search_term:
            return queryset, False
        return search_people(queryset, search_term, lambda found: Q(account_id=found.pk)), False

    @admin.display(description="account")
    def of_account(self, event: Outbox) -> str:
        return account_link(named(event, "account_id", Account))

    @admin.display(description="parked")
    def parked(self, event: Outbox) -> str:
        return moment(event.parked_at)

    @admin.display(description="last error")
    def error(self, event: Outbox) -> str:
        return event.last_error[:80]

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
        count = sum(worker.discard(event) for event in queryset)
        text = ngettext("%d parked event was discarded.", "%d parked events were discarded.", count)
        self.message_user(request, text % count, messages.SUCCESS)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # the action above discards parked events, and no others
