"""Conversations: what a message replies to, and what replies to it."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from ...models import Message, Tombstone
from ...selectors import messages as selectors
from ...selectors.pages import flipped
from ..openapi.schema import PAGING, operation
from ..serializers.responses import ConversationSerializer, MessagePageSerializer
from .base import ApiView


class ConversationView(ApiView):
    """A part of the conversation around a message, which may have been deleted."""

    def standing_or_gap(self, message_id: int) -> Message | Tombstone:
        """The message, or what is left of it, or 404; of a repost the message that it shows."""
        try:
            message = selectors.standing_or_gap(message_id)
        except Message.DoesNotExist:
            raise NotFound(_("There is no such message.")) from None
        return getattr(message, "original", message)


class AncestorsView(ConversationView):
    """What a message replies to, the nearest ten of it, its parent last."""

    @operation(
        "messages_ancestors",
        tag="conversations",
        summary="What a message replies to",
        gives=ConversationSerializer,
        errors=[404],
    )
    def get(self, request: Request, id: int) -> Response:
        above = selectors.ancestors(self.standing_or_gap(id))
        return Response({"results": self.answer.messages(above)})

    def get_view_name(self) -> str:
        return "Ancestors"


class RepliesView(ConversationView):
    """The replies to a message, the oldest first. A deleted one that has replies is a gap."""

    @operation(
        "messages_replies",
        tag="conversations",
        summary="The replies to a message, the oldest first",
        gives=MessagePageSerializer,
        errors=[404],
        parameters=PAGING,
    )
    def get(self, request: Request, id: int) -> Response:
        message = self.standing_or_gap(id)
        return self.page_of_messages(
            lambda **place: selectors.replies(message, **place), timeline=False, position=_position
        )

    def get_view_name(self) -> str:
        return "Replies"


def _position(row: Any) -> int:
    return flipped(row if isinstance(row, int) else row.pk)
