"""The cast, on known shards, and ways to see which queries run on which shard."""

import time
from contextlib import ExitStack, contextmanager

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from shardrouter import shard_for
from shardrouter.ids import IdGenerator, generator
from timeline_api.models import Account, HomeEntry
from timeline_api.ops import faults
from timeline_api.relay.worker import Worker
from timeline_api.services import accounts, follows, messages

from .lost import lost

if connections["default"].vendor == "postgresql":
    # Files, their locks, and power cuts.
    collect_ignore = ["durability", "files"]
    collect_ignore_glob = ["ops/test_sqlite_*.py"]
else:
    collect_ignore = ["postgresql"]

SHARDS = ["shard0", "shard1", "shard2"]
PASSWORD = "two herons"


@pytest.fixture(autouse=True)
def ids_of_now():
    """Begin with the clock's ids: they never step back, and a test before may have travelled."""
    vars(generator).update(vars(IdGenerator()))


@pytest.fixture
def register():
    def register(username, password=PASSWORD):
        return accounts.register(
            username=username, email=f"{username}@example.org", password=password
        )

    return register


@pytest.fixture
def on_shard(register):
    """on_shard("alice", "shard1") registers the first of alice, alice1, … that lives there."""

    def on_shard(name, alias):
        names = (f"{name}{number or ''}" for number in range(1000))
        return register(next(n for n in names if shard_for(Account(username=n)) == alias))

    return on_shard


@pytest.fixture
def alice(on_shard):
    return on_shard("alice", "shard0")


@pytest.fixture
def bob(on_shard):
    return on_shard("bob", "shard1")


@pytest.fixture
def charlie(on_shard):
    return on_shard("charlie", "shard2")


@pytest.fixture
def post():
    """post(author, text) → Message, in a millisecond of its own: within one, the ids of different
    members' messages are not in the order of posting."""

    def post(author, text="hello"):
        time.sleep(0.001)
        return messages.post(author=author, text=text)

    return post


@pytest.fixture(autouse=True)
def no_faults():
    """Uninstall the faults that a test has installed."""
    yield
    faults.install(None)


@pytest.fixture
def asks():
    """with asks(shard0=1): … fails if the block makes any other queries on any database."""

    @contextmanager
    def asks(**expected):
        with ExitStack() as stack:
            captures = {
                alias: stack.enter_context(CaptureQueriesContext(connections[alias]))
                for alias in connections
            }
            yield
        seen = {alias: [q["sql"] for q in c.captured_queries] for alias, c in captures.items()}
        assert {alias: len(sql) for alias, sql in seen.items() if sql} == expected, seen

    return asks


@pytest.fixture
def down():
    """with down("shard1"): … lets every statement on it fail, as on a lost server."""
    return lost


@pytest.fixture
def fans(alice, on_shard, relay):
    """Twelve members, on the shards in turn, who follow alice."""
    made = [on_shard(f"fan{number}x", SHARDS[number % 3]) for number in range(12)]
    for fan in made:
        follows.follow(follower=fan, followee=alice)
    relay()
    return made


@pytest.fixture
def homes_with():
    """homes_with(message) → the ids of those whose home has an entry of it."""

    def homes_with(message):
        rows = HomeEntry.objects.scatter().filter(message_id=message.pk)
        return set(rows.values_list("owner_id", flat=True))

    return homes_with


@pytest.fixture
def relay():
    """relay() runs the relay until it is idle."""

    def relay():
        assert Worker().drain() == 0

    return relay
