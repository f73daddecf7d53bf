"""Who is signed in: the member in the session cookie, and how one becomes and ceases to be one."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.middleware.csrf import rotate_token

from .sealing import seal, unseal

USERNAME = "username"
TOKEN = "sealed_token"  # noqa: S105 (the name of a key, not a secret)
DRAFT = "draft"
# A cookie holds 4 kB; a draft longer than any message is not worth the risk of losing the cookie.
DRAFT_LENGTH = 280


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who signed in; whether the token still stands only the API can tell."""

    username: str
    token: str


def current(request: HttpRequest) -> Member | None:
    """The member that the session names, or None for a visitor."""
    sealed = request.session.get(TOKEN)
    token = unseal(sealed) if sealed else None
    if token is None:
        return None
    return Member(username=request.session.get(USERNAME, ""), token=token)


def begin(request: HttpRequest, *, username: str, token: str) -> None:
    """Sign `username` in: a session cookie with the sealed token, and a fresh CSRF secret."""
    request.session.cycle_key()
    request.session[USERNAME] = username
    request.session[TOKEN] = seal(token)
    rotate_token(request)


def end(request: HttpRequest) -> None:
    """Forget the member. Revoking the token in the API is the caller's to do first."""
    request.session.flush()
    rotate_token(request)


def keep_draft(request: HttpRequest, text: str) -> None:
    """Remember a message that could not be posted because its writer was signed out."""
    if 0 < len(text) <= DRAFT_LENGTH:
        request.session[DRAFT] = text


def take_draft(request: HttpRequest) -> str:
    """The remembered message, once; "" when there is none."""
    return request.session.pop(DRAFT, "")
