"""Saving, creating, updating and deleting: always on the row's own shard, all or nothing."""

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F

from shardrouter import atomic_for, group_by_shard, ids, shard_for, slot_for
from shardrouter.exceptions import (
    CrossShardQuery,
    CrossShardTransaction,
    ShardKeyChanged,
    UnroutedQuery,
)
from tests.shardrouter.app.models import Author, Book, Bookmark, Chapter, Shelf, Tag, Visit

pytestmark = pytest.mark.django_db(databases="__all__")

SHARDS = ["shard0", "shard1", "shard2"]


def test_it_puts_a_root_where_its_name_and_its_id_say(authors):
    for author in authors.values():
        assert (
            slot_for(author) == ids.slot_of(author.pk) == slot_for(Author(name=author.name.upper()))
        )
        assert Author.objects.using(shard_for(author.pk)).filter(pk=author.pk).exists()
        assert author._state.db == shard_for(author)


def test_it_puts_a_root_without_a_name_into_a_random_slot():
    shelves = [Shelf.objects.create(label="x") for _ in range(60)]
    assert {shard_for(shelf) for shelf in shelves} == set(SHARDS)
    assert Shelf.objects.get(pk=shelves[0].pk) == shelves[0]


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_it_saves_with_one_query(authors, django_assert_num_queries):
    ann = authors["ann"]
    book = Book(author=ann, title="new")
    with django_assert_num_queries(1, using=shard_for(ann)):
        book.save()
    with django_assert_num_queries(1, using=shard_for(ann)):
        book.title = "newer"
        book.save(update_fields=["title"])
    assert Book.objects.get(pk=book.pk).title == "newer"


def test_it_creates_on_the_owners_shard_in_every_way(authors):
    for author in authors.values():
        made = [
            Book.objects.create(author=author, title="create"),
            author.books.create(title="related"),
            Book.objects.get_or_create(author=author, title="get_or_create")[0],
            Book.objects.update_or_create(author=author, title="upsert")[0],
            author.books.get_or_create(title="related too")[0],
            *Book.objects.bulk_create([Book(author=author, title="bulk")]),
        ]
        for book in made:
            assert Book.objects.using(shard_for(author)).filter(pk=book.pk).exists()
    assert Book.objects.scatter().count() == 6 * len(authors)
    assert Book.objects.get_or_create(author=author, title="upsert")[1] is False


def test_it_writes_to_the_owners_shard_through_a_related_manager_of_another(apart):
    a, b = apart
    book = Book.objects.create(author=a, title="t")
    mark = book.bookmarks.create(author=b, note="n")
    assert shard_for(mark) == shard_for(b)
    assert Bookmark.objects.using(shard_for(b)).get() == mark
    assert book.bookmarks.get_or_create(author=b, note="n") == (mark, False)


def test_it_upserts_on_the_shard_that_it_has_read(authors):
    ann = authors["ann"]
    book, created = Book.objects.update_or_create(author=ann, title="t", defaults={"pages": 1})
    again, made = Book.objects.update_or_create(author=ann, title="t", defaults={"pages": 2})
    assert (created, made, again.pk, again.pages) == (True, False, book.pk, 2)


def test_it_spreads_a_mix_in_bulk_and_keeps_the_order(authors):
    rows = [
        Book(author=author, title=f"{number}")
        for number in range(20)
        for author in authors.values()
    ]
    made = Book.objects.bulk_create(rows, batch_size=7)
    assert made == rows
    for alias, pks in group_by_shard(book.pk for book in made).items():
        assert Book.objects.using(alias).filter(pk__in=pks).count() == len(pks)
    assert len({book.pk for book in made}) == len(rows)


def test_it_ignores_and_updates_conflicts_in_bulk(authors):
    authors = list(authors.values())
    Book.objects.bulk_create([Book(author=each, title="t", pages=1) for each in authors])
    Book.objects.bulk_create(
        [Book(author=each, title="t", pages=2) for each in authors], ignore_conflicts=True
    )
    assert Book.objects.scatter().filter(pages=1).count() == len(authors)
    Book.objects.bulk_create(
        [Book(author=each, title="t", pages=3) for each in authors],
        update_conflicts=True,
        update_fields=["pages"],
        unique_fields=["author", "title"],
    )
    assert Book.objects.scatter().filter(pages=3).count() == len(authors)


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_it_leaves_nothing_on_any_shard_if_one_row_is_rejected(authors):
    authors = list(authors.values())
    Book.objects.create(author=authors[-1], title="taken")
    rows = [Book(author=each, title="taken") for each in authors]
    with pytest.raises(IntegrityError):
        Book.objects.bulk_create(rows)
    assert Book.objects.scatter().count() == 1
    assert all(row.pk is None and row._state.adding for row in rows)


def test_it_updates_in_bulk_on_every_shard(books):
    for number, book in enumerate(books):
        book.pages = number
    assert Book.objects.bulk_update(books, ["pages"], batch_size=5) == len(books)
    found = Book.objects.in_bulk([book.pk for book in books])
    assert [found[book.pk].pages for book in books] == list(range(len(books)))


def test_it_updates_and_deletes_on_named_shards_or_all_if_told_so(authors, books):
    ann, bob = authors["ann"], authors["bob"]
    assert Book.objects.filter(author=ann).update(pages=F("author_id") * 0 + 7) == 3
    assert Book.objects.filter(author__in=[ann, bob]).update(pages=800) == 6
    for write in (lambda qs: qs.update(pages=1), lambda qs: qs.delete()):
        with pytest.raises(UnroutedQuery):
            write(Book.objects.filter(pages=800))
        with pytest.raises(UnroutedQuery, match=r"writes=True"):
            write(Book.objects.scatter().filter(pages=800))
    assert Book.objects.scatter(writes=True).filter(pages=800).update(pages=900) == 6
    total, by_model = Book.objects.scatter(writes=True).filter(pages=900).delete()
    assert (total, by_model) == (6, {"app.Book": 6})
    assert Book.objects.scatter().count() == len(books) - 6


def test_it_deletes_a_root_with_the_rows_that_live_with_it(authors, books):
    ann = authors["ann"]
    Chapter.objects.create(book=books[0], number=1)
    _, by_model = ann.delete()
    assert by_model == {"app.Author": 1, "app.Book": 3, "app.Chapter": 1}
    assert Author.objects.scatter().count() == len(authors) - 1


def test_it_deletes_several_roots_by_shard(authors, books):
    Author.objects.filter(name__in=["ann", "bob", "cleo", "dan"]).delete()
    assert Book.objects.scatter().count() == len(books) - 12


@pytest.mark.parametrize(
    "change",
    [
        lambda book, bob: (setattr(book, "author", bob), book.save()),
        lambda book, bob: (setattr(book, "author", bob), book.save(update_fields=["author"])),
        lambda book, bob: (setattr(book, "author_id", book.author_id ^ 1), book.save()),
        lambda book, bob: Book.objects.filter(pk=book.pk).update(author=bob),
        lambda book, bob: Book.objects.filter(pk=book.pk).update(author_id=bob.pk),
        lambda book, bob: Book.objects.filter(pk=book.pk).update(id=5),
        lambda book, bob: Book.objects.bulk_update([book], ["author"]),
        lambda book, bob: Book.objects.update_or_create(pk=book.pk, defaults={"author": bob}),
        lambda book, bob: Book(pk=book.pk, author=bob, title="ghost").save(),
    ],
)
def test_it_never_changes_a_shard_key(apart, books, change):
    a, b = apart
    book = a.books.get(pages=100)
    with pytest.raises(ShardKeyChanged), transaction.atomic(using=shard_for(a)):
        change(Book.objects.get(pk=book.pk), b)
    assert Book.objects.get(pk=book.pk).author_id == a.pk
    assert Book.objects.scatter().count() == len(books)


def test_it_rejects_adding_a_row_to_another_owner(apart, books):
    a, b = apart
    with pytest.raises((ShardKeyChanged, ValueError)):
        b.books.add(a.books.get(pages=100))
    assert a.books.count() == b.books.count() == 3


def test_it_keeps_a_roots_name_up_to_its_normal_form(authors):
    ann = authors["ann"]
    found = Author.objects.get(pk=ann.pk)
    found.name = "ANN"
    found.save()
    assert Author.objects.get(name="ANN").pk == ann.pk
    found = Author.objects.get(pk=ann.pk)
    found.name = "bea"
    with pytest.raises(ShardKeyChanged):
        found.save()
    with pytest.raises(ShardKeyChanged):
        Author.objects.filter(pk=ann.pk).update(name="bea")


def test_it_rejects_an_id_that_contradicts_the_key(authors):
    with pytest.raises(ShardKeyChanged, match="slot"):
        Book.objects.create(pk=5, author=authors["ann"])
    with pytest.raises(ShardKeyChanged):
        Author.objects.create(pk=5, name="new")


def test_it_does_not_save_a_row_on_another_shard(authors):
    ann = authors["ann"]
    wrong = next(alias for alias in SHARDS if alias != shard_for(ann))
    with pytest.raises(CrossShardQuery):
        Book(author=ann).save(using=wrong)
    with pytest.raises(CrossShardQuery):
        Book.objects.using(wrong).create(author=ann)
    with pytest.raises(CrossShardQuery):
        ann.delete(using=wrong)


def test_it_names_the_key_that_a_row_is_missing():
    with pytest.raises(UnroutedQuery, match="no author"):
        Book.objects.create(title="x")
    with pytest.raises(UnroutedQuery, match="no author_id"):
        Visit.objects.create(page="x")
    with pytest.raises(UnroutedQuery, match="no author"):
        Book.objects.bulk_create([Book(title="x")])


def test_it_saves_a_copy_as_a_new_row(authors, books):
    book = Book.objects.get(pk=books[0].pk)
    book.pk, book._state.adding, book.title = None, True, "copy"
    book.save()
    assert book.pk != books[0].pk
    assert Book.objects.filter(author=book.author_id).count() == 4


def test_it_rolls_back_nests_and_rejects_other_shards_in_atomic_for(apart):
    a, b = apart
    with pytest.raises(RuntimeError), atomic_for(a) as alias:
        assert alias == shard_for(a)
        Book.objects.create(author=a, title="gone")
        raise RuntimeError
    assert not a.books.exists()
    with atomic_for(a):
        Book.objects.create(author=a, title="kept")
        with pytest.raises(IntegrityError), atomic_for(a.pk):
            Book.objects.create(author=a, title="kept")
        with pytest.raises(CrossShardTransaction):
            Book.objects.create(author=b, title="refused")
        with pytest.raises(CrossShardTransaction):
            list(b.books.all())
        with pytest.raises(CrossShardTransaction), atomic_for(b):
            pass
        with pytest.raises(CrossShardTransaction):
            Book.objects.scatter().count()
        with pytest.raises(CrossShardTransaction):
            Book.objects.bulk_create([Book(author=a), Book(author=b)])
    assert [book.title for book in a.books.all()] == ["kept"]
    Book.objects.create(author=b, title="free again")


def test_it_runs_on_commit_on_the_shards_own_connection(apart, django_capture_on_commit_callbacks):
    a, _ = apart
    seen = []
    with django_capture_on_commit_callbacks(using=shard_for(a), execute=True), atomic_for(a) as on:
        transaction.on_commit(lambda: seen.append(on), using=on)
        assert seen == []
    assert seen == [shard_for(a)]


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_it_nests_atomic_for_with_savepoints_and_keeps_what_is_durable(authors):
    ann = authors["ann"]
    with atomic_for(ann):
        ann.books.create(title="kept")
        with pytest.raises(ZeroDivisionError), atomic_for(ann):
            ann.books.create(title="undone to the savepoint")
            raise ZeroDivisionError
        with pytest.raises(RuntimeError, match="durable"), atomic_for(ann, durable=True):
            pass
        with atomic_for(ann, savepoint=False):
            ann.books.create(title="kept too")
    assert {book.title for book in ann.books.all()} == {"kept", "kept too"}
    with atomic_for(ann, durable=True):
        ann.books.create(title="durable")
    assert ann.books.filter(title="durable").exists()


def test_it_keeps_the_databases_own_ids_in_a_many_to_many_table(authors):
    """Its primary key is of Django's kind, which may be too small for a sharded id."""
    for name in ("ann", "bob"):
        book = Book.objects.create(author=authors[name])
        book.tags.set([Tag.objects.create(author=authors[name], word=word) for word in "abc"])
        links = Book.tags.through.objects.filter(book=book)
        assert links.count() == 3
        assert max(links.values_list("pk", flat=True)) < 2**31
