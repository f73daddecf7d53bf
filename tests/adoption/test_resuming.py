"""`shards adopt` goes on where it was killed, whatever it was doing."""

import pytest

from tests.adoption.forum import GLOBAL_KEYS, KEYS, Forum, in_order, rewritten

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

# As if the comparing had not begun.
FORGET = "DELETE FROM shardrouter_adoptionstep WHERE name LIKE '%: compared'"
ADOPT = ("django", "shards", "adopt", "--batch-size", "37")


@pytest.fixture
def forum(tmp_path):
    """A forum whose tables are on the shards, and its old rows."""
    forum = Forum(tmp_path)
    forum.grow(400)
    forum.manage("migrate", "--verbosity", "0")
    forum.old = {table: forum.rows("default", table) for table in (*KEYS, *GLOBAL_KEYS)}
    return forum


def assert_adopted(forum):
    listed = forum.rows("default", "shardrouter_adoptedid")
    new_ids = {(row["model"], row["old_id"]): row["new_id"] for row in listed}
    for table, keys in KEYS.items():
        found = [{k: v for k, v in row.items() if k != "alias"} for row in forum.on_shards(table)]
        assert in_order(found) == rewritten(forum.old[table], keys, new_ids)
    for table, keys in GLOBAL_KEYS.items():
        found = forum.rows("default", table)
        assert in_order(found) == rewritten(forum.old[table], keys, new_ids)


def kill_after(forum, lines):
    """Start adopting and kill it after `lines` steps. Return how many it had ended, or None if it
    came to its end."""
    process = forum.start("after", *ADOPT)
    for number in range(lines):
        if not process.stdout.readline().strip():
            process.communicate()
            assert process.returncode == 0
            return None
        if number == lines - 1:
            process.kill()
    process.communicate()
    return lines


def steps(forum):
    return {row["name"]: row for row in forum.rows("default", "shardrouter_adoptionstep")}


def test_it_goes_on_after_each_of_many_kills(forum):
    kills = 0
    while len(steps(forum)) < 60:
        # The first lines of a run are of steps that it does, since those that are done are silent.
        if kill_after(forum, 2) is None:
            break
        kills += 1
        if kills == 30:
            forum.manage("shards", "adopt")
    assert kills > 5
    assert_adopted(forum)


@pytest.mark.parametrize("step", ["forum.Post: rows", "forum.Topic_labels: rows"])
def test_it_finds_rows_that_a_killed_run_had_committed_on_shards_alone(forum, step):
    """Killed after the shards' commits and before that of how far it came."""
    forum.run("after", *ADOPT)
    forum.sql(
        "default",
        "UPDATE shardrouter_adoptionstep SET finished = false, position = '', rows = 0 "
        f"WHERE name = '{step}'",
    )
    forum.sql("default", FORGET)
    forum.run("after", *ADOPT)
    assert_adopted(forum)


def test_it_rewrites_the_keys_of_a_global_row_once(forum):
    """An old id may be the same number as another row's new one, so twice would be wrong."""
    forum.run("after", *ADOPT)
    badges = forum.rows("default", "forum_badge")
    forum.sql("default", FORGET)
    forum.run("after", *ADOPT)
    assert forum.rows("default", "forum_badge") == badges


def test_it_names_a_row_that_changed_meanwhile(forum):
    forum.run("after", *ADOPT)
    forum.sql("default", FORGET)
    row = forum.on_shards("forum posts")[0]
    forum.sql(row["alias"], f"UPDATE \"forum posts\" SET text = 'x' WHERE id = {row['id']}")
    errors = forum.run("after", *ADOPT, fails=True)
    assert f"forum.Post(pk={row['id']}) on {row['alias']} differs from its old row" in errors
