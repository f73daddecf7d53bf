"""A migration that is killed again and again, while the version before goes on writing."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from random import Random

import pytest

from shardrouter import ids
from tests.timeline_api.migrations.entries import DELETE, INSERT_OLD, SELECT, entry

pytestmark = pytest.mark.long

SLOT_OF_SHARD = {"shard0": 0, "shard1": 1, "shard2": 2}
# Dies at the nth batch; nobody can catch it.
MIGRATE = """
import os, signal, sys, django
django.setup()
from django.core.management import call_command
from timeline_api.migrations.clustering import steps
from timeline_api.ops import faults

steps.FIRST_BATCH = steps.SMALLEST_BATCH = steps.LARGEST_BATCH = 150
left = int(sys.argv[1])

def die(point):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

faults.install(die)
call_command("migrate", verbosity=0)
"""


class Installation:
    """The databases of the version before, in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "twitsite.settings.test",
            "VAR_DIR": str(folder),
            "SQLITE_SYNCHRONOUS": "OFF",
        }
        for target in ((), ("timeline_api", "0010")):
            done = self.run("manage.py", "migrate", *target, "--verbosity=0")
            assert done.returncode == 0, done.stderr

    def run(self, *command):
        return subprocess.run(
            [sys.executable, "-W", "ignore", *command],
            env=self.environment,
            capture_output=True,
            text=True,
        )

    def connect(self, alias):
        connection = sqlite3.connect(
            self.folder / f"{alias}.sqlite3", timeout=10, isolation_level=None
        )
        connection.execute("PRAGMA synchronous = OFF")
        return connection


class OldProcess(threading.Thread):
    """Writes as the version before did, until its table is gone; `rows` are what it has
    written."""

    def __init__(self, installation, alias, owner):
        super().__init__()
        self.installation, self.alias, self.owner = installation, alias, owner
        self.rows, self.error, self.slowest = {}, None, 0

    def run(self):
        random = Random(1)
        with closing(self.installation.connect(self.alias)) as connection:
            number = 0
            while self.error is None:
                number += 1
                began = time.perf_counter()
                try:
                    self._write(connection, random, number)
                except sqlite3.OperationalError as error:
                    self.error = str(error)
                self.slowest = max(self.slowest, time.perf_counter() - began)
                time.sleep(0.001)

    def _write(self, connection, random, number):
        if self.rows and random.random() < 0.4:
            key = random.choice(list(self.rows))
            connection.execute(DELETE.replace("%s", "?"), key)
            del self.rows[key]
        row = entry(self.owner, random.randrange(10**9))
        pk = ids.compose(ids.EPOCH_MS + 10**9 + number, ids.slot_of(self.owner))
        connection.execute(INSERT_OLD.replace("%s", "?"), (pk, *row))
        self.rows[row[:2]] = row


@pytest.fixture
def installation(tmp_path):
    return Installation(tmp_path)


def fill(installation, alias, size):
    """Insert an account and `size` entries; return the entries."""
    owner = ids.compose(ids.EPOCH_MS + 10**8, SLOT_OF_SHARD[alias])
    rows = [entry(owner, 10**9 + number) for number in range(size)]
    with closing(installation.connect(alias)) as connection:
        connection.execute(
            "INSERT INTO timeline_api_account (id, username, display_name, bio, email, password,"
            " created_at, message_count, follower_count, following_count, avatar_version,"
            " is_suspended, home_floor, celebrity_version, celebrity_version_delivered) VALUES"
            " (?, 'alice', '', '', '', '!', '2026-01-01', 0, 0, 0, '', 0, 0, 0, 0)",
            (owner,),
        )
        connection.execute("BEGIN")
        connection.executemany(
            INSERT_OLD.replace("%s", "?"),
            [
                (ids.compose(ids.EPOCH_MS + number, ids.slot_of(owner)), *row)
                for number, row in enumerate(rows)
            ],
        )
        connection.execute("COMMIT")
    return owner, rows


def test_it_loses_no_entry_when_it_is_killed_at_every_other_batch(installation):
    owner, rows = fill(installation, "shard1", 1_500)
    process = OldProcess(installation, "shard1", owner)
    process.start()
    kills = 0
    while (migrating := installation.run("-c", MIGRATE, "3")).returncode == -signal.SIGKILL:
        kills += 1
        assert kills < 40
    assert migrating.returncode == 0, migrating.stderr
    process.join(10)
    assert "no column named id" in process.error
    assert kills > 3
    expected = sorted([*rows, *process.rows.values()], key=lambda row: row[:2])
    assert len(process.rows) > 50
    with closing(installation.connect("shard1")) as connection:
        assert connection.execute(SELECT).fetchall() == expected
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        names = connection.execute(
            "SELECT name FROM sqlite_master"
            " WHERE name LIKE '%homeentry%' OR name LIKE 'home_entry%'"
        )
        assert sorted(name for (name,) in names) == [
            "home_entry_of_repost",
            "timeline_api_homeentry",
        ]


def test_it_keeps_others_from_writing_for_milliseconds_only(installation):
    owner, rows = fill(installation, "shard1", 60_000)
    process = OldProcess(installation, "shard1", owner)
    process.start()
    migrating = installation.run("manage.py", "migrate", "--verbosity=0")
    assert migrating.returncode == 0, migrating.stderr
    process.join(10)
    assert "no column named id" in process.error
    # Some batches of milliseconds in a row, on a busy machine; one transaction would take seconds.
    assert process.slowest < 0.25
    with closing(installation.connect("shard1")) as connection:
        found = connection.execute("SELECT count(*) FROM timeline_api_homeentry").fetchone()
    assert found == (len(rows) + len(process.rows),)
