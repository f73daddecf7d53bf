"""Databases of the version before, whose home entries had ids, become this version's, and back."""

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connections, transaction

from shardrouter import ids, new_id, shard_for
from timeline_api.migrations.clustering import steps, tables
from timeline_api.models import Account, HomeEntry
from timeline_api.ops import faults
from timeline_api.services import messages

from .entries import INSERT_OLD, SELECT, entry

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)

SHARDS = ("shard0", "shard1", "shard2")
BEFORE = "0010"


def migrate(*target):
    call_command("migrate", "timeline_api", *target, verbosity=0)


def query(alias, sql, *parameters):
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def is_clustered(alias):
    """Whether a home is one range of the tree that its rows, or all of their columns, are in."""
    if connections[alias].vendor == "sqlite":
        sql = query(alias, "SELECT sql FROM sqlite_master WHERE name = %s", tables.TABLE)[0][0]
        return sql.rstrip().endswith("WITHOUT ROWID")
    sql = query(alias, "SELECT indexdef FROM pg_indexes WHERE indexname = 'home_entry_key'")[0][0]
    return "(owner_id, message_id) INCLUDE (author_id, original_id, original_author_id)" in sql


def leftovers(alias):
    """What the migration makes and must not leave."""
    names = set(connections[alias].introspection.table_names()) & {tables.NEW, tables.OLD}
    if connections[alias].vendor == "sqlite":
        triggers = query(alias, "SELECT name FROM sqlite_master WHERE name LIKE '%%_repeat_%%'")
    else:
        triggers = query(alias, "SELECT proname FROM pg_proc WHERE proname LIKE '%%_repeat'")
    return names | {name for (name,) in triggers}


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(steps, "FIRST_BATCH", 7)
    monkeypatch.setattr(steps, "SMALLEST_BATCH", 7)
    monkeypatch.setattr(steps, "LARGEST_BATCH", 7)


@pytest.fixture
def old(alice, bob, charlie, small_batches):
    """The databases of the version before, with entries; yields the rows of each shard."""
    migrate(BEFORE)
    rows = {}
    try:
        for account, size in ((alice, 40), (bob, 13), (charlie, 0)):
            rows[shard_for(account)] = [entry(account.pk, number) for number in range(size)]
            with connections[shard_for(account)].cursor() as cursor:
                cursor.executemany(
                    INSERT_OLD, [(new_id(account), *row) for row in rows[shard_for(account)]]
                )
        yield rows
    finally:
        faults.install(None)
        migrate()


def check(rows):
    for alias in SHARDS:
        assert query(alias, SELECT) == rows[alias]
        assert is_clustered(alias)
        assert leftovers(alias) == set()


def test_it_keeps_every_entry(old):
    migrate()
    check(old)


def test_it_goes_on_where_it_was_interrupted(old):
    class Interrupted(Exception):
        pass

    passed = []

    def interrupt(point):
        passed.append(point)
        raise Interrupted

    faults.install(interrupt)
    runs = 0
    while runs < 100:
        runs += 1
        try:
            migrate()
            break
        except Exception as error:
            assert "Interrupted" in str(error)
    # Each batch once: 40 and 13 rows copied and deleted, by seven, with a look for more, and three
    # exchanges.
    assert runs == len(passed) + 1
    assert len(passed) < 30
    check(old)


def test_it_repeats_writes_of_the_version_before(old, alice):
    """As an old process writes while the new version migrates."""
    row = entry(alice.pk, 1000)
    rows = old["shard0"]
    writes = iter(
        [
            lambda: query_none("shard0", INSERT_OLD, new_id(alice), *row),
            lambda: query_none(
                "shard0", f"DELETE FROM {tables.TABLE} WHERE message_id = %s", rows[0][1]
            ),
            lambda: query_none(
                "shard0",
                f"UPDATE {tables.TABLE} SET author_id = 5 WHERE message_id = %s",
                rows[1][1],
            ),
            lambda: query_none(
                "shard0",
                f"UPDATE {tables.TABLE} SET message_id = 5 WHERE message_id = %s",
                rows[2][1],
            ),
        ]
    )
    faults.install(lambda point: next(writes, lambda: None)())
    migrate()
    changed = [(*rows[1][:2], 5, *rows[1][3:]), (rows[2][0], 5, *rows[2][2:])]
    check({**old, "shard0": sorted([*rows[3:], row, *changed], key=lambda each: each[:2])})


def query_none(alias, sql, *parameters):
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, parameters)


def test_it_goes_back_and_forth(old):
    migrate()
    migrate(BEFORE)
    for alias in SHARDS:
        assert query(alias, SELECT) == old[alias]
        found = query(alias, f"SELECT id, owner_id FROM {tables.TABLE}")
        assert all(ids.slot_of(pk) == ids.slot_of(owner) for pk, owner in found)
        assert leftovers(alias) == set()
    migrate()
    check(old)


def test_it_makes_a_table_that_refuses_a_missing_owner_and_follows_its_owner(alice):
    messages.post(author=alice, text="hello")
    with pytest.raises(IntegrityError), transaction.atomic(using="shard0"):
        HomeEntry.objects.create(owner_id=alice.pk + (1 << 45), message_id=1, author_id=1)
    Account.objects.get(pk=alice.pk).delete()
    assert not HomeEntry.objects.scatter().exists()


def test_it_keeps_the_table_in_the_order_of_its_key(alice, post, tmp_path):
    message = post(alice)
    call_command("dumpdata", "timeline_api", output=str(tmp_path / "all.json"), verbosity=0)
    call_command("flush", interactive=False, verbosity=0)
    assert [is_clustered(alias) for alias in SHARDS] == [True] * 3
    call_command("loaddata", str(tmp_path / "all.json"), verbosity=0)
    assert [is_clustered(alias) for alias in SHARDS] == [True] * 3
    assert HomeEntry.objects.get(pk=(alice.pk, message.pk)).author_id == alice.pk


def test_it_makes_batches_as_large_as_their_time_allows():
    pace = steps._Pace()
    pace.adapt(steps.TARGET / 2)
    assert pace.size == 2 * steps.FIRST_BATCH
    for _ in range(20):
        pace.adapt(steps.TARGET * 2)
    assert pace.size == steps.SMALLEST_BATCH
    for _ in range(20):
        pace.adapt(0)
    assert pace.size == steps.LARGEST_BATCH
