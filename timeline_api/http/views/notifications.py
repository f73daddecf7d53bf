"""Notifications: what others did that I am told of."""

from typing import Any

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from ...selectors import messages
from ...selectors import notifications as selectors
from ...services import notifications as services
from ..openapi.schema import PAGING, operation
from ..serializers.requests import ReadSerializer
from ..serializers.responses import NotificationPageSerializer, UnreadSerializer
from .base import ApiView


class NotificationsView(ApiView):
    """Who followed, mentioned, answered, liked and reposted me, the latest first. What several did
    with one message on one day is one notification."""

    members_only = frozenset({"GET", "HEAD"})

    @operation(
        "notifications_list",
        tag="notifications",
        summary="What others did that I am told of",
        gives=NotificationPageSerializer,
        errors=[403, 404],
        parameters=PAGING,
    )
    def get(self, request: Request) -> Response:
        def represent(groups: list[selectors.Group]) -> list[dict[str, Any]]:
            shown = [group.message.pk for group in groups if group.message]
            marks = messages.marks(request.user, shown)
            answer = self.answer
            return [answer.notification(group, marks) for group in groups]

        return self.page(
            lambda **place: selectors.groups(request.user, **place),
            position=lambda group: group.pk,
            represent=represent,
        )

    def get_view_name(self) -> str:
        return "Notifications"


class UnreadView(ApiView):
    """How many of my notifications are unread, and who I am: what stands in the head of a page."""

    members_only = frozenset({"GET", "HEAD"})

    @operation(
        "notifications_unread",
        tag="notifications",
        summary="How many of my notifications are unread",
        gives=UnreadSerializer,
        errors=[403],
    )
    def get(self, request: Request) -> Response:
        me = request.user
        return Response({"count": selectors.unread_count(me), "account": self.answer.author(me)})

    def get_view_name(self) -> str:
        return "Unread notifications"


class ReadView(ApiView):
    """Mark my notifications as read, all or those up to one."""

    bodies = {"POST": ReadSerializer}
    members_only = frozenset({"POST"})

    @operation(
        "notifications_read",
        tag="notifications",
        summary="Mark my notifications as read",
        takes=ReadSerializer,
        status=204,
        errors=[403],
    )
    def post(self, request: Request) -> Response:
        until = self.valid().get("until")
        services.mark_all_read(account=request.user, until_id=until and int(until))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_view_name(self) -> str:
        return "Read notifications"
