"""Conversations: what a message replies to, and what replies to it."""

from functools import partial

from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from ...models import Message
from ...selectors import conversations as selectors
from ..openapi.schema import PAGING, operation
from ..serializers.responses import ConversationSerializer, RepliesPageSerializer
from . import includes
from .base import ApiView


class ConversationView(ApiView):
    """A part of the conversation around a message, which may have been deleted."""

    def node_or_404(self, message_id: int) -> selectors.Node:
        """Return the message, of a repost the original, or the gap that is left of it. It is not
        there for a reader if the author and they do not see each other."""
        try:
            node = selectors.node(message_id)
        except Message.DoesNotExist:
            raise NotFound(_("There is no such message.")) from None
        if self.is_hidden(node.author_id):
            raise NotFound(_("There is no such message."))
        return node


class AncestorsView(ConversationView):
    """What a message replies to, the nearest ten of it, its parent last."""

    @operation(
        "messages_ancestors",
        tag="conversations",
        summary="What a message replies to",
        response=ConversationSerializer,
        errors=[404],
    )
    def get(self, request: Request, id: int) -> Response:
        return Response({"results": includes.ancestors(self, self.node_or_404(id))})

    def get_view_name(self) -> str:
        return "Ancestors"


class RepliesView(ConversationView):
    """The replies to a message, the oldest first. A deleted one that has replies is a gap."""

    @operation(
        "messages_replies",
        tag="conversations",
        summary="The replies to a message, the oldest first",
        response=RepliesPageSerializer,
        errors=[404],
        parameters=(includes.parameter("message", "ancestors", "account"), *PAGING),
    )
    def get(self, request: Request, id: int) -> Response:
        node = self.node_or_404(id)
        return self.page_of_messages(
            partial(selectors.replies, node, viewer=self.viewer),
            message=partial(includes.message, self, id),
            ancestors=partial(includes.ancestors, self, node),
            account=partial(includes.author, self, node),
        )

    def get_view_name(self) -> str:
        return "Replies"
