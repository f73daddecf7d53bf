"""Account locks: transactions that decide by an account's rows, and change them, run one at a time.

SQLite has one writer at a time anyway. On PostgreSQL two transactions would each read the state
before the other's commit: a follow, and the block that forbids it, would both be stored.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

from shardrouter import atomic_for

from ..models import Account


@contextmanager
def account_lock(account_id: int) -> Iterator[str]:
    """Open a transaction on the account's shard and lock the account. Yield the shard's alias.

    Lock several accounts in ascending order of their ids, and other rows after them: otherwise two
    transactions could wait for each other.
    """
    with atomic_for(account_id) as alias:
        lock_account(alias, account_id)
        yield alias


def lock_account(alias: str, account_id: int) -> None:
    """Lock the account, inside a transaction on its shard; wait while another holds the lock."""
    if connections[alias].features.has_select_for_update:
        # no_key: other transactions may still write rows that refer to the account.
        row = Account.objects.select_for_update(no_key=True).filter(pk=account_id)
        row.values_list("pk").first()
