"""With the file of one shard gone, what needs it answers 503, and everything else works."""

import time
from contextlib import contextmanager, suppress

import pytest
import requests

from tests.stack import wait_for

SUFFIXES = ("", "-wal", "-shm")


def shard_of(stack, name: str) -> str:
    """Return the alias of the shard of the account `name`."""
    shown = stack.manage("shards", "where", "timeline_api.Account", name)
    return next(alias for alias in ("shard0", "shard1", "shard2") if alias in shown)


@contextmanager
def away(stack, alias: str):
    """Move a shard's files away while everything runs; put them back as operations.md says."""
    for suffix in SUFFIXES:
        move(stack, f"{alias}.sqlite3{suffix}", f"kept-{alias}.sqlite3{suffix}")
    try:
        yield
    finally:
        stack.supervisorctl("stop", "api:*", "relay")
        # The write-ahead log belongs to its file; SQLite creates the shared memory again.
        for suffix in SUFFIXES[:2]:
            move(stack, f"kept-{alias}.sqlite3{suffix}", f"{alias}.sqlite3{suffix}")
        start_again(stack)


def move(stack, old: str, new: str) -> None:
    # SQLite removes the log and the shared memory when the last connection closes.
    with suppress(FileNotFoundError):
        (stack.var / old).rename(stack.var / new)


def start_again(stack) -> None:
    stack.supervisorctl("start", "api:*", "relay")
    for port in stack.environment["API_INSTANCE_PORTS"].split(","):
        wait_for(lambda port=port: is_live(f"http://127.0.0.1:{port}/livez"), what=port)


def is_live(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


@pytest.fixture
def pair(stack, join):
    """Two members on different shards, each as (name, session, shard)."""
    first = join("lost")
    there = shard_of(stack, first[0])
    while True:
        second = join("kept")
        if (other := shard_of(stack, second[0])) != there:
            return (*first, there), (*second, other)


def test_it_fails_only_what_needs_the_lost_shard_and_soon(stack, pair):
    (lost, losing, alias), (kept, keeping, _) = pair
    for member in (losing, keeping):
        assert member.post(f"{stack.api}/messages/", json={"text": "hi"}).status_code == 201
    with away(stack, alias):
        ready = requests.get(f"{stack.api_root}/readyz", timeout=10)
        assert ready.status_code == 200
        assert ready.json()["databases"][alias] == "down"

        start = time.monotonic()
        answer = requests.get(f"{stack.api}/accounts/{lost}/", timeout=10)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        assert time.monotonic() - start < 2
        assert requests.get(f"{stack.site}/{lost}", timeout=10).status_code == 503

        assert keeping.get(f"{stack.api}/timelines/home/").status_code == 200
        assert keeping.post(f"{stack.api}/messages/", json={"text": "on"}).status_code == 201
        public = requests.get(f"{stack.api}/timelines/public/", timeout=10)
        assert public.status_code == 200
        assert public.headers["X-Shards-Missing"] == alias
        assert requests.get(f"{stack.site}/public", timeout=10).status_code == 200
        assert requests.get(f"{stack.site}/{kept}", timeout=10).status_code == 200
    back = losing.get(f"{stack.api}/timelines/home/")
    assert [message["text"] for message in back.json()["results"]] == ["hi"]
    assert "X-Shards-Missing" not in requests.get(f"{stack.api}/timelines/public/").headers


def test_it_delivers_to_a_lost_shard_once_it_is_back(stack, pair):
    (_, follower, alias), (author, writing, _) = pair
    assert follower.put(f"{stack.api}/accounts/{author}/follow/").status_code == 204
    wait_for(
        lambda: requests.get(f"{stack.api}/accounts/{author}/").json()["follower_count"] == 1,
        what="the mirror",
    )
    with away(stack, alias):
        assert writing.post(f"{stack.api}/messages/", json={"text": "late"}).status_code == 201

    def texts() -> list[str]:
        page = follower.get(f"{stack.api}/timelines/home/").json()
        return [message["text"] for message in page["results"]]

    wait_for(lambda: "late" in texts(), seconds=60, what="the late message")
