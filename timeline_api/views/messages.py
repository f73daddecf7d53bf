"""Messages: posting, reading, deleting."""

import re

from rest_framework import status
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from ..exceptions import Conflict, KeyReused
from ..models import Message
from ..schema import IDEMPOTENCY_KEY, operation
from ..selectors import messages as selectors
from ..serializers import MessageSerializer, TextSerializer
from ..services import messages as services
from ..throttles import PostThrottle
from .base import ApiView

IDEMPOTENCY_KEY_FORM = re.compile(r"[\x21-\x7e]{1,200}")


def idempotency_key(request: Request) -> str | None:
    """The checked Idempotency-Key of the request, or None."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not IDEMPOTENCY_KEY_FORM.fullmatch(key):
        raise ValidationError(
            {"detail": "Idempotency-Key: 1 to 200 printable ASCII characters, no spaces."}
        )
    return key


class MessagesView(ApiView):
    """Post a message: 1 to 280 characters."""

    bodies = {"POST": TextSerializer}
    members_only = frozenset({"POST"})

    def get_throttles(self) -> list[BaseThrottle]:
        extra = [PostThrottle()] if self.request.method == "POST" else []
        return [*super().get_throttles(), *extra]

    @operation(
        "messages_create",
        tag="messages",
        summary="Post a message",
        takes=TextSerializer,
        gives=MessageSerializer,
        status=201,
        errors=[403, 409, 422],
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        key = idempotency_key(request)
        text = self.valid()["text"]
        try:
            message = services.post(author=request.user, text=text, idempotency_key=key)
        except services.IdempotencyMismatch as error:
            raise KeyReused(str(error)) from None
        except services.IdempotencyConflict as error:
            raise Conflict(str(error)) from None
        data = self.answer.message(message)
        return Response(data, status.HTTP_201_CREATED, headers={"Location": data["url"]})

    def get_view_name(self) -> str:
        return "Messages"


class MessageView(ApiView):
    """One message. Its author may delete it."""

    members_only = frozenset({"DELETE"})
    shown: Message | None = None

    def offers(self, method: str) -> bool:
        return method != "DELETE" or (
            self.shown is not None and self.shown.author_id == self.request.user.pk
        )

    def _message(self, pk: int) -> Message:
        try:
            self.shown = selectors.by_id(pk)
            return self.shown
        except Message.DoesNotExist:
            raise NotFound("There is no such message.") from None

    @operation(
        "messages_retrieve",
        tag="messages",
        summary="One message",
        gives=MessageSerializer,
        errors=[404],
    )
    def get(self, request: Request, id: int) -> Response:
        return Response(self.answer.message(self._message(id)))

    @operation(
        "messages_delete",
        tag="messages",
        summary="Delete my message",
        status=204,
        errors=[403, 404],
    )
    def delete(self, request: Request, id: int) -> Response:
        message = self._message(id)
        if message.author_id != request.user.pk:
            raise PermissionDenied("This is not your message.")
        services.delete(message=message)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_view_name(self) -> str:
        return "Message"
