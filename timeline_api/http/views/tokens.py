"""Tokens: issuing, listing and revoking them."""

from functools import partial
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from ...models import Account, Token
from ...selectors import accounts
from ...selectors import tokens as selectors
from ...services import tokens as services
from ..authentication import log_in
from ..openapi.schema import PAGING, operation
from ..serializers.requests import CredentialsSerializer, NewTokenSerializer
from ..serializers.responses import IssuedTokenSerializer, TokenPageSerializer
from . import includes
from .base import ApiView


class IssuingView(ApiView):
    """A view that answers with a new token."""

    def issued(
        self, account: Account, name: str, status: int = status.HTTP_201_CREATED
    ) -> Response:
        _, text = services.issue(account=account, name=name)
        shown = self.represent.account(accounts.profile(account)) | {"email": account.email}
        return Response({"token": text, "account": shown}, status)


class TokensView(IssuingView):
    """Log in for a token, which is shown once; or list my tokens."""

    bodies = {"POST": CredentialsSerializer}
    members_only = frozenset({"GET", "HEAD"})

    def get_authenticators(self) -> list[BaseAuthentication]:
        # An old token that is sent along with a login is ignored.
        request = self.request
        return [] if request and request.method == "POST" else super().get_authenticators()

    def get_authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'

    @operation(
        "tokens_list",
        tag="tokens",
        summary="My live tokens",
        response=TokenPageSerializer,
        errors=[404],
        parameters=(includes.parameter(), *PAGING),
    )
    def get(self, request: Request) -> Response:
        return self.page(partial(selectors.of_account, self.member), self.represent.token)

    @operation(
        "tokens_create",
        tag="tokens",
        summary="Log in: username and password for a token",
        request=CredentialsSerializer,
        response=IssuedTokenSerializer,
        status=201,
        errors=[403],
    )
    def post(self, request: Request) -> Response:
        body = self.validated_body()
        name = body.pop("name", "")
        account = log_in(request, **body)
        return self.issued(account, name)

    def get_view_name(self) -> str:
        return "Tokens"


class PersonalTokensView(IssuingView):
    """Create a token for a program of mine. It is shown once, and may do what I may."""

    bodies = {"POST": NewTokenSerializer}
    members_only = frozenset({"POST"})

    @operation(
        "tokens_create_personal",
        tag="tokens",
        summary="Create a token for a program of mine",
        request=NewTokenSerializer,
        response=IssuedTokenSerializer,
        status=201,
        errors=[403],
    )
    def post(self, request: Request) -> Response:
        return self.issued(self.member, self.validated_body()["name"])

    def get_view_name(self) -> str:
        return "Personal tokens"


class TokenView(ApiView):
    """Revoke one of my tokens."""

    members_only = frozenset({"DELETE"})

    @operation(
        "tokens_delete",
        tag="tokens",
        summary="Revoke one of my tokens",
        status=204,
        errors=[403, 404],
    )
    def delete(self, request: Request, id: int) -> Response:
        try:
            token = selectors.by_id(self.member, id)
        except Token.DoesNotExist:
            raise NotFound(_("You have no such token.")) from None
        services.revoke(token=token)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_view_name(self) -> str:
        return "Token"


class CurrentTokenView(ApiView):
    """Log out: revoke the token of this request."""

    members_only = frozenset({"DELETE"})

    @operation(
        "tokens_delete_current",
        tag="tokens",
        summary="Log out: revoke the token of this request",
        status=204,
        errors=[403, 404],
    )
    def delete(self, request: Request, **kwargs: Any) -> Response:
        token: object = request.auth
        if not isinstance(token, Token):
            raise NotFound(_("This request was not made with a token."))
        services.revoke(token=token)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_view_name(self) -> str:
        return "The token of this request"
