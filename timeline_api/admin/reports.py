"""Reports in the admin: the operators' queue."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import ngettext

from ..models import Account, Message, Report
from ..selectors import messages as message_selectors
from ..services import accounts as account_services
from ..services import messages as message_services
from ..services import reports as services
from .rows import (
    DELETED,
    OperatorAdmin,
    account_link,
    message_link,
    named,
    on_site,
    search_people,
    searched_id,
)


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
    """The queue of reports: the open ones, unless the filter says otherwise."""

    list_display = ("made", "message", "author", "reason", "reporter", "state")
    list_filter = (StateFilter,)
    list_select_related = ("account",)
    names = {"message_author_id": Account, "message_id": Message}
    search_fields = ("id",)  # shows the search field; get_search_results searches
    search_help_text = (
        "The username, email address or id of who reports or is reported, or the id of a message."
    )
    fields = (
        "reporter",
        "author",
        "message",
        "current_text",
        "earlier_texts",
        "page",
        "reason",
        "created_at",
        "outcome",
        "closed_at",
    )
    readonly_fields = fields
    actions = ("delete_messages", "suspend_authors", "dismiss")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        if not search_term:
            return queryset, False
        pk = searched_id(search_term)
        if pk is not None and (of_message := queryset.filter(message_id=pk)).exists():
            return of_message, False
        return search_people(
            queryset, search_term, lambda found: Q(account=found) | Q(message_author_id=found.pk)
        ), False

    @admin.display(description="reported by")
    def reporter(self, report: Report) -> str:
        return account_link(report.account)

    @admin.display(description="author")
    def author(self, report: Report) -> str:
        return account_link(named(report, "message_author_id", Account))

    @admin.display(description="message, as reported")
    def message(self, report: Report) -> str:
        if report.message_id is None:
            return f"the account: {report.text}"
        return message_link(named(report, "message_id", Message), report.text)

    @admin.display(description="message now")
    def current_text(self, report: Report) -> str:
        if report.message_id is None:
            return "-"
        message = named(report, "message_id", Message)
        return message_link(message, message.text) if message else DELETED

    @admin.display(description="what it said before")
    def earlier_texts(self, report: Report) -> str:
        message = named(report, "message_id", Message)
        earlier = message_selectors.revisions(message) if message else []
        return "\n".join(revision.text for revision in earlier) or "-"

    @admin.display(description="on the site")
    def page(self, report: Report) -> str:
        author = named(report, "message_author_id", Account)
        if author is None:
            return DELETED
        if report.message_id is None:
            return on_site(author.username, "the profile")
        return on_site(f"{author.username}/{report.message_id}", "its conversation")

    @admin.display(description="state")
    def state(self, report: Report) -> str:
        return report.outcome or "open"

    @admin.action(permissions=["change"], description="Delete the message")
    def delete_messages(self, request: HttpRequest, queryset: QuerySet) -> None:
        # Of an account there is no message to delete: such a report stays open.
        reports = list(queryset.filter(message_id__isnull=False))
        for report in reports:
            message = Message.objects.filter(pk=report.message_id).first()
            if message is not None:
                message_services.delete(message=message)
            services.close(report=report, outcome="message deleted")
        text = ngettext("The message was deleted.", "The messages were deleted.", len(reports))
        self.message_user(request, text)

    @admin.action(permissions=["change"], description="Suspend the author")
    def suspend_authors(self, request: HttpRequest, queryset: QuerySet) -> None:
        reports = list(queryset)
        for report in reports:
            author = Account.objects.filter(pk=report.message_author_id).first()
            if author is not None:
                account_services.suspend(account=author)
            services.close(report=report, outcome="author suspended")
        text = ngettext("The author was suspended.", "The authors were suspended.", len(reports))
        self.message_user(request, text)

    @admin.action(permissions=["change"], description="Dismiss: nothing is wrong")
    def dismiss(self, request: HttpRequest, queryset: QuerySet) -> None:
        reports = list(queryset)
        for report in reports:
            services.close(report=report, outcome="dismissed")
        text = ngettext("The report was dismissed.", "The reports were dismissed.", len(reports))
        self.message_user(request, text)
