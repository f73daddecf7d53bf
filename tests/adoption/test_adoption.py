"""`shards adopt`: a grown project comes to the shards with every row, each compared by plain SQL.

ADOPTED_ROWS=100000 makes it as large; the default is enough to have every kind of row in several
batches.
"""

import os

import pytest

from shardrouter.ids import slot_of
from tests.adoption.forum import GLOBAL_KEYS, KEYS, SHARDS, Forum, in_order, rewritten

pytestmark = pytest.mark.timeout(1800)

ROWS = int(os.environ.get("ADOPTED_ROWS", "2000"))


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """The forum on one database, before anything was done to it; and its rows."""
    forum = Forum(tmp_path_factory.mktemp("adoption"))
    forum.grow(ROWS)
    tables = [*KEYS, *GLOBAL_KEYS, "auth_user", "forum_section", "django_admin_log"]
    return forum, {table: forum.rows("default", table) for table in tables}


@pytest.fixture(scope="module")
def adopted(original):
    forum, rows = original
    forum.manage("migrate", "--verbosity", "0")
    said = forum.manage("shards", "adopt", "--batch-size", str(max(150, ROWS // 50)))
    return forum, rows, said


@pytest.fixture(scope="module")
def new_ids(adopted):
    forum, _, _ = adopted
    listed = forum.rows("default", "shardrouter_adoptedid")
    return {(row["model"], row["old_id"]): row["new_id"] for row in listed}


def test_it_has_rows_of_every_kind(original):
    _, rows = original
    assert sum(len(rows[table]) for table in KEYS) >= ROWS * 0.9
    assert all(rows.values())
    posts = rows["forum posts"]
    assert {None} < {post["parent_id"] for post in posts}
    assert any(post["parent_id"] > post["id"] for post in posts if post["parent_id"])


@pytest.mark.parametrize("table", KEYS)
def test_it_copies_each_row_as_it_was(adopted, new_ids, table):
    forum, old, _ = adopted
    found = [
        {name: value for name, value in row.items() if name != "alias"}
        for row in forum.on_shards(table)
    ]
    assert in_order(found) == rewritten(old[table], KEYS[table], new_ids)


@pytest.mark.parametrize("table", KEYS)
def test_it_copies_each_row_to_its_owners_shard(adopted, table):
    forum, _, _ = adopted
    column = next(iter(KEYS[table]))
    where = {row["alias"] for row in forum.on_shards(table)}
    assert where == set(SHARDS)
    for row in forum.on_shards(table):
        assert row["alias"] == SHARDS[slot_of(row[column]) % 3]


def test_it_keeps_the_order_of_ids(adopted, new_ids):
    for label in {label for label, _ in new_ids} - {"forum.label"}:  # those were UUIDs
        olds = sorted(int(old) for name, old in new_ids if name == label)
        news = [new_ids[label, str(old)] for old in olds]
        assert news == sorted(news)


@pytest.mark.parametrize("table", GLOBAL_KEYS)
def test_it_rewrites_the_keys_of_global_models(adopted, new_ids, table):
    forum, old, _ = adopted
    expected = rewritten(old[table], GLOBAL_KEYS[table], new_ids)
    assert in_order(forum.rows("default", table)) == expected


def test_it_rewrites_what_the_admin_has_logged(adopted, new_ids):
    forum, old, _ = adopted
    of_post, of_user = old["django_admin_log"]
    found = {row["id"]: row["object_id"] for row in forum.rows("default", "django_admin_log")}
    assert found[of_post["id"]] == str(new_ids["forum.post", of_post["object_id"]])
    assert found[of_user["id"]] == of_user["object_id"]


def test_it_leaves_other_global_rows_and_the_old_tables_alone(adopted):
    forum, old, _ = adopted
    for table in ("auth_user", "forum_section", *KEYS):
        assert in_order(forum.rows("default", table)) == in_order(old[table])


def test_it_reports_what_it_compared_and_what_comes_next(adopted):
    _, old, said = adopted
    assert f"forum.Post: {len(old['forum posts'])} rows, checksum " in said
    assert f"forum.Post: ids: {len(old['forum posts'])}\n" in said
    assert "shards adopt --drop-old-tables" in said


def test_it_does_nothing_when_it_is_run_again(adopted):
    forum, _, _ = adopted
    before = {table: forum.on_shards(table) for table in KEYS}
    assert "nothing to do" in forum.manage("shards", "adopt")
    assert {table: forum.on_shards(table) for table in KEYS} == before


def test_its_rows_are_the_projects(adopted, new_ids):
    forum, _, _ = adopted
    forum.manage("shards", "check", "--rows")
    written = forum.run("after", "tests.adoption.using")
    assert written.splitlines()[-1] == "used"


def test_it_drops_the_old_tables_when_it_is_told_to(adopted):
    forum, old, _ = adopted
    assert set(KEYS) <= forum.tables("default")
    assert "Dropped forum posts." in forum.manage(
        "shards", "adopt", "--drop-old-tables", "--no-input"
    )
    assert not set(KEYS) & forum.tables("default")
    assert len(forum.rows("default", "forum_badge")) == len(old["forum_badge"])
    forum.manage("migrate", "--verbosity", "0")
    forum.manage("flush", "--no-input", "--verbosity", "0")
