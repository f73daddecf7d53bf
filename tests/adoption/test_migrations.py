"""Migrations that were written before a model was sharded: they apply to shards, and keep rows."""

import pytest

from tests.adoption.forum import KEYS, ON_POSTGRESQL, SHARDS, Forum

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

MIGRATE = ("django", "migrate", "--verbosity", "0")


@pytest.fixture
def forum(tmp_path):
    return Forum(tmp_path)


def columns(forum, alias, table):
    if ON_POSTGRESQL:
        where = f"table_schema = 'public' AND table_name = '{table}'"
        rows = forum.sql(
            alias, f"SELECT column_name AS name FROM information_schema.columns WHERE {where}"
        )
    else:
        rows = forum.sql(alias, f'PRAGMA table_info("{table}")')
    return {row["name"] for row in rows}


def old_columns(forum):
    return {table: columns(forum, "default", table) for table in KEYS}


def test_they_apply_to_the_shards_of_a_project_that_has_run_them_already(forum):
    forum.run("before", *MIGRATE)
    before = old_columns(forum)
    assert all(before.values())
    forum.run("after", *MIGRATE)
    for alias in SHARDS:
        assert set(KEYS) <= forum.tables(alias)
        assert not {"forum_section", "forum_badge", "auth_user", "forum_draft"} & forum.tables(
            alias
        )
        assert columns(forum, alias, "forum posts") == before["forum posts"]
    assert old_columns(forum) == before
    forum.run("after", "django", "migrate", "--check")


def test_they_apply_to_a_new_project(forum):
    forum.run("after", *MIGRATE)
    for alias in SHARDS:
        assert set(KEYS) <= forum.tables(alias)
        assert not {"forum_section", "forum_badge"} & forum.tables(alias)
    assert "forum_section" in forum.tables("default")


def test_their_python_runs_once_where_the_rows_are(forum):
    forum.run("before", *MIGRATE)
    forum.run("after", *MIGRATE)
    for table in ("forum_section", "forum_member", "forum_label", "auth_group"):
        assert len(forum.rows("default", table)) == 1
    assert all(forum.rows(alias, "forum_member") == [] for alias in SHARDS)


def test_their_python_runs_once_in_a_new_project(forum):
    forum.run("after", *MIGRATE)
    assert len(forum.rows("default", "forum_member")) == 1
    assert all(forum.rows(alias, "forum_member") == [] for alias in SHARDS)


def test_their_sql_runs_on_the_shards_too(forum):
    forum.run("before", *MIGRATE)
    # On SQLite the next migration makes the tables anew, and Django knows nothing of the index.
    forum.manage("migrate", "forum", "0003")
    catalogue = "pg_indexes WHERE indexname" if ON_POSTGRESQL else "sqlite_master WHERE name"
    for alias in ["default", *SHARDS]:
        assert len(forum.sql(alias, f"SELECT * FROM {catalogue} = 'by_word'")) == 1


def test_they_go_on_where_they_stopped(forum):
    forum.run("before", *MIGRATE)
    forum.run("after", *MIGRATE, "--database", "shard1", "forum", "0001")
    forum.run("after", *MIGRATE, "--database", "shard2", "forum", "0003")
    forum.run("after", *MIGRATE)
    for alias in SHARDS:
        assert set(KEYS) <= forum.tables(alias)
    forum.manage("shards", "adopt")
    assert len(forum.on_shards("forum_member")) == 1


def test_they_go_back_and_forth(forum):
    forum.run("after", *MIGRATE)
    forum.run("after", *MIGRATE, "forum", "0003")
    forum.run("after", *MIGRATE, "forum", "zero")
    for alias in ["default", *SHARDS]:
        assert not {table for table in forum.tables(alias) if table.startswith("forum")}
    forum.run("after", *MIGRATE)
    assert set(KEYS) <= forum.tables("shard2")


@pytest.mark.parametrize("steps", [["after", "later"], ["before", "after", "later"], ["later"]])
def test_they_know_models_by_their_later_names_and_after_they_are_gone(forum, steps):
    for age in steps:
        forum.run(age, *MIGRATE)
    for alias in SHARDS:
        left = {table for table in forum.tables(alias) if table.startswith("forum")}
        assert left == {"forum_person", "forum_tag"}
    assert "forum_area" in forum.tables("default")
    assert "forum_badge" not in forum.tables("default")


def test_they_end_with_a_word_on_rows_that_wait_to_be_adopted(forum):
    forum.run("before", *MIGRATE)
    said = forum.manage("migrate")
    assert (
        "2 old tables in default have rows that are on no shard: forum_label, forum_member" in said
    )
    assert "manage.py shards adopt" in said
    forum.manage("shards", "adopt")
    assert "old tables" not in forum.manage("migrate")


def test_they_leave_old_rows_that_flush_can_delete(forum):
    forum.grow(200)
    forum.run("after", *MIGRATE)
    forum.manage("flush", "--no-input", "--verbosity", "0")
    assert forum.rows("default", "auth_user") == forum.rows("default", "forum_member") == []
