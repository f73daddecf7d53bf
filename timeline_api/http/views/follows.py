"""Follows: who follows whom."""

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ...selectors import accounts as selectors
from ...services import follows as services
from ..openapi.schema import PAGING, operation
from ..pagination import Fetch
from ..serializers.responses import AccountPageSerializer
from .base import ApiView


class FollowView(ApiView):
    """Follow this member, or stop. Doing it twice is the same as once."""

    members_only = frozenset({"PUT", "DELETE"})

    @operation(
        "follows_create",
        tag="follows",
        summary="Follow this member",
        status=204,
        errors=[400, 403, 404],
    )
    def put(self, request: Request, username: str) -> Response:
        try:
            services.follow(follower=request.user, followee=self.account_named(username))
        except services.CannotFollowSelf:
            raise ValidationError({"detail": _("You cannot follow yourself.")}) from None
        return Response(status=status.HTTP_204_NO_CONTENT)

    @operation(
        "follows_delete",
        tag="follows",
        summary="Stop following this member",
        status=204,
        errors=[400, 403, 404],
    )
    def delete(self, request: Request, username: str) -> Response:
        try:
            services.unfollow(follower=request.user, followee=self.account_named(username))
        except services.CannotFollowSelf:
            raise ValidationError({"detail": _("You cannot unfollow yourself.")}) from None
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_view_name(self) -> str:
        return "Follow"


class PeopleView(ApiView):
    """A list of accounts around one account."""

    # Whether those who have blocked, or are blocked by, the reader are shown as well.
    shows_blocked: ClassVar[bool] = False

    def page_of_people(self, fetch: Fetch) -> Response:
        """A page of Account."""
        return self.page(fetch, position=lambda row: row.position, represent=self.people)

    def people(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Accounts; what the reader is to all of them costs one query."""
        relations = None
        if self.request.user.is_authenticated:
            relations = selectors.relations(self.request.user, [row.pk for row in rows])
            if not self.shows_blocked:
                rows = [row for row in rows if row.pk not in relations.hidden.apart]
        answer = self.answer
        return [answer.account(row, relations) for row in rows]


class FollowersView(PeopleView):
    """Who follows this member, the latest first."""

    @operation(
        "accounts_followers",
        tag="follows",
        summary="Who follows this member",
        gives=AccountPageSerializer,
        errors=[404],
        parameters=PAGING,
    )
    def get(self, request: Request, username: str) -> Response:
        account = self.account_named(username)
        return self.page_of_people(lambda **place: selectors.followers(account, **place))

    def get_view_name(self) -> str:
        return "Followers"


class FollowingView(PeopleView):
    """Whom this member follows, the latest first."""

    @operation(
        "accounts_following",
        tag="follows",
        summary="Whom this member follows",
        gives=AccountPageSerializer,
        errors=[404],
        parameters=PAGING,
    )
    def get(self, request: Request, username: str) -> Response:
        account = self.account_named(username)
        return self.page_of_people(lambda **place: selectors.following(account, **place))

    def get_view_name(self) -> str:
        return "Following"
