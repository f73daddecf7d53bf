"""Follows: who follows whom."""

from functools import partial

from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ...selectors import accounts as selectors
from ...services import follows as services
from ..openapi.schema import PAGING, operation
from ..serializers.responses import AccountPageSerializer
from . import includes
from .base import ApiView


class FollowView(ApiView):
    """Follow this member, or stop following. Idempotent."""

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
            services.follow(follower=self.member, followee=self.account_or_404(username))
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
            services.unfollow(follower=self.member, followee=self.account_or_404(username))
        except services.CannotFollowSelf:
            raise ValidationError({"detail": _("You cannot unfollow yourself.")}) from None
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_view_name(self) -> str:
        return "Follow"


class FollowersView(ApiView):
    """Who follows this member, the latest first."""

    @operation(
        "accounts_followers",
        tag="follows",
        summary="Who follows this member",
        response=AccountPageSerializer,
        errors=[403, 404],
        parameters=(includes.parameter(), *PAGING),
    )
    def get(self, request: Request, username: str) -> Response:
        account = self.seen_account_or_404(username)
        return self.page_of_accounts(partial(selectors.followers, account, viewer=self.viewer))

    def get_view_name(self) -> str:
        return "Followers"


class FollowingView(ApiView):
    """Whom this member follows, the latest first."""

    @operation(
        "accounts_following",
        tag="follows",
        summary="Whom this member follows",
        response=AccountPageSerializer,
        errors=[403, 404],
        parameters=(includes.parameter(), *PAGING),
    )
    def get(self, request: Request, username: str) -> Response:
        account = self.seen_account_or_404(username)
        return self.page_of_accounts(partial(selectors.following, account, viewer=self.viewer))

    def get_view_name(self) -> str:
        return "Following"
