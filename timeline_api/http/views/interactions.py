"""Interactions: liking and reposting, and who did."""

from functools import partial

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from ...models import Interaction
from ...selectors import accounts
from ...services import likes, messages
from ..openapi.schema import PAGING, operation
from ..serializers.responses import AccountPageSerializer
from . import includes
from .base import ApiView


class LikeView(ApiView):
    """Like this message, or undo the like. Idempotent."""

    members_only = frozenset({"PUT", "DELETE"})

    @operation(
        "likes_create",
        tag="interactions",
        summary="Like this message",
        status=204,
        errors=[403, 404],
    )
    def put(self, request: Request, id: int) -> Response:
        likes.like(account=self.member, message=self.message_or_404(id))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @operation(
        "likes_delete",
        tag="interactions",
        summary="Undo my like of this message",
        status=204,
        errors=[403, 404],
    )
    def delete(self, request: Request, id: int) -> Response:
        likes.unlike(account=self.member, message=self.message_or_404(id))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_view_name(self) -> str:
        return "Like"


class RepostView(ApiView):
    """Repost this message, or undo the repost. Idempotent."""

    members_only = frozenset({"PUT", "DELETE"})

    @operation(
        "reposts_create",
        tag="interactions",
        summary="Repost this message",
        status=204,
        errors=[403, 404],
    )
    def put(self, request: Request, id: int) -> Response:
        messages.repost(account=self.member, message=self.message_or_404(id))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @operation(
        "reposts_delete",
        tag="interactions",
        summary="Undo my repost of this message",
        status=204,
        errors=[403, 404],
    )
    def delete(self, request: Request, id: int) -> Response:
        messages.undo_repost(account=self.member, message=self.message_or_404(id))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_view_name(self) -> str:
        return "Repost"


class LikesView(ApiView):
    """Who likes this message, the latest first."""

    @operation(
        "messages_likes",
        tag="interactions",
        summary="Who likes this message",
        response=AccountPageSerializer,
        errors=[404],
        parameters=(includes.parameter(), *PAGING),
    )
    def get(self, request: Request, id: int) -> Response:
        message = self.seen_message_or_404(id)
        return self.page_of_accounts(
            partial(accounts.interacting, message, Interaction.LIKE, viewer=self.viewer)
        )

    def get_view_name(self) -> str:
        return "Likes"


class RepostsView(ApiView):
    """Who has reposted this message, the latest first."""

    @operation(
        "messages_reposts",
        tag="interactions",
        summary="Who has reposted this message",
        response=AccountPageSerializer,
        errors=[404],
        parameters=(includes.parameter(), *PAGING),
    )
    def get(self, request: Request, id: int) -> Response:
        message = self.seen_message_or_404(id)
        return self.page_of_accounts(
            partial(accounts.interacting, message, Interaction.REPOST, viewer=self.viewer)
        )

    def get_view_name(self) -> str:
        return "Reposts"
