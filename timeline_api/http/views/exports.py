"""Exports: everything of mine in one file."""

from base64 import b64encode

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from ...domain.pictures import MEDIA_TYPE
from ...models import Avatar
from ...selectors import exports as selectors
from ..openapi.schema import operation
from ..representations import timestamp
from ..serializers.responses import ExportSerializer
from .accounts import OwnAccountView


def data_url(avatar: Avatar) -> str:
    """A picture as text (RFC 2397)."""
    return f"data:{MEDIA_TYPE};base64,{b64encode(avatar.data).decode()}"


class ExportView(OwnAccountView):
    """Everything that is kept of my account, as one JSON file; no secrets."""

    members_only = frozenset({"GET", "HEAD"})

    @operation(
        "accounts_export",
        tag="accounts",
        summary="Everything of my account, as one JSON file",
        gives=ExportSerializer,
        errors=[403, 404],
    )
    def get(self, request: Request, username: str) -> Response:
        account = self.own_account(username)
        export, answer = selectors.of_account(account), self.answer
        name = export.names.get

        def deed(who: int, row: object, **more: str) -> dict[str, str | None]:
            return {"username": name(who), **more, "created_at": timestamp(row.created_at)}

        written = [message for message in export.messages if not message.repost_of_id]
        reposts = [message for message in export.messages if message.repost_of_id]
        body = {
            "exported_at": timestamp(timezone.now()),
            "account": answer.account(account),
            "avatar": next(map(data_url, export.avatars), None),
            "messages": [answer.message(message) for message in written],
            "revisions": [
                {"message": str(row.message_id), **answer.revision(row)} for row in export.revisions
            ],
            "reposts": [
                deed(row.repost_of_author_id, row, message=str(row.repost_of_id)) for row in reposts
            ],
            "likes": [
                deed(row.message_author_id, row, message=str(row.message_id))
                for row in export.likes
            ],
            "following": [deed(row.followee_id, row) for row in export.following],
            "followers": [deed(row.follower_id, row) for row in export.followers],
            "blocked": [deed(row.blocked_id, row) for row in export.blocks],
            "muted": [deed(row.muted_id, row) for row in export.mutes],
            "reports": [
                deed(
                    row.message_author_id,
                    row,
                    message=str(row.message_id),
                    text=row.text,
                    reason=row.reason,
                )
                for row in export.reports
            ],
            "notifications": [
                deed(row.actor_id, row, kind=row.kind) for row in export.notifications
            ],
            "tokens": [answer.token(token) for token in export.tokens],
        }
        disposition = f'attachment; filename="twitsite-{account.username}.json"'
        return Response(body, headers={"Content-Disposition": disposition})

    def get_view_name(self) -> str:
        return "Export"
