"""A forum in databases of its own: commands in processes of theirs, and rows by plain SQL.

On SQLite, or on PostgreSQL if `python -m tests.postgresql` runs this.
"""

import os
import sqlite3
import subprocess
import sys
import uuid
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.rows import dict_row

ROOT = Path(__file__).resolve().parents[2]
SHARDS = ["shard0", "shard1", "shard2"]
ON_POSTGRESQL = "PGHOST" in os.environ


class Forum:
    """Its databases are files in a folder below `parent`, or databases named after that folder.

    On PostgreSQL, those `on_sqlite` are files too.
    """

    def __init__(self, parent, on_sqlite=()):
        self.on_sqlite = on_sqlite if ON_POSTGRESQL else ["default", *SHARDS]
        self.folder = parent / f"forum_{uuid.uuid4().hex[:8]}"
        self.folder.mkdir()
        on_postgresql = {"default", *SHARDS}.difference(self.on_sqlite)
        if on_postgresql:
            with psycopg.connect(dbname="postgres", autocommit=True) as connection:
                for alias in on_postgresql:
                    connection.execute(f"CREATE DATABASE {self.folder.name}_{alias}")

    def start(self, age, *command):
        """Start a command of the project of `age`, "before" or "after"."""
        settings = f"tests.adoption.settings_{age}"
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env={
                **os.environ,
                "VAR_DIR": str(self.folder),
                "DJANGO_SETTINGS_MODULE": settings,
                "ON_SQLITE": " ".join(self.on_sqlite),
                "PYTHONUNBUFFERED": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, age, *command, fails=False):
        """Return what the command writes: to its errors, if it `fails`."""
        process = self.start(age, *command)
        out, errors = process.communicate()
        assert (process.returncode != 0) == fails, out + errors
        return errors if fails else out

    def manage(self, *command, fails=False):
        return self.run("after", "django", *command, fails=fails)

    def grow(self, rows):
        """Make the forum of before, with rows."""
        self.run("before", "django", "migrate", "--verbosity", "0")
        self.run("before", "tests.adoption.filling", str(rows))

    @contextmanager
    def connect(self, alias):
        if alias not in self.on_sqlite:
            name = f"{self.folder.name}_{alias}"
            with psycopg.connect(dbname=name, autocommit=True, row_factory=dict_row) as connection:
                yield connection
            return
        path = self.folder / f"{alias}.sqlite3"
        connection = sqlite3.connect(path, isolation_level=None)
        connection.row_factory = lambda cursor, row: {
            column[0]: value for column, value in zip(cursor.description, row, strict=True)
        }
        try:
            yield connection
        finally:
            connection.close()

    def sql(self, alias, statement):
        with self.connect(alias) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def rows(self, alias, table):
        return self.sql(alias, f'SELECT * FROM "{table}"')

    def tables(self, alias):
        if ON_POSTGRESQL:
            found = self.sql(alias, "SELECT tablename AS name FROM pg_tables")
        else:
            found = self.sql(alias, "SELECT name FROM sqlite_master WHERE type = 'table'")
        return {row["name"] for row in found}

    def on_shards(self, table):
        """Return the rows of all shards, each with its shard as `alias`."""
        return [{**row, "alias": alias} for alias in SHARDS for row in self.rows(alias, table)]


#: Each sharded table, and whose ids its columns hold.
KEYS = {
    "forum_member": {"id": "forum.member"},
    "forum_profile": {"id": "forum.profile", "member_id": "forum.member"},
    "forum_label": {"id": "forum.label", "member_id": "forum.member"},
    "forum_topic": {"id": "forum.topic", "member_id": "forum.member", "pinned_id": "forum.post"},
    "forum_topic_labels": {"topic_id": "forum.topic", "label_id": "forum.label"},
    "forum_topic_readers": {"topic_id": "forum.topic"},
    "forum posts": {
        "id": "forum.post",
        "topic_id": "forum.topic",
        "author_id": "forum.member",
        "parent_id": "forum.post",
        "quoted_id": "forum.post",
    },
    "forum_announcement": {"post_ptr_id": "forum.post"},
    "forum_vote": {"id": "forum.vote", "post_id": "forum.post", "member_id": "forum.member"},
    "forum_follow": {
        "id": "forum.follow",
        "follower_id": "forum.member",
        "followee_id": "forum.member",
    },
}
#: The same of global tables.
GLOBAL_KEYS = {
    "forum_badge": {"member_id": "forum.member", "post_id": "forum.post"},
    "forum_badge_shared_with": {"member_id": "forum.member"},
}
#: Tables whose rows are in no global database once their models are sharded.
PLACES = {table: next(iter(columns)) for table, columns in KEYS.items()}


def rewritten(rows, columns, new_ids):
    """Return `rows` with the new ids in `columns`, in the order of their text."""
    made = [
        {
            name: new_ids[columns[name], str(value)]
            if name in columns and value is not None
            else value
            for name, value in row.items()
        }
        for row in rows
    ]
    return in_order(made)


def in_order(rows):
    return sorted((dict(sorted(row.items())) for row in rows), key=repr)
