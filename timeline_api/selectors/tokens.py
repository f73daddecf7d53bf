"""A member's tokens."""

from datetime import datetime, timedelta
from operator import attrgetter

from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from .. import conf
from ..models import Account, Token
from .pages import Page, newest_first

USED_AT = Coalesce("last_used_at", "created_at")


def _oldest() -> tuple[datetime, datetime]:
    """Return the earliest last use, and the earliest creation, of tokens that have not ended."""
    now = timezone.now()
    idle, total = (timedelta(days=conf.get(name)) for name in ("TOKEN_IDLE_DAYS", "TOKEN_DAYS"))
    return now - idle, now - total


def is_live(token: Token) -> bool:
    """Return whether the token has not ended. No query."""
    used, created = _oldest()
    return token.created_at > created and (token.last_used_at or token.created_at) > used


def latest_used_first(account: Account, *, but: Token) -> QuerySet[Token]:
    """Return the queryset of the account's other tokens, on its shard; ended ones too."""
    return Token.objects.filter(account=account).exclude(pk=but.pk).order_by(USED_AT.desc(), "-pk")


def _live(account: Account) -> QuerySet[Token]:
    used, created = _oldest()
    of_account = Token.objects.filter(account=account, created_at__gt=created)
    return of_account.annotate(used_at=USED_AT).filter(used_at__gt=used)


def of_account(
    account: Account, *, before_id: int | None = None, after_id: int | None = None, limit: int = 30
) -> Page[Token]:
    """Return a page of the live tokens of `account`, newest first. One query on its shard."""
    return newest_first(
        _live(account),
        before_id=before_id,
        after_id=after_id,
        limit=limit,
        position=attrgetter("pk"),
    )


def by_id(account: Account, token_id: int) -> Token:
    """Return that token of the account. One query on its shard. Raise Token.DoesNotExist."""
    return Token.objects.get(account=account, pk=token_id)
