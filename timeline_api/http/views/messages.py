"""Messages: posting, reading, editing, pinning, deleting."""

import re
from functools import partial

from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ...models import Message
from ...selectors import messages as selectors
from ...selectors.marks import Marks
from ...selectors.rows import Line, MessageRow
from ...services import idempotency, reports
from ...services import messages as services
from ..exceptions import Conflict, KeyReused
from ..openapi.schema import IDEMPOTENCY_KEY, operation
from ..serializers.requests import EditSerializer, NewMessageSerializer, ReportSerializer
from ..serializers.responses import (
    HistorySerializer,
    MessageSerializer,
    MessageWithHeadSerializer,
)
from ..throttling import PostThrottle
from . import includes
from .base import ApiView

IDEMPOTENCY_KEY_FORM = re.compile(r"[\x21-\x7e]{1,200}")


def idempotency_key(request: Request) -> str | None:
    """Return the Idempotency-Key of the request, if it has one. Raise ValidationError for one
    that is malformed."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not IDEMPOTENCY_KEY_FORM.fullmatch(key):
        raise ValidationError(
            {"detail": _("Idempotency-Key: 1 to 200 printable ASCII characters, no spaces.")}
        )
    return key


class MessagesView(ApiView):
    """Post a message: 1 to 280 characters. With `in_reply_to` it is a reply."""

    bodies = {"POST": NewMessageSerializer}
    throttles = {"POST": PostThrottle}
    members_only = frozenset({"POST"})

    @operation(
        "messages_create",
        tag="messages",
        summary="Post a message, or a reply to one",
        request=NewMessageSerializer,
        response=MessageSerializer,
        status=201,
        errors=[403, 409, 422],
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        key = idempotency_key(request)
        body = self.validated_body()
        parent = self._parent(body.get("in_reply_to"))
        try:
            message, is_new = services.get_or_post(
                author=self.member, text=body["text"], parent=parent, idempotency_key=key
            )
        except idempotency.IdempotencyMismatch as error:
            raise KeyReused(str(error)) from None
        except idempotency.IdempotencyConflict as error:
            raise Conflict(str(error)) from None
        # Nobody has liked or reposted a new message yet: that needs no query.
        unmarked = Marks().on(Line(MessageRow.of(message)))
        line = unmarked if is_new else selectors.line_of(message, viewer=self.member)
        data = self.represent.message(line)
        return Response(data, status.HTTP_201_CREATED, headers={"Location": data["url"]})

    def _parent(self, message_id: str | None) -> Message | None:
        if message_id is None:
            return None
        try:
            return self.message_or_404(int(message_id))
        except NotFound:
            raise ValidationError({"in_reply_to": [_("There is no such message.")]}) from None

    def get_view_name(self) -> str:
        return "Messages"


class OwnMessageView(ApiView):
    """A view of one message, with methods that are its author's alone."""

    author_id: int | None = None

    def shows_form_for(self, method: str) -> bool:
        is_author = self.viewer is not None and self.viewer.pk == self.author_id
        return is_author or method not in self.members_only

    def own_message(self, message_id: int) -> Message:
        """Return the member's own message or repost. Raise NotFound or PermissionDenied for any
        other."""
        try:
            message = selectors.by_id(message_id)
        except Message.DoesNotExist:
            raise NotFound(_("There is no such message.")) from None
        self.author_id, self.form_instance = message.author_id, message
        if message.author_id != self.member.pk:
            raise PermissionDenied(_("This is not your message."))
        return message


class MessageView(OwnMessageView):
    """One message. Its author may edit and delete it; whoever reposted it deletes the repost."""

    bodies = {"PATCH": EditSerializer}
    members_only = frozenset({"PATCH", "DELETE"})

    @operation(
        "messages_retrieve",
        tag="messages",
        summary="One message",
        response=MessageWithHeadSerializer,
        errors=[404],
        parameters=[includes.parameter()],
    )
    def get(self, request: Request, id: int) -> Response:
        try:
            line = selectors.line(id, viewer=self.viewer)
        except Message.DoesNotExist:
            raise NotFound(_("There is no such message.")) from None
        self.author_id, self.form_instance = line.message.author.id, line.message
        return self.answer(self.represent.message(line))

    @operation(
        "messages_update",
        tag="messages",
        summary="Edit my message; the text before stays in its history",
        request=EditSerializer,
        response=MessageSerializer,
        errors=[403, 404, 409],
    )
    def patch(self, request: Request, id: int) -> Response:
        message = self.own_message(id)
        body = self.validated_body()
        try:
            message = services.edit(
                message=message, text=body.get("text", message.text), revision=body.get("revision")
            )
        except services.NotEditable:
            raise ValidationError({"detail": _("A repost has no text to edit.")}) from None
        except services.EditConflict:
            raise Conflict(_("The message was edited since you have read it.")) from None
        except Message.DoesNotExist:
            raise NotFound(_("There is no such message.")) from None
        return Response(self.represent.message(selectors.line_of(message, viewer=self.member)))

    @operation(
        "messages_delete",
        tag="messages",
        summary="Delete my message",
        status=204,
        errors=[403, 404],
    )
    def delete(self, request: Request, id: int) -> Response:
        services.delete(message=self.own_message(id))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_view_name(self) -> str:
        return "Message"


class HistoryView(ApiView):
    """The texts that a message has had, the oldest first; the last is the current one."""

    @operation(
        "messages_history",
        tag="messages",
        summary="The texts that a message has had",
        response=HistorySerializer,
        errors=[404],
        parameters=[includes.parameter("message")],
    )
    def get(self, request: Request, id: int) -> Response:
        represent = self.represent
        texts = selectors.history(self.seen_message_or_404(id))
        body = {"results": [represent.revision(text) for text in texts]}
        return self.answer(body, message=partial(includes.message, self, id))

    def get_view_name(self) -> str:
        return "History"


class ReportView(ApiView):
    """Tell the operators what is wrong with a message."""

    bodies = {"POST": ReportSerializer}
    members_only = frozenset({"POST"})

    @operation(
        "messages_report",
        tag="messages",
        summary="Tell the operators what is wrong with a message",
        request=ReportSerializer,
        status=204,
        errors=[403, 404],
    )
    def post(self, request: Request, id: int) -> Response:
        message = self.message_or_404(id)
        reason = self.validated_body()["reason"]
        reports.report(account=self.member, message=message, reason=reason)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_view_name(self) -> str:
        return "Report"


class PinView(OwnMessageView):
    """Pin my message to the top of my profile, or unpin it."""

    members_only = frozenset({"PUT", "DELETE"})

    @operation(
        "pins_create",
        tag="messages",
        summary="Pin my message to my profile",
        status=204,
        errors=[400, 403, 404],
    )
    def put(self, request: Request, id: int) -> Response:
        message = self.own_message(id)
        if message.repost_of_id:
            raise ValidationError({"detail": _("A repost cannot be pinned.")})
        services.pin(message=message)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @operation(
        "pins_delete",
        tag="messages",
        summary="Unpin my message",
        status=204,
        errors=[403, 404],
    )
    def delete(self, request: Request, id: int) -> Response:
        services.unpin(message=self.own_message(id))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_view_name(self) -> str:
        return "Pin"
