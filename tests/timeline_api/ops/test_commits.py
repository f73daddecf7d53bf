"""What a database has committed, as a value: it differs after each commit."""

import pytest
from django.db import connections, transaction

from timeline_api.ops.commits import committed

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


def write(alias="shard0"):
    with connections[alias].cursor() as cursor:
        cursor.execute("UPDATE timeline_api_account SET bio = bio")


@pytest.fixture(autouse=True)
def connected(alice, bob):
    """Rows on shard0 and shard1, and an open connection to each."""
    for alias in ("shard0", "shard1"):
        connections[alias].ensure_connection()


def test_it_differs_after_each_commit_of_this_database():
    seen = []
    for _ in range(20):
        write()
        seen.append(committed("shard0"))
    assert None not in seen
    assert len(set(seen)) == 20


def test_it_says_nothing_inside_a_transaction():
    with transaction.atomic("shard0"):
        assert committed("shard0") is None
