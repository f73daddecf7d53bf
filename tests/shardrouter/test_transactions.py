"""atomic_shards: a transaction on each shard that is written to, all of them or none committed."""

import pytest
from django.db import connections, transaction
from django.db.transaction import TransactionManagementError

from shardrouter import atomic_for, atomic_shards, insert_ignoring_conflicts, shard_for
from shardrouter.exceptions import CrossShardTransaction
from tests.shardrouter.app.models import Author, Book, Tag

pytestmark = pytest.mark.django_db(databases="__all__")
committing = pytest.mark.django_db(databases="__all__", transaction=True)

SHARDS = ["shard0", "shard1", "shard2"]


class Stop(Exception):
    pass


def sql(author):
    with connections[shard_for(author)].cursor() as cursor:
        cursor.execute("UPDATE app_author SET bio = 'x' WHERE id = %s", [author.pk])


#: Every way to write a row of `author`.
WRITES = {
    "save": lambda author: Book(author=author, title="new").save(),
    "create": lambda author: Book.objects.create(author=author, title="new"),
    "by the related manager": lambda author: author.books.create(title="new"),
    "get_or_create": lambda author: Book.objects.get_or_create(author=author, title="new"),
    "update_or_create": lambda author: Book.objects.update_or_create(author=author, title="new"),
    "bulk_create": lambda author: Book.objects.bulk_create([Book(author=author, title="new")]),
    "bulk_update": lambda author: Book.objects.bulk_update(
        [Book(pk=author.books.first().pk, author=author, title="new")], ["title"]
    ),
    "update": lambda author: author.books.update(pages=0),
    "delete": lambda author: author.books.first().delete(),
    "delete many": lambda author: author.books.all().delete(),
    "scattered": lambda author: Book.objects.scatter(writes=True).update(pages=0),
    "insert_ignoring_conflicts": lambda author: insert_ignoring_conflicts(
        Book, ["author", "title"], [(author.pk, "new")], unique_fields=["author", "title"]
    ),
    "many to many": lambda author: author.books.first().tags.add(author.tags.get()),
    "many to many, the other way": lambda author: author.tags.get().book_set.set(
        author.books.all()
    ),
    "clear": lambda author: author.books.last().tags.clear(),
    "in atomic_for": lambda author: in_atomic_for(author),
    "SQL": sql,
}


def in_atomic_for(author):
    with atomic_for(author):
        Book.objects.create(author=author, title="new")


def everything():
    return {
        model: sorted(model.objects.scatter().values_list(*columns), key=repr)
        for model, columns in {
            Author: ("pk", "bio"),
            Book: ("pk", "title", "pages"),
            Book.tags.through: ("book", "tag"),
        }.items()
    }


@pytest.fixture
def shelf(apart, books):
    """Both authors, each with a tag, which their last book has."""
    for author in apart:
        author.books.last().tags.add(Tag.objects.create(author=author, word="t"))
    return apart


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_it_rolls_back_on_every_shard(shelf, write):
    before = everything()
    with pytest.raises(Stop), atomic_shards():
        for author in shelf:
            write(author)
        assert everything() != before
        raise Stop
    assert everything() == before


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_it_commits_on_every_shard(shelf, write):
    before = everything()
    with atomic_shards():
        for author in shelf:
            write(author)
    assert everything() != before


@committing
def test_it_opens_none_on_a_shard_that_is_only_read(shelf):
    a, b = shelf
    with atomic_shards():
        assert list(Book.objects.scatter())
        assert not any(connections[alias].in_atomic_block for alias in SHARDS)
        a.books.update(pages=0)
        assert b.books.count()
        opened = [alias for alias in SHARDS if connections[alias].in_atomic_block]
        assert opened == [shard_for(a)]
    assert not any(connections[alias].in_atomic_block for alias in SHARDS)
    with pytest.raises(Stop), atomic_shards():
        Book.objects.scatter(writes=True).delete()
        raise Stop
    assert not any(connections[alias].in_atomic_block for alias in SHARDS)
    assert a.books.filter(pages=0).count() == b.books.count() == 3


def test_it_decorates_a_view(shelf):
    a, b = shelf

    @atomic_shards
    def view(request, fails):
        """Changes both."""
        a.books.update(pages=0)
        b.books.update(pages=0)
        if fails:
            raise Stop
        return "done"

    with pytest.raises(Stop):
        view(None, fails=True)
    assert not Book.objects.scatter().filter(pages=0).exists()
    assert view(None, fails=False) == "done"
    assert Book.objects.scatter().filter(pages=0).count() == 6
    assert view.__doc__ == "Changes both."


def test_it_does_not_decorate_what_is_async():
    async def view(request):
        """Would be over before it began."""

    with pytest.raises(TypeError, match="sync_to_async"):
        atomic_shards(view)


@committing
def test_it_calls_back_after_the_commit(shelf):
    a, b = shelf
    called = []
    with atomic_shards():
        for author in (a, b):
            author.books.update(pages=0)
            transaction.on_commit(lambda: called.append(1), using=shard_for(author))
        assert called == []
    assert called == [1, 1]


@committing
def test_it_is_one_with_those_around_it(shelf):
    a, b = shelf
    before = everything()
    with pytest.raises(Stop), atomic_shards():
        with atomic_shards():
            a.books.update(pages=0)
        b.books.update(pages=0)
        raise Stop
    assert everything() == before
    with atomic_shards():
        b.books.update(pages=1)
        with pytest.raises(Stop), atomic_shards():
            a.books.update(pages=0)
            raise Stop
    assert everything() == before


@committing
def test_it_keeps_to_one_shard_inside_atomic_for(shelf):
    a, b = shelf
    before = everything()
    with atomic_for(a), atomic_shards():
        a.books.update(pages=0)
        with pytest.raises(CrossShardTransaction):
            b.books.update(pages=0)
        transaction.set_rollback(True, using=shard_for(a))
    assert everything() == before


@committing
def test_it_refuses_a_transaction_that_would_commit_by_itself(shelf):
    a, _ = shelf
    before = everything()
    with (
        pytest.raises(TransactionManagementError, match="atomic_for"),
        atomic_shards(),
        transaction.atomic(using=shard_for(a)),
    ):
        a.books.update(pages=0)
    assert everything() == before


@committing
def test_it_says_nothing_of_what_is_not_sharded(shelf):
    """What a plain transaction.atomic() around sharded rows does: nothing for them."""
    a, _ = shelf
    with pytest.raises(Stop), transaction.atomic():
        a.books.update(pages=0)
        raise Stop
    assert a.books.filter(pages=0).count() == 3
