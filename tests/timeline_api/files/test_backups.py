"""A drill: back up under load, restore elsewhere, deliver what the outboxes have; all agrees."""

import json
import shutil

import pytest

from .conftest import run_with_files

LOAD = """
import django, random, sys, threading
django.setup()
from django.core.management import call_command
from django.db import connections
from timeline_api.relay.worker import Worker
from timeline_api.selectors import accounts as found
from timeline_api.services import accounts, follows, likes, messages

names = [f"member{number}" for number in range(9)]
for name in names:
    accounts.register(username=name, email="m@example.org", password="two herons")
over = threading.Event()

def act(seed):
    chance = random.Random(seed)
    while not over.is_set():
        one, other = (found.by_username(name) for name in chance.sample(names, 2))
        match chance.randrange(4):
            case 0:
                message = messages.post(author=one, text="hello")
                likes.like(account=other, message=message)
            case 1:
                follows.follow(follower=one, followee=other)
            case 2:
                follows.unfollow(follower=one, followee=other)
            case 3:
                messages.post(author=one, text="hello again")
    connections.close_all()

def relay():
    worker = Worker()
    while not over.is_set():
        worker.run_once()
    connections.close_all()

threads = [threading.Thread(target=act, args=[seed]) for seed in range(2)]
threads.append(threading.Thread(target=relay))
for thread in threads:
    thread.start()
for number in range(2):
    threads[0].join(0.4)
    call_command("backup", f"{sys.argv[1]}/{number}")
over.set()
for thread in threads:
    thread.join()
"""
MIRRORS = """
import django, json
django.setup()
from timeline_api.models import Follow, Follower, Interaction, Like, Message
print(json.dumps([
    sorted(Follow.objects.scatter().values_list("follower_id", "followee_id")),
    sorted(Follower.objects.scatter().values_list("follower_id", "followee_id")),
    sorted(Like.objects.scatter().values_list("pk", flat=True)),
    sorted(Interaction.objects.scatter().values_list("source_id", flat=True)),
    Message.objects.scatter().count(),
]))
"""


@pytest.fixture(scope="module")
def backup(migrated, tmp_path_factory):
    """Two backups that were made under load."""
    var, backup = tmp_path_factory.mktemp("var"), tmp_path_factory.mktemp("backup")
    shutil.copytree(migrated, var, dirs_exist_ok=True)
    run_with_files(var, "-c", LOAD, str(backup))
    return backup


@pytest.mark.parametrize("number", range(2))
def test_it_restores_elsewhere_what_agrees_across_shards(backup, tmp_path, number):
    run_with_files(tmp_path, "manage.py", "restore", str(backup / str(number)))
    run_with_files(tmp_path, "manage.py", "migrate", "--verbosity", "0")  # the cache
    run_with_files(tmp_path, "manage.py", "relay", "--drain")
    follows, mirrors, likes, mirrored, count = json.loads(run_with_files(tmp_path, "-c", MIRRORS))
    assert (follows, likes) == (mirrors, mirrored)
    assert follows
    assert likes
    assert count
    assert " 0 differed" in run_with_files(tmp_path, "manage.py", "timelines", "check")
    assert " 0 differ." in run_with_files(tmp_path, "manage.py", "counters", "check")


def test_it_repairs_files_of_different_moments(backup, tmp_path):
    for alias in ("default", "shard0", "shard1", "shard2"):
        number = "0" if alias == "shard1" else "1"
        shutil.copy(backup / number / f"{alias}.sqlite3", tmp_path)
    run_with_files(tmp_path, "manage.py", "migrate", "--verbosity", "0")
    run_with_files(tmp_path, "manage.py", "relay", "--drain")
    assert "is only a mirror" in refuse(tmp_path, "check_consistency")
    run_with_files(tmp_path, "manage.py", "check_consistency", "--repair")
    run_with_files(tmp_path, "manage.py", "relay", "--drain")
    follows, mirrors, likes, mirrored, _ = json.loads(run_with_files(tmp_path, "-c", MIRRORS))
    assert (follows, likes) == (mirrors, mirrored)
    said = run_with_files(tmp_path, "manage.py", "check_consistency")
    assert said.endswith("0 differences.\n")


def refuse(folder, *command):
    with pytest.raises(ChildProcessError) as refused:
        run_with_files(folder, "manage.py", *command)
    return str(refused.value)


def test_it_refuses_what_is_damaged_or_in_the_way(backup, migrated, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(backup / "0", copy)
    assert "is complete" in run_with_files(tmp_path, "manage.py", "restore", "--verify", str(copy))
    assert "move it away" in refuse(migrated, "restore", str(copy))
    assert "is not empty" in refuse(migrated, "backup", str(copy))
    with (copy / "shard1.sqlite3").open("r+b") as file:
        file.seek(5000)
        file.write(b"damage")
    assert "shard1.sqlite3 is missing, or is not as it was" in refuse(
        tmp_path, "restore", str(copy)
    )
    assert list(tmp_path.glob("*.sqlite3")) == []
