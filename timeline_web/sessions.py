"""The session cookie: who is signed in, and a message that could not be posted yet."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.middleware.csrf import rotate_token

from .token_encryption import decrypt, encrypt

# Keys of the session. The cookies that exist have them: renaming one signs everybody out.
USERNAME = "username"
TOKEN = "sealed_token"  # noqa: S105 (the name of a key, not a secret)
DRAFT = "draft"
REGISTERED = "registered"
# A cookie holds 4 kB; a draft longer than any message is not worth the risk of losing the cookie.
DRAFT_LENGTH = 280


@dataclass(frozen=True, slots=True)
class Member:
    """A member who is signed in. Only the API knows whether the token is still valid."""

    username: str
    token: str


def current_member(request: HttpRequest) -> Member | None:
    """Return the member that the session names, or None for a visitor."""
    encrypted = request.session.get(TOKEN)
    token = decrypt(encrypted) if encrypted else None
    if token is None:
        return None
    return Member(username=request.session.get(USERNAME, ""), token=token)


def sign_in(request: HttpRequest, *, username: str, token: str) -> None:
    """Start a session with the encrypted token and a new CSRF secret."""
    request.session.cycle_key()
    request.session.pop(REGISTERED, None)
    request.session[USERNAME] = username
    request.session[TOKEN] = encrypt(token)
    rotate_token(request)


def sign_out(request: HttpRequest) -> None:
    """End the session. The caller must have revoked the token in the API before."""
    request.session.flush()
    rotate_token(request)


def remember_registered(request: HttpRequest, username: str) -> None:
    """Keep the name of a new account, for the sign-in form that comes next."""
    request.session[REGISTERED] = username


def registered(request: HttpRequest) -> str:
    """Return the name of the account that was just made here; "" if there is none."""
    username: str = request.session.get(REGISTERED, "")
    return username


def save_draft(request: HttpRequest, text: str) -> None:
    """Keep a message that could not be posted because its author was signed out."""
    if 0 < len(text) <= DRAFT_LENGTH:
        request.session[DRAFT] = text


def pop_draft(request: HttpRequest) -> str:
    """Return the draft and delete it; "" if there is none."""
    draft: str = request.session.pop(DRAFT, "")
    return draft
