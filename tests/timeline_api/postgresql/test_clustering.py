"""The home entries move to their new table while a process of the version before writes."""

import threading
from random import Random

import pytest
from django.core.management import call_command
from django.db import ProgrammingError, connections, transaction

from shardrouter import new_id
from tests.timeline_api.migrations.entries import DELETE, INSERT_OLD, SELECT, entry
from timeline_api.migrations.clustering import steps

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)


class OldProcess(threading.Thread):
    """Writes in transactions that last, and may be rolled back, until its table is gone."""

    def __init__(self, owner, rows, seed):
        super().__init__()
        self.owner, self.rows, self.random = owner, rows, Random(seed)
        self.written, self.error = 0, None

    def run(self):
        try:
            while True:
                self._transact()
        except ProgrammingError as error:
            self.error = str(error)
        finally:
            connections.close_all()

    def _transact(self):
        """Delete some entries and insert others; every third time, think better of it."""
        rows = dict(self.rows)
        with transaction.atomic(using="shard0"), connections["shard0"].cursor() as cursor:
            for key in self.random.sample(sorted(rows), 5):
                cursor.execute(DELETE, key)
                del rows[key]
            for _ in range(5):
                row = entry(self.owner.pk, self.random.randrange(10**12))
                cursor.execute(INSERT_OLD, (new_id(self.owner), *row))
                rows[row[:2]] = row
            if self.random.random() < 0.3:
                transaction.set_rollback(True, using="shard0")
                return
        self.rows = rows
        self.written += 1


def test_it_loses_no_write_of_two_old_processes(on_shard, monkeypatch):
    monkeypatch.setattr(steps, "LARGEST_BATCH", 50)
    call_command("migrate", "timeline_api", "0010", verbosity=0)
    processes = []
    try:
        for number, owner in enumerate((on_shard("alice", "shard0"), on_shard("dana", "shard0"))):
            rows = [entry(owner.pk, 10**12 + each) for each in range(3_000)]
            with connections["shard0"].cursor() as cursor:
                cursor.executemany(INSERT_OLD, [(new_id(owner), *row) for row in rows])
            processes.append(OldProcess(owner, {row[:2]: row for row in rows}, number))
        for process in processes:
            process.start()
    finally:
        call_command("migrate", verbosity=0)
        for process in processes:
            process.join(30)
    expected = sorted(row for process in processes for row in process.rows.values())
    with connections["shard0"].cursor() as cursor:
        cursor.execute(SELECT)
        assert sorted(cursor.fetchall()) == expected
    for process in processes:
        assert 'column "id"' in process.error
        assert process.written > 20
