"""A project on SQLite comes to shards on PostgreSQL, and the other way round."""

import datetime
import decimal
import json

import pytest

from tests.adoption.forum import KEYS, SHARDS, Forum, in_order, rewritten

JSON = {"options", "data"}


def plain(name, value, on_sqlite):
    """Return a value in a form that both databases have."""
    if name in JSON and on_sqlite and value is not None:
        value = json.loads(value)
    if isinstance(value, dict):
        return dict(sorted(value.items()))
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, datetime.date):
        return str(value)
    return float(value) if isinstance(value, decimal.Decimal | int) and name == "score" else value


def plainly(rows, on_sqlite):
    return [
        {name: plain(name, value, on_sqlite) for name, value in row.items() if name != "alias"}
        for row in rows
    ]


@pytest.mark.parametrize("on_sqlite", [["default"], SHARDS], ids=["to", "from"])
def test_it_translates_each_value(tmp_path, on_sqlite):
    forum = Forum(tmp_path, on_sqlite)
    forum.grow(300)
    old = {table: forum.rows("default", table) for table in KEYS}
    forum.manage("migrate", "--verbosity", "0")
    forum.manage("shards", "adopt")
    listed = forum.rows("default", "shardrouter_adoptedid")
    new_ids = {(row["model"], row["old_id"]): row["new_id"] for row in listed}
    for table, keys in KEYS.items():
        found = in_order(plainly(forum.on_shards(table), on_sqlite == SHARDS))
        assert found == rewritten(plainly(old[table], on_sqlite != SHARDS), keys, new_ids)
