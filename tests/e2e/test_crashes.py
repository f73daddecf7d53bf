"""The whole site under load from real clients, while its processes are killed at random.

`CRASH_SECONDS` sets the duration (default 60) and `CRASH_SEED` the random choices. Afterwards: no
acknowledged message lost, none doubled, each row on the shard of its id, mirrors equal, the outbox
empty, every file sound, and every home as the model says.
"""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
import requests

from shardrouter import ids
from tests.stack import ROOT, Stack, new_member, wait_for

SECONDS = float(os.environ.get("CRASH_SECONDS", "60"))
SEED = int(os.environ.get("CRASH_SEED", random.randrange(10**6)))
CLIENTS, MEMBERS_EACH = 4, 4
SHARDS = ["shard0", "shard1", "shard2"]
TABLES = ("account", "message", "follow", "follower", "homeentry", "outbox", "token")

pytestmark = [pytest.mark.long, pytest.mark.timeout(SECONDS + 300)]


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    # So few that members become celebrities, and stop being ones, during the run.
    running = Stack(
        tmp_path_factory.mktemp("crashes"),
        THROTTLE_REGISTER="",
        THROTTLE_POST="",
        FANOUT_MAX_FOLLOWERS="6",
    )
    running.start()
    yield running
    assert running.stop() == 0


class Member:
    """A member, with what the API has acknowledged: messages (id → text) and follows."""

    def __init__(self, api: str, name: str) -> None:
        self.api, self.name = api, name
        self.session = new_member(api, name)
        self.messages: dict[str, str] = {}
        self.follows: set[str] = set()

    def ask(self, method: str, path: str, expected: set[int], **request) -> requests.Response:
        """Repeat a request, which must be idempotent, until one of `expected` is the answer."""
        deadline = time.monotonic() + 60
        while True:
            try:
                answer = self.session.request(method, self.api + path, timeout=20, **request)
            except requests.RequestException:
                answer = None
            if answer is not None and answer.status_code in expected:
                return answer
            # 409: the first request with this key is running, or was when it was killed.
            assert answer is None or answer.status_code in (409, 502, 503, 504), answer.text
            assert time.monotonic() < deadline, (method, path, answer)
            time.sleep(0.05)

    def post(self) -> None:
        text = f"{self.name} {uuid.uuid4()}"
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        answer = self.ask("POST", "/messages/", {201}, json={"text": text}, headers=headers)
        self.messages[answer.json()["id"]] = text

    def delete(self, chance: random.Random) -> None:
        if self.messages:
            message_id = chance.choice(sorted(self.messages))
            # 404: an earlier try deleted it, and was killed before it could answer.
            self.ask("DELETE", f"/messages/{message_id}/", {204, 404})
            del self.messages[message_id]

    def follow(self, name: str) -> None:
        self.ask("PUT", f"/accounts/{name}/follow/", {204})
        self.follows.add(name)

    def unfollow(self, name: str) -> None:
        self.ask("DELETE", f"/accounts/{name}/follow/", {204})
        self.follows.discard(name)

    def pages(self, path: str) -> list[dict]:
        """Return all rows of a list, page by page."""
        rows: list[dict] = []
        path = f"{path}?page_size=100"
        while path:
            page = self.ask("GET", path, {200}).json()
            rows += page["results"]
            path = (page["next"] or "").removeprefix(self.api)
        return rows


class Client(threading.Thread):
    """A thread that acts as its own members, one random action after the other."""

    def __init__(self, members: list[Member], names: list[str], seed: int) -> None:
        super().__init__()
        self.members, self.names = members, names
        self.chance = random.Random(seed)
        self.enough = threading.Event()
        self.done: Counter[str] = Counter()
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.enough.is_set():
                self.step()
        except BaseException as error:
            self.error = error

    def step(self) -> None:
        member = self.chance.choice(self.members)
        other = self.chance.choice([name for name in self.names if name != member.name])
        what = self.chance.choices(
            ["post", "delete", "follow", "unfollow", "read"], [8, 1, 4, 2, 2]
        )[0]
        match what:
            case "post":
                member.post()
            case "delete":
                member.delete(self.chance)
            case "follow":
                member.follow(other)
            case "unfollow":
                member.unfollow(other)
            case "read":
                member.ask("GET", "/timelines/home/", {200})
        self.done[what] += 1


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in found.read_text().split()] if found.exists() else []


class SecondRelay:
    """A second relay, which takes over, is frozen, and wakes after its leases have run out."""

    def __init__(self, stack: Stack) -> None:
        settings = {"DJANGO_SETTINGS_MODULE": "twitsite.settings.api", "INSTANCE_NAME": "relay"}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "relay"], cwd=ROOT, env=stack.environment | settings
        )
        self.frozen = False

    def freeze_or_wake(self) -> str:
        self.process.send_signal(signal.SIGCONT if self.frozen else signal.SIGSTOP)
        self.frozen = not self.frozen
        return "freezes" if self.frozen else "wakes"

    def stop(self) -> int:
        if self.frozen:
            self.freeze_or_wake()
        self.process.terminate()
        return self.process.wait(30)


def kill_one(stack: Stack, chance: random.Random) -> str:
    """Kill the relay, an API instance or one of its workers. Return what it was."""
    name = chance.choice(["relay", "relay", "api.1", "api.2", "api.3"])
    pid = stack.pid(name)
    if pid and name != "relay" and chance.random() < 0.5:
        pid, name = chance.choice(children(pid) or [pid]), "worker"
    try:
        if pid:
            os.kill(pid, signal.SIGKILL)
            return name
    except ProcessLookupError:
        pass
    return "nothing"


@pytest.fixture(scope="module")
def survivors(stack):
    """The members after the run, once the relay is idle."""
    say(f"CRASH_SEED={SEED} CRASH_SECONDS={SECONDS:g}")
    run = uuid.uuid4().hex[:6]
    names = [f"m{number}_{run}" for number in range(CLIENTS * MEMBERS_EACH)]
    members = [Member(stack.api, name) for name in names]
    clients = [Client(members[number::CLIENTS], names, SEED + number) for number in range(CLIENTS)]
    chance = random.Random(SEED)
    killed: Counter[str] = Counter()
    second = SecondRelay(stack)
    for client in clients:
        client.start()
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends and all(client.is_alive() for client in clients):
        time.sleep(chance.uniform(0.5, 5))
        killed[second.freeze_or_wake() if chance.random() < 0.2 else kill_one(stack, chance)] += 1
    for client in clients:
        client.enough.set()
    if second.frozen:
        second.freeze_or_wake()  # in a transaction it would keep the clients from ending
    for client in clients:
        client.join()
    assert second.stop() == 0
    say(f"killed: {dict(killed)}; done: {dict(sum((c.done for c in clients), Counter()))}")
    for client in clients:
        if client.error is not None:
            raise client.error
    assert killed["relay"]
    assert len(killed) > 1
    wait_for(lambda: rows(stack, "SELECT id FROM timeline_api_outbox") == [], 90, "outbox")
    return members


def say(text: str) -> None:
    """Print what pytest shows of a failed test: how to repeat the run, and what it did."""
    sys.stdout.write(f"{text}\n")


def rows(stack: Stack, sql: str, alias: str | None = None) -> list[tuple]:
    """Return the rows of a query on the files of all shards, or of `alias`."""
    found = []
    for shard in [alias] if alias else SHARDS:
        with closing(sqlite3.connect(stack.var / f"{shard}.sqlite3", timeout=20)) as connection:
            found += connection.execute(sql).fetchall()
    return found


def test_it_neither_loses_nor_doubles_an_acknowledged_message(survivors):
    for member in survivors:
        listed = member.pages(f"/accounts/{member.name}/messages/")
        assert {row["id"]: row["text"] for row in listed} == member.messages
        assert len(listed) == len(member.messages)


def test_it_shows_every_home_as_the_model_says(survivors):
    by_name = {member.name: member for member in survivors}
    for member in survivors:
        authors = [member, *(by_name[name] for name in member.follows)]
        expected = {pk for author in authors for pk in author.messages}
        listed = [row["id"] for row in member.pages("/timelines/home/")]
        assert listed == sorted(expected, key=int, reverse=True)


def test_it_counts_messages_and_follows_right(survivors):
    fans = Counter(name for member in survivors for name in member.follows)
    for member in survivors:
        account = member.ask("GET", f"/accounts/{member.name}/", {200}).json()
        assert account["message_count"] == len(member.messages)
        assert account["following_count"] == len(member.follows)
        assert account["follower_count"] == fans[member.name]


def test_it_keeps_the_mirrors_equal_to_the_follows(stack, survivors):
    follows = rows(stack, "SELECT follower_id, followee_id FROM timeline_api_follow")
    mirrors = rows(stack, "SELECT follower_id, followee_id FROM timeline_api_follower")
    assert sorted(follows) == sorted(mirrors)
    assert len(follows) == sum(len(member.follows) for member in survivors)


def test_it_keeps_each_row_on_the_shard_of_its_id(stack, survivors):
    shard_map = dict(rows(stack, "SELECT slot, alias FROM shardrouter_slotassignment", "default"))
    for table in TABLES:
        for alias in SHARDS:
            column = "owner_id" if table == "homeentry" else "id"
            found = rows(stack, f"SELECT {column} FROM timeline_api_{table}", alias)
            assert {shard_map[ids.slot_of(pk)] for (pk,) in found} <= {alias}


def test_it_leaves_every_database_file_sound(stack, survivors):
    for alias in [*SHARDS, "default", "cache"]:
        assert rows(stack, "PRAGMA integrity_check", alias) == [("ok",)]
        assert rows(stack, "PRAGMA foreign_key_check", alias) == []


def test_it_passes_its_own_check_commands(stack, survivors):
    assert "0 differed" in stack.manage("timelines", "check")
    assert "0 differ." in stack.manage("counters", "check")
