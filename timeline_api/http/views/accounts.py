"""Accounts: registering, profiles, passwords, deleting."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ...models import Account, Token
from ...selectors import accounts as selectors
from ...selectors import messages as message_selectors
from ...services import accounts as services
from ..authentication import LoginLimit, MemberSessionAuthentication
from ..openapi.schema import PAGING, operation
from ..serializers.requests import (
    DeletionSerializer,
    PasswordSerializer,
    ProfileSerializer,
    RegistrationSerializer,
)
from ..serializers.responses import (
    AccountSerializer,
    AccountWithHeadSerializer,
    IssuedTokenSerializer,
    ProfilePageSerializer,
)
from ..throttling import RegistrationThrottle
from . import includes
from .base import ApiView
from .sessions import start_session
from .tokens import IssuingView

NOT_THE_PASSWORD = _("This is not the account's password.")


class OwnAccountView(ApiView):
    """A view of one account, with methods that are its owner's alone."""

    def shows_form_for(self, method: str) -> bool:
        reader = self.viewer.username if self.viewer else ""
        is_owner = reader.casefold() == self.kwargs["username"].casefold()
        return is_owner or method not in self.members_only

    def own_account(self, username: str) -> Account:
        """Return the member's own account. Raise NotFound or PermissionDenied for any other."""
        account = self.account_or_404(username)
        if account.pk != self.member.pk:
            raise PermissionDenied(_("This is not your account."))
        return account

    def account_response(self, account: Account) -> Response:
        """Return the response with an Account, which the browsable API's form starts from."""
        self.form_instance = account
        profile = selectors.profile(account, viewer=self.viewer)
        return Response(self.represent.account(profile))

    def confirmed(self, field: str, action: Callable[[], Any]) -> None:
        """Run `action`, which checks the password given in `field`.

        A wrong one counts as a failed login: a stranger at an open session may not go on guessing.
        """
        try:
            with LoginLimit(self.request, self.member.username):
                action()
        except services.InvalidCredentials:
            raise ValidationError({field: [NOT_THE_PASSWORD]}) from None


class AccountsView(ApiView):
    """Register an account. No login is needed."""

    bodies = {"POST": RegistrationSerializer}
    throttles = {"POST": RegistrationThrottle}

    @operation(
        "accounts_create",
        tag="accounts",
        summary="Register an account",
        request=RegistrationSerializer,
        response=AccountSerializer,
        status=201,
    )
    def post(self, request: Request) -> Response:
        try:
            account = services.register(**self.validated_body())
        except services.UsernameTaken:
            raise ValidationError({"username": [_("The username is already taken")]}) from None
        data = self.represent.account(selectors.profile(account)) | {"email": account.email}
        return Response(data, status.HTTP_201_CREATED, headers={"Location": data["url"]})

    def get_view_name(self) -> str:
        return "Accounts"


class AccountView(OwnAccountView):
    """A member's profile. Its owner may change it, or delete the account with everything of it."""

    bodies = {"PATCH": ProfileSerializer, "DELETE": DeletionSerializer}
    members_only = frozenset({"PATCH", "DELETE"})

    @operation(
        "accounts_retrieve",
        tag="accounts",
        summary="A member's profile",
        response=AccountWithHeadSerializer,
        errors=[404],
        parameters=[includes.parameter()],
    )
    def get(self, request: Request, username: str) -> Response:
        return self.answer(self.account_response(self.account_or_404(username)).data)

    @operation(
        "accounts_update",
        tag="accounts",
        summary="Change my profile",
        request=ProfileSerializer,
        response=AccountSerializer,
        errors=[403, 404],
    )
    def patch(self, request: Request, username: str) -> Response:
        account = self.own_account(username)
        return self.account_response(
            services.update_profile(account=account, **self.validated_body())
        )

    @operation(
        "accounts_delete",
        tag="accounts",
        summary="Delete my account and everything of it",
        request=DeletionSerializer,
        status=204,
        errors=[403, 404],
    )
    def delete(self, request: Request, username: str) -> Response:
        account = self.own_account(username)
        password = self.validated_body()["password"]
        self.confirmed(
            "password", lambda: services.delete_with_password(account=account, password=password)
        )
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_view_name(self) -> str:
        return "Account"


class PasswordView(OwnAccountView, IssuingView):
    """Change my password. My other tokens are revoked; with `renew` this one too, for a new one."""

    bodies = {"POST": PasswordSerializer}
    members_only = frozenset({"POST"})

    @operation(
        "accounts_change_password",
        tag="accounts",
        summary="Change my password, and revoke my other tokens",
        request=PasswordSerializer,
        response=IssuedTokenSerializer,
        errors=[403, 404],
        done=True,
    )
    def post(self, request: Request, username: str) -> Response:
        account = self.own_account(username)
        passwords = self.validated_body()
        renew = passwords.pop("renew")
        in_session = isinstance(request.successful_authenticator, MemberSessionAuthentication)
        token: object = request.auth
        # The cookie of a session, of which somebody may have a copy, leads to a token too.
        keep = token.pk if isinstance(token, Token) and not (renew or in_session) else None
        self.confirmed(
            "old_password",
            lambda: services.change_password(account=account, keep_token_id=keep, **passwords),
        )
        if in_session:
            start_session(request._request, account)
        if not renew:
            return Response(status=status.HTTP_204_NO_CONTENT)
        name = token.name if isinstance(token, Token) else ""
        return self.issued(account, name, status.HTTP_200_OK)

    def get_view_name(self) -> str:
        return "Password"


class AccountMessagesView(ApiView):
    """A member's messages, newest first."""

    @operation(
        "accounts_messages",
        tag="accounts",
        summary="A member's messages, newest first",
        response=ProfilePageSerializer,
        errors=[404],
        parameters=(includes.parameter("account", "pinned"), *PAGING),
    )
    def get(self, request: Request, username: str) -> Response:
        author = self.account_or_404(username)
        return self.page_of_messages(
            partial(message_selectors.of_author, author, viewer=self.viewer),
            account=partial(includes.account, self, author),
            pinned=partial(includes.pinned, self, author),
        )

    def get_view_name(self) -> str:
        return "Messages of an account"
