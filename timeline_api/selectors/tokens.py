"""A member's tokens."""

from operator import attrgetter

from ..models import Account, Token
from .pages import Page, newest_first


def of_account(
    account: Account, *, before_id: int | None = None, after_id: int | None = None, limit: int = 30
) -> Page[Token]:
    """Return a page of the live tokens of `account`, newest first. One query on its shard."""
    return newest_first(
        Token.objects.filter(account=account),
        before_id=before_id,
        after_id=after_id,
        limit=limit,
        position=attrgetter("pk"),
    )


def by_id(account: Account, token_id: int) -> Token:
    """Return that token of the account. One query on its shard. Raise Token.DoesNotExist."""
    return Token.objects.get(account=account, pk=token_id)
