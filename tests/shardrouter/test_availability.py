"""A database that does not hold the tables it should is a lost shard; wrong SQL is not."""

import pytest
from django.db import DatabaseError, connections, transaction

from shardrouter import shard_for
from shardrouter.exceptions import ShardUnavailable
from tests.shardrouter.app.models import Author, Book

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.mark.parametrize(
    "lacks",
    [
        "ALTER TABLE app_book RENAME TO kept",
        "ALTER TABLE app_book RENAME COLUMN pages TO kept",
    ],
)
def test_it_takes_a_shard_without_its_tables_for_lost(authors, books, lacks):
    ann = authors["ann"]
    lost = shard_for(ann)
    with connections[lost].cursor() as cursor:
        cursor.execute(lacks)
    for ask in (
        lambda: list(ann.books.all()),
        lambda: Book.objects.create(author=ann),
        lambda: list(Book.objects.scatter()),
    ):
        with pytest.raises(ShardUnavailable, match=lost), transaction.atomic(using=lost):
            ask()
    rows = Book.objects.scatter(on_shard_down="skip")
    with transaction.atomic(using=lost):
        assert len(rows) == sum(shard_for(book) != lost for book in books)
        transaction.set_rollback(True, using=lost)
    assert rows.shards_missing == (lost,)


@pytest.mark.parametrize("wrong", ["nowhere.pages = 1", "app_book.nothing = 1"])
def test_it_hides_no_wrong_sql(books, wrong):
    with pytest.raises(DatabaseError) as error:
        list(Book.objects.scatter(on_shard_down="skip").extra(where=[wrong]))
    assert not isinstance(error.value, ShardUnavailable)


def test_it_hides_no_missing_table_of_nobody(authors):
    with pytest.raises(DatabaseError) as error:
        list(Author.objects.using("shard0").extra(tables=["nowhere"]))
    assert not isinstance(error.value, ShardUnavailable)
