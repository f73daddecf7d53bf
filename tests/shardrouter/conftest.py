"""Fixtures of shardrouter's tests: authors on different shards, and their books."""

import pytest
from django.db import connections

from shardrouter import shard_for
from tests.shardrouter.app.models import Author, Book

SHARDS = ("shard0", "shard1", "shard2")
NAMES = ["ann", "bob", "cleo", "dan", "eve", "fay", "gus", "hal", "ida", "jon", "kim", "leo"]


class Down:
    """Makes a shard's connection fail: a file that cannot be opened, a database that is gone."""

    def __init__(self, alias, folder):
        self.connection = connections[alias]
        gone = str(folder / "no" / "file") if self.connection.vendor == "sqlite" else "gone"
        self.broken = {**self.connection.settings_dict, "NAME": gone}

    def __enter__(self):
        self.connection.close()
        self.kept, self.connection.settings_dict = self.connection.settings_dict, self.broken

    def __exit__(self, *error):
        self.connection.close()
        self.connection.settings_dict = self.kept


@pytest.fixture
def down(tmp_path):
    """A function that takes a shard down, for as long as its `with` block lasts."""
    return lambda alias: Down(alias, tmp_path)


@pytest.fixture
def authors():
    """Twelve authors by name, on all three shards."""
    made = {name: Author.objects.create(name=name) for name in NAMES}
    assert {shard_for(author) for author in made.values()} == set(SHARDS)
    return made


@pytest.fixture
def books(authors):
    """Three books an author: pages 100 (a tie everywhere), 1 to 12, and none."""
    rows = []
    for number, author in enumerate(authors.values(), 1):
        rows += [
            Book(author=author, title=f"{author.name} one", pages=100, price="9.50"),
            Book(author=author, title=f"{author.name} two", pages=number, price=number),
            Book(author=author, title=None, pages=None),
        ]
    return Book.objects.bulk_create(rows)


@pytest.fixture
def apart(authors):
    """Two authors on different shards."""
    first = authors["ann"]
    return first, next(each for each in authors.values() if shard_for(each) != shard_for(first))
