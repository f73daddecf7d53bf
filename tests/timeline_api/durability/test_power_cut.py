"""A power cut: what was acknowledged is there afterwards, unless SQLITE_SYNCHRONOUS trades that for
speed, and the files are intact."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from tests.stack import ROOT

FILES = ["default", "shard0", "shard1", "shard2"]


@pytest.fixture
def survive(tmp_path):
    """survive(synchronous) → the ids of the acknowledged messages, and the After."""

    def survive(synchronous):
        folder, kept = tmp_path / "var", tmp_path / "kept"
        folder.mkdir(), kept.mkdir()
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "twitsite.settings.api",
            "SECRET_KEY": "x",
            "ENV_FILE": os.devnull,
            "SQLITE_SYNCHRONOUS": synchronous,
        }
        command = [sys.executable, "-m", "tests.timeline_api.durability.life", folder, kept]
        life = subprocess.run(
            command,
            cwd=ROOT,
            env=environment | {"VAR_DIR": str(folder)},
            capture_output=True,
            text=True,
        )
        assert life.returncode == -signal.SIGKILL, life.stderr
        return json.loads(life.stdout), After(kept, environment | {"VAR_DIR": str(kept)})

    return survive


class After:
    """The machine after the power cut: its files, and commands that run on them."""

    def __init__(self, folder, environment):
        self.folder, self.environment = folder, environment

    def rows(self, alias, sql):
        """Return the rows; none if not even the tables had reached the disk."""
        with closing(sqlite3.connect(self.folder / f"{alias}.sqlite3")) as connection:
            try:
                return [value for (value,) in connection.execute(sql)]
            except sqlite3.DatabaseError:
                return []

    def messages(self):
        sql = "SELECT id FROM timeline_api_message"
        return sorted(pk for alias in FILES[1:] for pk in self.rows(alias, sql))

    def manage(self, *arguments):
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout


def test_it_keeps_what_was_acknowledged(survive):
    acknowledged, after = survive("FULL")
    assert after.messages() == sorted(acknowledged)
    assert [after.rows(alias, "PRAGMA integrity_check") for alias in FILES] == [["ok"]] * 4
    after.manage("relay", "--drain")
    assert "0 differed" in after.manage("timelines", "check")
    assert "0 differ." in after.manage("counters", "check")


def test_it_loses_the_last_moments_alone_with_normal(survive):
    acknowledged, after = survive("NORMAL")
    assert set(after.messages()) < set(acknowledged)
    assert [after.rows(alias, "PRAGMA integrity_check") for alias in FILES] == [["ok"]] * 4


def test_it_notices_when_nothing_is_synced(survive):
    acknowledged, after = survive("OFF")
    assert after.messages() != sorted(acknowledged)
