"""Reports of accounts. Those of messages are with the messages."""

from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ...services import reports as services
from ..openapi.schema import operation
from ..serializers.requests import ReportSerializer
from .base import ApiView


class AccountReportView(ApiView):
    """Tell the operators what is wrong with an account."""

    bodies = {"POST": ReportSerializer}
    members_only = frozenset({"POST"})

    @operation(
        "accounts_report",
        tag="accounts",
        summary="Tell the operators what is wrong with an account",
        request=ReportSerializer,
        status=204,
        errors=[403, 404],
    )
    def post(self, request: Request, username: str) -> Response:
        reported = self.account_or_404(username)
        reason = self.validated_body()["reason"]
        try:
            services.report_account(account=self.member, reported=reported, reason=reason)
        except services.CannotReportSelf:
            raise ValidationError({"detail": _("You cannot report yourself.")}) from None
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_view_name(self) -> str:
        return "Report an account"
