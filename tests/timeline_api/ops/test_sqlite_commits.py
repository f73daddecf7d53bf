"""What a SQLite file has committed: another value after each commit, and only then."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, transaction

from timeline_api.models import Outbox
from timeline_api.ops import commits
from timeline_api.ops.commits import committed

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


def write(alias="shard0"):
    with connections[alias].cursor() as cursor:
        cursor.execute("UPDATE timeline_api_account SET bio = bio")


@pytest.fixture(autouse=True)
def rows(alice, bob):
    """Rows on shard0 and shard1."""


@pytest.fixture
def in_thread():
    """in_thread(function, *arguments) → what it returns in a thread with connections of its own."""

    def run(function, *arguments):
        def work():
            try:
                return function(*arguments)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(work).result()

    return run


def test_it_stays_the_same_while_one_reads_or_writes_elsewhere():
    before = committed("shard0")
    list(Outbox.objects.using("shard0"))
    write("shard1")
    with transaction.atomic("shard0"):
        list(Outbox.objects.using("shard0"))
    assert committed("shard0") == before


def test_it_stays_the_same_until_another_commits(in_thread):
    before = committed("shard0")
    with transaction.atomic("shard0"):
        write()
        assert in_thread(committed, "shard0") == before
    assert committed("shard0") != before


def test_it_says_the_same_to_all_threads(in_thread):
    assert in_thread(committed, "shard0") == committed("shard0")


def path():
    return connections["shard0"].opened_file[0]


def in_process(code):
    script = f"import sqlite3; c = sqlite3.connect({path()!r}); {code}"
    subprocess.run([sys.executable, "-c", script], check=True, stderr=subprocess.DEVNULL)


def test_it_differs_after_a_commit_of_another_process():
    before = committed("shard0")
    in_process("c.execute('UPDATE timeline_api_account SET bio = bio'); c.commit()")
    assert committed("shard0") not in (before, None)


def test_it_stays_the_same_after_a_rollback():
    before = committed("shard0")
    in_process("c.execute('UPDATE timeline_api_account SET bio = bio'); c.rollback()")
    assert committed("shard0") == before


@pytest.mark.parametrize("mode", ["PASSIVE", "FULL", "RESTART", "TRUNCATE"])
def test_it_differs_after_commits_around_a_checkpoint(mode):
    seen = []
    for _ in range(5):
        write()
        seen.append(committed("shard0"))
        with connections["shard0"].cursor() as cursor:
            cursor.execute(f"PRAGMA wal_checkpoint({mode})")
        write()
        seen.append(committed("shard0"))
    assert len(set(seen)) == 10


def test_it_differs_after_all_have_closed_and_opened_the_file():
    seen = [committed("shard0")]
    for _ in range(5):
        write()
        wal = f"{path()}-wal"
        connections["shard0"].close()
        assert not os.path.exists(wal)
        connections["shard0"].ensure_connection()
        list(Outbox.objects.using("shard0"))
        seen.append(committed("shard0"))
    assert len(set(seen)) == 6


def test_it_leaves_sqlites_locks_alone():
    """A process that closes a file loses its locks on it, SQLite's own included."""
    with transaction.atomic("shard0"):
        write()
        _header_of("shard0")
        with pytest.raises(subprocess.CalledProcessError):
            in_process("c.execute('PRAGMA busy_timeout = 0'); c.execute('BEGIN IMMEDIATE')")


def _header_of(alias):
    return commits._sqlite(connections[alias])


def test_it_says_nothing_of_a_lost_file(settings, tmp_path):
    connections["shard0"].close()
    name = connections["shard0"].settings_dict["NAME"]
    connections["shard0"].settings_dict["NAME"] = f"file:{tmp_path}/none?mode=rw"
    try:
        assert committed("shard0") is None
    finally:
        connections["shard0"].settings_dict["NAME"] = name
