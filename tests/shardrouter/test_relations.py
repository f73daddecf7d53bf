"""Relations whose two ends need not be in one database: what Django does for a global row, and
rows that are added to a related set."""

import pytest
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction

from shardrouter import shard_for
from shardrouter.exceptions import ShardRouterError, UnroutedQuery
from tests.shardrouter.app.models import Author, Book, Bookmark, Country, Lending

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def home(apart):
    country = Country.objects.create(code="de")
    Author.objects.filter(pk__in=[each.pk for each in apart]).update(home=country)
    return country


@pytest.mark.parametrize("on_delete", [models.CASCADE, models.SET_NULL, models.PROTECT])
@pytest.mark.parametrize("many", [False, True])
def test_it_refuses_to_follow_a_deletion_to_the_shards(apart, home, monkeypatch, on_delete, many):
    monkeypatch.setattr(Author._meta.get_field("home").remote_field, "on_delete", on_delete)
    refused = pytest.raises(UnroutedQuery, match=r"deleted.*scatter\(writes=True\)")
    with refused, transaction.atomic():
        (Country.objects.all() if many else home).delete()
    assert Country.objects.count() == 1
    assert Author.objects.scatter().filter(home=home).count() == 2


def test_it_deletes_a_global_row_once_nothing_follows(apart, home):
    Author.objects.scatter(writes=True).filter(home=home).update(home=None)
    home.delete()
    assert Country.objects.count() == 0


def test_it_finds_a_sharded_row_from_a_global_one_by_its_id(apart):
    """As a generic key in `default` does, whose reader names the database of its own row."""

    class Pointer(models.Model):
        kind = models.ForeignKey(ContentType, models.CASCADE)
        row_id = models.BigIntegerField()
        row = GenericForeignKey("kind", "row_id")

        class Meta:
            app_label = "nowhere"

    for author in apart:
        pointer = Pointer(kind=ContentType.objects.get_for_model(Author), row_id=author.pk)
        pointer._state.db = "default"
        found = pointer.row
        assert found == author
        assert found._state.db == shard_for(author)


@pytest.mark.parametrize("swap", [False, True])
def test_it_adds_rows_of_any_shard_to_a_related_set(apart, books, swap):
    a, b = reversed(apart) if swap else apart
    book = a.books.get(pages=100)
    other = b.books.get(pages=100)
    marks = [Bookmark.objects.create(author=author, book=other) for author in apart]
    book.bookmarks.add(*marks)
    assert {mark.pk for mark in Bookmark.objects.scatter().filter(book=book)} == {
        mark.pk for mark in marks
    }
    other.bookmarks.add(*marks, bulk=False)
    assert Bookmark.objects.scatter().filter(book=other).count() == 2


def test_it_adds_no_row_that_is_not_saved_or_of_another_owner(apart, books):
    a, b = apart
    with pytest.raises(ValueError, match="bulk=False"):
        a.books.get(pages=100).bookmarks.add(Bookmark(author=b))
    mark = Bookmark.objects.create(author=b, book=books[0])
    with pytest.raises(ShardRouterError):
        a.bookmarks.add(mark)
    assert Bookmark.objects.get(pk=mark.pk).author == b
    assert Book.objects.scatter().count() == len(books)


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("bulk", [False, True])
def test_it_sets_related_rows_of_any_shard(apart, books, swap, bulk):
    a, b = reversed(apart) if swap else apart
    book = a.books.get(pages=100)
    first, second, third = (Lending.objects.create(author=each) for each in (a, b, b))
    for rows in [(first, second), (second, third), (third,), (first, second, third), ()]:
        book.lendings.set(rows, bulk=bulk)
        assert {each.pk for each in Lending.objects.scatter().filter(book=book)} == {
            each.pk for each in rows
        }


def test_it_takes_related_rows_of_any_shard_away(apart, books):
    book = apart[0].books.get(pages=100)
    rows = [Lending.objects.create(author=each, book=book) for each in apart]
    book.lendings.remove(rows[1])
    assert list(Lending.objects.scatter().filter(book=book)) == [rows[0]]
    # It writes to every shard, so that has to be said.
    for clear in (book.lendings.clear, lambda: book.lendings.set([], clear=True)):
        refused = pytest.raises(UnroutedQuery, match=r"scatter\(writes=True\)")
        with refused, transaction.atomic(using=shard_for(book)):
            clear()
    assert book.lendings.scatter(writes=True).update(book=None) == 1


def test_it_orders_rows_with_respect_to_their_owner(apart):
    a, b = apart
    mine = [Lending.objects.create(author=a).pk for _ in range(3)]
    other = Lending.objects.create(author=b)
    wanted = [mine[2], mine[0], mine[1]]
    a.set_lending_order(wanted)
    assert list(a.get_lending_order()) == wanted
    assert list(a.lendings.values_list("pk", flat=True)) == wanted
    a.set_lending_order([other.pk, *mine])
    assert list(a.get_lending_order()) == mine
    other.refresh_from_db()
    assert other._order == 0
    assert Lending.objects.get(pk=mine[0]).get_next_in_order().pk == mine[1]
