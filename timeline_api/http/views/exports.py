"""Exports: everything of one account in one file."""

from base64 import b64encode
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from ...domain.pictures import MEDIA_TYPE
from ...selectors import exports as selectors
from ...selectors.exports import Action, MessageAction, NotificationRow, ReportRow
from ...selectors.rows import Line, Profile
from ..openapi.schema import operation
from ..representations import Representer, timestamp
from ..serializers.responses import ExportSerializer
from .accounts import OwnAccountView


def data_url(picture: bytes) -> str:
    """Return a picture as a data URL (RFC 2397)."""
    return f"data:{MEDIA_TYPE};base64,{b64encode(picture).decode()}"


def export_body(export: selectors.Export, represent: Representer) -> dict[str, Any]:
    """Return the whole export, as ExportSerializer describes it."""

    def action(
        row: Action | MessageAction | ReportRow | NotificationRow, **more: str | None
    ) -> dict[str, str | None]:
        username = export.usernames.get(row.account_id) if row.account_id else None
        return {"username": username, **more, "created_at": timestamp(row.created_at)}

    return {
        "exported_at": timestamp(timezone.now()),
        "account": represent.account(Profile(export.account)),
        "avatar": data_url(export.picture) if export.picture else None,
        "messages": [represent.message(Line(row)) for row in export.messages],
        "revisions": [
            {"message": str(message_id), **represent.revision(row)}
            for message_id, row in export.revisions
        ],
        "reposts": [action(row, message=str(row.message_id)) for row in export.reposts],
        "likes": [action(row, message=str(row.message_id)) for row in export.likes],
        "following": [action(row) for row in export.following],
        "followers": [action(row) for row in export.followers],
        "blocked": [action(row) for row in export.blocks],
        "muted": [action(row) for row in export.mutes],
        "reports": [
            action(
                row,
                message=str(row.message_id) if row.message_id else None,
                text=row.text,
                reason=row.reason,
            )
            for row in export.reports
        ],
        "notifications": [action(row, kind=row.kind) for row in export.notifications],
        "tokens": [represent.token(token) for token in export.tokens],
    }


class ExportView(OwnAccountView):
    """Everything that is kept of my account, as one JSON file; no secrets."""

    members_only = frozenset({"GET", "HEAD"})

    @operation(
        "accounts_export",
        tag="accounts",
        summary="Everything of my account, as one JSON file",
        response=ExportSerializer,
        errors=[403, 404],
    )
    def get(self, request: Request, username: str) -> Response:
        account = self.own_account(username)
        body = export_body(selectors.of_account(account), self.represent)
        disposition = f'attachment; filename="twitsite-{account.username}.json"'
        return Response(body, headers={"Content-Disposition": disposition})

    def get_view_name(self) -> str:
        return "Export"
