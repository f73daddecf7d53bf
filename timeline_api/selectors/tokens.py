"""A member's tokens."""

from ..models import Account, Token
from .pages import Page, cut


def of_account(
    account: Account, *, before_id: int | None = None, after_id: int | None = None, limit: int = 30
) -> Page:
    """A page of the live tokens of `account`, newest first. One query on its shard."""
    mine = Token.objects.filter(account=account)
    return cut(mine, before_id=before_id, after_id=after_id, limit=limit)


def by_id(account: Account, token_id: int) -> Token:
    """That token, if it is the account's. One query on its shard. Raises Token.DoesNotExist."""
    return Token.objects.get(account=account, pk=token_id)
