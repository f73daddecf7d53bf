"""Follows in the admin."""

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from ..models import Account, Follow
from ..services import follows as services
from .rows import MadeFilter, OperatorAdmin, account_link, named, search_people


@admin.register(Follow)
class FollowAdmin(OperatorAdmin):
    list_display = ("id", "by", "followee", "made")
    list_filter = (MadeFilter,)
    list_select_related = ("follower",)
    names = {"followee_id": Account}
    search_fields = ("id",)  # shows the search field; get_search_results searches
    search_help_text = "The username, email address or id of somebody who follows or is followed."
    fields = readonly_fields = ("id", "by", "followee", "created_at")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        if not search_term:
            return queryset, False
        return search_people(
            queryset, search_term, lambda found: Q(follower=found) | Q(followee_id=found.pk)
        ), False

    @admin.display(description="follower")
    def by(self, follow: Follow) -> str:
        return account_link(follow.follower)

    @admin.display(description="follows")
    def followee(self, follow: Follow) -> str:
        return account_link(named(follow, "followee_id", Account))

    def delete_row(self, obj: Follow) -> None:
        services.unfollow(follower=obj.follower, followee=Account(pk=obj.followee_id))
