"""Tokens in the admin."""

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from ..models import Token
from ..services import tokens as services
from .rows import MadeFilter, OperatorAdmin, account_link, moment, search_people


@admin.register(Token)
class TokenAdmin(OperatorAdmin):
    """The digest is not shown: it is of no use to operators."""

    list_display = ("id", "owner", "name", "made", "used")
    list_filter = (MadeFilter,)
    list_select_related = ("account",)
    search_fields = ("id",)  # shows the search field; get_search_results searches
    search_help_text = "The username, email address or id of the owner, or the id of a token."
    fields = ("id", "owner", "name", "created_at", "last_used_at")
    readonly_fields = ("id", "owner", "created_at", "last_used_at")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        if not search_term:
            return queryset, False
        return search_people(queryset, search_term, lambda found: Q(account=found)), False

    @admin.display(description="account")
    def owner(self, token: Token) -> str:
        return account_link(token.account)

    @admin.display(description="last used")
    def used(self, token: Token) -> str:
        return moment(token.last_used_at)

    def delete_row(self, obj: Token) -> None:
        services.revoke(token=obj)
