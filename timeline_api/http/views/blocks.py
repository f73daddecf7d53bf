"""Blocks and mutes."""

from functools import partial

from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ...selectors import accounts as selectors
from ...services import blocks as services
from ..openapi.schema import PAGING, operation
from ..serializers.responses import AccountPageSerializer
from . import includes
from .base import ApiView


class BlockView(ApiView):
    """Block this member, or unblock them. Neither sees or reaches the other, and follows between
    them are deleted."""

    members_only = frozenset({"PUT", "DELETE"})

    @operation(
        "blocks_create",
        tag="blocks",
        summary="Block this member",
        status=204,
        errors=[400, 403, 404],
    )
    def put(self, request: Request, username: str) -> Response:
        try:
            services.block(account=self.member, other=self.account_or_404(username))
        except services.CannotBlockSelf:
            raise ValidationError({"detail": _("You cannot block yourself.")}) from None
        return Response(status=status.HTTP_204_NO_CONTENT)

    @operation(
        "blocks_delete",
        tag="blocks",
        summary="Unblock this member",
        status=204,
        errors=[400, 403, 404],
    )
    def delete(self, request: Request, username: str) -> Response:
        try:
            services.unblock(account=self.member, other=self.account_or_404(username))
        except services.CannotBlockSelf:
            raise ValidationError({"detail": _("You cannot unblock yourself.")}) from None
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_view_name(self) -> str:
        return "Block"


class MuteView(ApiView):
    """Mute this member, or unmute them. I see no messages and no notifications of theirs; they are
    not told."""

    members_only = frozenset({"PUT", "DELETE"})

    @operation(
        "mutes_create",
        tag="blocks",
        summary="Mute this member",
        status=204,
        errors=[400, 403, 404],
    )
    def put(self, request: Request, username: str) -> Response:
        try:
            services.mute(account=self.member, other=self.account_or_404(username))
        except services.CannotBlockSelf:
            raise ValidationError({"detail": _("You cannot mute yourself.")}) from None
        return Response(status=status.HTTP_204_NO_CONTENT)

    @operation(
        "mutes_delete",
        tag="blocks",
        summary="Unmute this member",
        status=204,
        errors=[400, 403, 404],
    )
    def delete(self, request: Request, username: str) -> Response:
        try:
            services.unmute(account=self.member, other=self.account_or_404(username))
        except services.CannotBlockSelf:
            raise ValidationError({"detail": _("You cannot unmute yourself.")}) from None
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_view_name(self) -> str:
        return "Mute"


class BlocksView(ApiView):
    """Whom I have blocked, the latest first."""

    members_only = frozenset({"GET", "HEAD"})

    @operation(
        "blocks_list",
        tag="blocks",
        summary="Whom I have blocked",
        response=AccountPageSerializer,
        errors=[403, 404],
        parameters=(includes.parameter(), *PAGING),
    )
    def get(self, request: Request) -> Response:
        return self.page_of_accounts(partial(selectors.blocked_by, self.member))

    def get_view_name(self) -> str:
        return "Blocks"


class MutesView(ApiView):
    """Whom I have muted, the latest first."""

    members_only = frozenset({"GET", "HEAD"})

    @operation(
        "mutes_list",
        tag="blocks",
        summary="Whom I have muted",
        response=AccountPageSerializer,
        errors=[403, 404],
        parameters=(includes.parameter(), *PAGING),
    )
    def get(self, request: Request) -> Response:
        return self.page_of_accounts(partial(selectors.muted_by, self.member))

    def get_view_name(self) -> str:
        return "Mutes"
