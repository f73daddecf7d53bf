"""Tokens: what a client sends instead of the password.

The text of a token is `<id>.<secret>`. The id finds the row, by its primary key, on the account's
shard. Only the secret's SHA-256 is stored. A token ends when it was not used for TOKEN_IDLE_DAYS,
and after TOKEN_DAYS in any case.
"""

import hashlib
import secrets
from contextlib import suppress
from datetime import timedelta

from django.db import DatabaseError
from django.db.models import QuerySet
from django.utils import timezone

from shardrouter import atomic_for
from shardrouter.ids import MAX_ID
from shardrouter.prepared import prepared

from .. import conf
from ..models import Account, Token
from ..selectors import tokens as selectors

SECRET_BYTES = 32
# To write it with each request would cost more than the request.
LAST_USED_EVERY = timedelta(hours=1)


class InvalidToken(Exception):
    """The text is no token, or the token was revoked or has ended, or its account is suspended."""


class TokenOfSuspendedAccount(InvalidToken):
    """The token will not do while its account is suspended."""


def issue(*, account: Account, name: str = "") -> tuple[Token, str]:
    """Create a token. Return it and its text, which cannot be recovered later.

    Beyond TOKENS, revoke those of the account that were not used for longest.
    """
    secret = secrets.token_urlsafe(SECRET_BYTES)
    with atomic_for(account):
        token = Token.objects.create(
            account=account, digest=_digest(secret), name=name, created_at=timezone.now()
        )
        for old in selectors.latest_used_first(account, but=token)[conf.get("TOKENS") - 1 :]:
            revoke(token=old)
    return token, f"{token.pk}.{secret}"


def authenticate(*, text: str) -> Token:
    """Return the token with this text, its account loaded. Raise InvalidToken, or
    TokenOfSuspendedAccount.

    One query on one shard; once an hour a second one, which stores the time of use.
    """
    number, _, secret = text.partition(".")
    if not (number.isascii() and number.isdigit()) or len(number) > 19 or int(number) > MAX_ID:
        raise InvalidToken
    token = _by_id_or_invalid(int(number))
    if not secrets.compare_digest(token.digest, _digest(secret)):
        raise InvalidToken
    return _used(token)


def of_session(*, token_id: int) -> Token:
    """Return the token of this id, for a session on the server, which holds no secret; otherwise as
    `authenticate`."""
    return _used(_by_id_or_invalid(token_id))


def _by_id_or_invalid(token_id: int) -> Token:
    token = next(iter(_by_id(token_id)), None)
    if token is None or not selectors.is_live(token):
        raise InvalidToken
    return token


def _used(token: Token) -> Token:
    if token.account.is_suspended:
        raise TokenOfSuspendedAccount
    _store_use(token)
    return token


@prepared
def _by_id(token_id: int) -> QuerySet[Token]:
    return Token.objects.select_related("account").filter(pk=token_id)


def revoke(*, token: Token) -> None:
    """Revoke a token: delete it. Idempotent."""
    Token.objects.filter(pk=token.pk).delete()


def revoke_all(*, account: Account, keep: Token | None = None) -> None:
    """Revoke all tokens of `account` except `keep`. Idempotent."""
    with atomic_for(account):
        Token.objects.filter(account=account).exclude(pk=keep.pk if keep else 0).delete()


def _digest(secret: str) -> str:
    # A fast hash is enough: nobody can guess 256 random bits.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _store_use(token: Token) -> None:
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > LAST_USED_EVERY:
        # The request does not depend on it: a shard that cannot write must not fail a read.
        with suppress(DatabaseError):
            Token.objects.filter(pk=token.pk).update(last_used_at=now)
