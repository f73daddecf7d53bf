"""Follows: who follows whom."""

from typing import Any

from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ..pagination import Fetch
from ..schema import PAGING, operation
from ..selectors import accounts as selectors
from ..serializers import AccountPageSerializer
from ..services import follows as services
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
            raise ValidationError({"detail": "You cannot follow yourself."}) from None
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
            raise ValidationError({"detail": "You cannot unfollow yourself."}) from None
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_view_name(self) -> str:
        return "Follow"


class PeopleView(ApiView):
    """A list of accounts around one account."""

    def page_of_people(self, fetch: Fetch) -> Response:
        """A page of Account; followed_by_me of all of them costs one query."""

        def represent(rows: list[Any]) -> list[dict[str, Any]]:
            followed = None
            if self.request.user.is_authenticated:
                followed = selectors.followed_ids(self.request.user, [row.pk for row in rows])
            answer = self.answer
            return [answer.account(row, followed) for row in rows]

        return self.page(fetch, position=lambda row: row.position, represent=represent)


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
