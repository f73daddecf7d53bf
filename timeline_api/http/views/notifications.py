"""Notifications: what others did with me and my messages."""

from functools import partial

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from ...selectors import notifications as selectors
from ...services import notifications as services
from ..openapi.schema import PAGING, operation
from ..serializers.requests import MarkReadSerializer
from ..serializers.responses import NotificationPageSerializer, UnreadSerializer
from . import includes
from .base import ApiView


class NotificationsView(ApiView):
    """Who followed and mentioned me, and who replied to, liked and reposted my messages, the latest
    first. What several did with one message on one day is one notification."""

    members_only = frozenset({"GET", "HEAD"})

    @operation(
        "notifications_list",
        tag="notifications",
        summary="My notifications",
        response=NotificationPageSerializer,
        errors=[403, 404],
        parameters=(includes.parameter(), *PAGING),
    )
    def get(self, request: Request) -> Response:
        return self.page(partial(selectors.groups, self.member), self.represent.notification)

    def get_view_name(self) -> str:
        return "Notifications"


class UnreadView(ApiView):
    """How many of my notifications are unread, and my account: for the head of a page."""

    members_only = frozenset({"GET", "HEAD"})

    @operation(
        "notifications_unread",
        tag="notifications",
        summary="How many of my notifications are unread",
        response=UnreadSerializer,
        errors=[403],
    )
    def get(self, request: Request) -> Response:
        return Response(includes.head(self))

    def get_view_name(self) -> str:
        return "Unread notifications"


class MarkReadView(ApiView):
    """Mark my notifications as read, all or those up to one."""

    bodies = {"POST": MarkReadSerializer}
    members_only = frozenset({"POST"})

    @operation(
        "notifications_read",
        tag="notifications",
        summary="Mark my notifications as read",
        request=MarkReadSerializer,
        status=204,
        errors=[403],
    )
    def post(self, request: Request) -> Response:
        until = self.validated_body().get("until")
        services.mark_all_read(account=self.member, until_id=until and int(until))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_view_name(self) -> str:
        return "Read notifications"
