"""Tokens: what a member shows instead of the password. The text is `<id>.<secret>`: the id leads
to the row by its primary key, on the account's shard; only the secret's SHA-256 is stored."""

import hashlib
import secrets
from contextlib import suppress
from datetime import timedelta

from django.db import DatabaseError
from django.utils import timezone

from shardrouter import atomic_for
from shardrouter.ids import MAX_ID

from ..models import Account, Token

SECRET_BYTES = 32
# A write for each request would cost more than the request.
LAST_USED_EVERY = timedelta(hours=1)


class InvalidToken(Exception):
    """A text that is no token, or a token that has ended."""


def issue(*, account: Account, name: str = "") -> tuple[Token, str]:
    """A new token of `account`, and its text, which is never to be had again."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    token = Token.objects.create(
        account=account, digest=_digest(secret), name=name, created_at=timezone.now()
    )
    return token, f"{token.pk}.{secret}"


def authenticate(*, text: str) -> Token:
    """The live token with this text, its account loaded with it. Raises InvalidToken.

    One query on one shard.
    """
    number, _, secret = text.partition(".")
    if not (number.isascii() and number.isdigit()) or len(number) > 19 or int(number) > MAX_ID:
        raise InvalidToken
    token = Token.objects.select_related("account").filter(pk=int(number)).first()
    if token is None or not secrets.compare_digest(token.digest, _digest(secret)):
        raise InvalidToken
    if token.account.is_suspended:
        raise InvalidToken
    _note_use(token)
    return token


def revoke(*, token: Token) -> None:
    """End this token; twice is the same as once."""
    Token.objects.filter(pk=token.pk).delete()


def revoke_all(*, account: Account, keep: Token | None = None) -> None:
    """End every token of `account`, but for `keep`."""
    with atomic_for(account):
        Token.objects.filter(account=account).exclude(pk=keep.pk if keep else 0).delete()


def _digest(secret: str) -> str:
    # A fast hash will do: the secret has 256 random bits, which nobody can guess.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _note_use(token: Token) -> None:
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > LAST_USED_EVERY:
        # A note, not a part of the request: a shard that is busy writing must not fail a read.
        with suppress(DatabaseError):
            Token.objects.filter(pk=token.pk).update(last_used_at=now)
