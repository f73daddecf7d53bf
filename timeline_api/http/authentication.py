"""Authentication by a Bearer token, HTTP Basic, or a session of the browsable API.

All three give an Account as `request.user`, and its Token, if there is one, as `request.auth`.
Staff users of the admin are not members, and are nobody here.
"""

from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import HTTP_HEADER_ENCODING
from rest_framework.authentication import (
    BaseAuthentication,
    BasicAuthentication,
    SessionAuthentication,
    get_authorization_header,
)
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from ..domain.usernames import is_well_formed
from ..models import Account, Token
from ..services import accounts, tokens
from .client_ip import throttle_identity
from .rate_limits import Limit

# Where the session of the browsable API keeps the id of the member's token, of which nobody can
# make the token.
SESSION_KEY = "member_token_id"

# Argon2 hashes any length; a longer password is an attempt to use up CPU time.
PASSWORD_MAX_LENGTH = 128

INVALID_CREDENTIALS = _("Invalid username or password")


class AccountSuspended(PermissionDenied):
    """403: the member is known, and an operator has suspended the account. `code` says so to
    programs."""

    def __init__(self) -> None:
        text = gettext("This account is suspended.")
        super().__init__({"detail": text, "code": "account_suspended"})


class LoginLimit:
    """The limits of wrong passwords: for one name from one address, and for all names from it. The
    same for every way in: the API, its browsable pages, the admin.

    A context manager around the check of a password. It counts the attempt before the hash, so that
    of guesses made at once no more pass than of guesses made in turn, and takes it back unless
    `wrong` is raised. Raise RateExceeded if too many were wrong.
    """

    def __init__(
        self,
        request: HttpRequest | Request,
        username: str,
        *,
        wrong: type[Exception] = accounts.InvalidCredentials,
    ) -> None:
        address = throttle_identity(request)
        self._wrong = wrong
        self._limits = (
            Limit("login", address, username.casefold()),
            Limit("login_address", address),
        )

    def __enter__(self) -> None:
        for limit in self._limits:
            limit.hit()

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if kind is None or not issubclass(kind, self._wrong):
            for limit in self._limits:
                limit.take_back()


def log_in(request: HttpRequest | Request, *, username: str, password: str) -> Account:
    """Return the account that `username` and `password` name.

    Raise AuthenticationFailed (one text for a wrong name and a wrong password), RateExceeded, or
    AccountSuspended for a suspended account whose password is right.
    """
    try:
        with LoginLimit(request, username):
            if not is_well_formed(username) or len(password) > PASSWORD_MAX_LENGTH:
                raise accounts.InvalidCredentials
            return accounts.authenticate(username=username, password=password)
    except accounts.InvalidCredentials:
        raise AuthenticationFailed(INVALID_CREDENTIALS) from None
    except accounts.AccountSuspended:
        raise AccountSuspended from None


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer TOKEN`."""

    def authenticate(self, request: Request) -> tuple[Account, Token] | None:
        scheme, _, text = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        try:
            token = tokens.authenticate(text=text.strip().decode(HTTP_HEADER_ENCODING))
        except tokens.TokenOfSuspendedAccount:
            raise AccountSuspended from None
        except tokens.InvalidToken:
            raise AuthenticationFailed(gettext("Invalid token.")) from None
        return token.account, token

    def authenticate_header(self, request: Request) -> str:
        # Not Basic: browsers would open their own login window over the page.
        return 'Bearer realm="api"'


class MemberBasicAuthentication(BasicAuthentication):
    """HTTP Basic with a member's username and password. Each request pays for a hash."""

    def authenticate_credentials(
        self, userid: str, password: str, request: Request | None = None
    ) -> tuple[Account, None]:
        assert request is not None
        return log_in(request, username=userid, password=password), None


class MemberSessionAuthentication(SessionAuthentication):
    """The browsable API's login: the session holds a token, and writes need a CSRF token."""

    def authenticate(self, request: Request) -> tuple[Account, Token] | None:
        session = request._request.session
        token_id = session.get(SESSION_KEY)
        if not token_id:
            return None
        try:
            token = tokens.of_session(token_id=token_id)
        except tokens.InvalidToken as error:
            del session[SESSION_KEY]  # revoked elsewhere: a visitor from now on
            if isinstance(error, tokens.TokenOfSuspendedAccount):
                raise AccountSuspended from None  # said once
            return None
        self.enforce_csrf(request)
        return token.account, token
