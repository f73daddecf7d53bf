"""Fixtures of the notes project: accounts on all three shards, and their notes."""

from collections import Counter
from contextlib import contextmanager

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from shardrouter import shard_for
from tests.notes.notebook.models import Account, Note

SHARDS = ("shard0", "shard1", "shard2")
NAMES = ["Ann", "Bob", "Cleo", "Dan", "Eve", "Fay", "Gus", "Hal", "Ida"]


def everywhere(title="x"):
    """What one big database would hold, read from each shard by hand."""
    return [note for alias in SHARDS for note in Note.objects.using(alias).filter(title=title)]


@contextmanager
def asked():
    """Count the statements that each database is asked: {alias: number}."""
    counts = Counter()
    captures = {alias: CaptureQueriesContext(connections[alias]) for alias in connections}
    for capture in captures.values():
        capture.__enter__()
    try:
        yield counts
    finally:
        for alias, capture in captures.items():
            capture.__exit__(None, None, None)
            if len(capture):
                counts[alias] = len(capture)


@pytest.fixture
def accounts():
    """Nine accounts by name, on all three shards."""
    made = {name: Account.objects.create(username=name) for name in NAMES}
    assert {shard_for(account) for account in made.values()} == set(SHARDS)
    return made


@pytest.fixture
def ann(accounts):
    return accounts["Ann"]


@pytest.fixture
def far(accounts, ann):
    """An account on another shard than Ann's."""
    return next(each for each in accounts.values() if shard_for(each) != shard_for(ann))


@pytest.fixture
def notes(accounts):
    """Three notes an account; every account has one with the title "x"."""
    return [
        Note.objects.create(account=account, title=title, body=f"{account} {title}")
        for title in ("x", "y", "z")
        for account in accounts.values()
    ]
