"""The store: MiniTwit's three tables in a SQLite file, and its queries."""

import os
import sqlite3
import threading
import time
from typing import Any

PER_PAGE = 30

TABLES = """
CREATE TABLE user (
    user_id INTEGER PRIMARY KEY, username TEXT NOT NULL, email TEXT NOT NULL, pw_hash TEXT NOT NULL
);
CREATE TABLE follower (who_id INTEGER NOT NULL, whom_id INTEGER NOT NULL);
CREATE TABLE message (
    message_id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL, text TEXT NOT NULL, pub_date INTEGER
);
"""
INDEXES = """
CREATE UNIQUE INDEX user_name ON user (username);
CREATE UNIQUE INDEX follower_once ON follower (who_id, whom_id);
CREATE INDEX message_of_author ON message (author_id, pub_date);
CREATE INDEX message_newest ON message (pub_date);
"""
MESSAGES = """
SELECT message.message_id, message.text, message.pub_date, user.username, user.email
FROM message JOIN user ON user.user_id = message.author_id
"""
# The inner query reads an index alone; only the thirty that are shown are looked up.
HOME = f"""{MESSAGES} WHERE message.message_id IN (
    SELECT message_id FROM message
    WHERE author_id IN (SELECT whom_id FROM follower WHERE who_id = :me UNION ALL SELECT :me)
    ORDER BY pub_date DESC LIMIT {PER_PAGE}
) ORDER BY message.pub_date DESC, message.message_id DESC"""
PUBLIC = f"{MESSAGES} ORDER BY message.pub_date DESC LIMIT {PER_PAGE}"
OF_ONE = f"{MESSAGES} WHERE author_id = ? ORDER BY message.pub_date DESC LIMIT {PER_PAGE}"
FOLLOWS = "SELECT 1 FROM follower WHERE who_id = ? AND whom_id = ?"

Row = dict[str, Any]


class Store:
    """MiniTwit's database; a connection for each thread, which stays open."""

    def __init__(self, path: str = "") -> None:
        self._path = path or os.environ["MINITWIT_DATABASE"]
        self._thread = threading.local()

    def user(self, user_id: int) -> Row | None:
        """Who signed in."""
        return self._one("SELECT * FROM user WHERE user_id = ?", user_id)

    def user_named(self, username: str) -> Row | None:
        """Who wants to sign in, with the hash of the password."""
        return self._one("SELECT * FROM user WHERE username = ?", username)

    def profile(self, username: str, viewer: int | None) -> Row | None:
        """A member, and whether `viewer` follows them."""
        user = self.user_named(username)
        if user is not None:
            user["followed"] = bool(viewer and self._one(FOLLOWS, viewer, user["user_id"]))
        return user

    def home(self, user_id: int) -> list[Row]:
        """The newest messages of a member and of those they follow."""
        return self._rows(HOME, {"me": user_id})

    def public(self) -> list[Row]:
        """The newest messages of everybody."""
        return self._rows(PUBLIC, ())

    def messages_of(self, user_id: int) -> list[Row]:
        """The newest messages of one member."""
        return self._rows(OF_ONE, (user_id,))

    def add_message(self, author_id: int, text: str) -> None:
        """Write a message; it is on the disk when this returns."""
        self._connection.execute(
            "INSERT INTO message (author_id, text, pub_date) VALUES (?, ?, ?)",
            (author_id, text, int(time.time())),
        )

    @property
    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._thread, "connection"):
            self._thread.connection = connect(self._path)
        return self._thread.connection

    def _one(self, sql: str, *values: object) -> Row | None:
        row = self._connection.execute(sql, values).fetchone()
        return dict(row) if row else None

    def _rows(self, sql: str, values: object) -> list[Row]:
        return [dict(row) for row in self._connection.execute(sql, values)]


def connect(path: str) -> sqlite3.Connection:
    """A connection set up as the site's own are."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=20)
    connection.row_factory = sqlite3.Row
    connection.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16000;"
        "PRAGMA mmap_size=268435456; PRAGMA temp_store=MEMORY;"
    )
    return connection
