"""Turns: of several transactions that change what lives with one account, one at a time.

SQLite has one writer at a time anyway. On PostgreSQL each would look at what stood before the
other's commit: a follow and the block that forbids it would both stand.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

from shardrouter import atomic_for

from ..models import Account


@contextmanager
def turn(account_id: int) -> Iterator[str]:
    """`atomic_for` the account, when nobody else has a turn with it; gives the shard's alias.

    Who takes turns with several accounts takes them by their ids, the least first, and locks other
    rows after that, so that no two wait for each other.
    """
    with atomic_for(account_id) as alias:
        take(alias, account_id)
        yield alias


def take(alias: str, account_id: int) -> None:
    """Wait for the account's turn, inside a transaction on its shard."""
    if connections[alias].features.has_select_for_update:
        # no_key: rows that name the account can be written meanwhile.
        row = Account.objects.select_for_update(no_key=True).filter(pk=account_id)
        row.values_list("pk").first()
