"""Saving, creating, updating and deleting: always on the row's own shard, all or nothing."""

import itertools
import time
from multiprocessing import get_context

import pytest
from django.db import IntegrityError, connections, transaction
from django.db.models import F

from shardrouter import atomic_for, group_by_shard, ids, shard_for, slot_for
from shardrouter.exceptions import (
    CrossShardQuery,
    CrossShardTransaction,
    ShardKeyChanged,
    UnroutedQuery,
)
from shardrouter.ids import generator
from tests.shardrouter.app.models import Author, Book, Bookmark, Chapter, Shelf, Tag, Visit

SHARDS = ["shard0", "shard1", "shard2"]


def test_a_root_lands_where_its_name_says_and_its_id_says_so_too(authors):
    for author in authors.values():
        assert (
            slot_for(author) == ids.slot_of(author.pk) == slot_for(Author(name=author.name.upper()))
        )
        assert Author.objects.using(shard_for(author.pk)).filter(pk=author.pk).exists()
        assert author._state.db == shard_for(author)


def test_a_root_without_a_name_lands_in_a_random_slot():
    shelves = [Shelf.objects.create(label="x") for _ in range(60)]
    assert {shard_for(shelf) for shelf in shelves} == set(SHARDS)
    assert Shelf.objects.get(pk=shelves[0].pk) == shelves[0]


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_saving_takes_one_query(authors, django_assert_num_queries):
    ann = authors["ann"]
    book = Book(author=ann, title="new")
    with django_assert_num_queries(1, using=shard_for(ann)):
        book.save()
    with django_assert_num_queries(1, using=shard_for(ann)):
        book.title = "newer"
        book.save(update_fields=["title"])
    assert Book.objects.get(pk=book.pk).title == "newer"


def test_every_way_to_create_lands_on_the_owners_shard(authors):
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


def test_a_related_manager_of_another_shard_still_writes_to_the_owners(apart):
    a, b = apart
    book = Book.objects.create(author=a, title="t")
    mark = book.bookmarks.create(author=b, note="n")
    assert shard_for(mark) == shard_for(b)
    assert Bookmark.objects.using(shard_for(b)).get() == mark
    assert book.bookmarks.get_or_create(author=b, note="n") == (mark, False)


def test_an_upsert_writes_to_the_shard_it_read(authors):
    ann = authors["ann"]
    book, created = Book.objects.update_or_create(author=ann, title="t", defaults={"pages": 1})
    again, made = Book.objects.update_or_create(author=ann, title="t", defaults={"pages": 2})
    assert (created, made, again.pk, again.pages) == (True, False, book.pk, 2)


def test_bulk_create_spreads_a_mix_and_keeps_the_order(authors):
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


def test_bulk_create_ignores_and_updates_conflicts(authors):
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
def test_a_refused_row_leaves_nothing_on_any_shard(authors):
    authors = list(authors.values())
    Book.objects.create(author=authors[-1], title="taken")
    rows = [Book(author=each, title="taken") for each in authors]
    with pytest.raises(IntegrityError):
        Book.objects.bulk_create(rows)
    assert Book.objects.scatter().count() == 1
    assert all(row.pk is None and row._state.adding for row in rows)


def test_bulk_update_reaches_every_shard(books):
    for number, book in enumerate(books):
        book.pages = number
    assert Book.objects.bulk_update(books, ["pages"], batch_size=5) == len(books)
    found = Book.objects.in_bulk([book.pk for book in books])
    assert [found[book.pk].pages for book in books] == list(range(len(books)))


def test_update_and_delete_name_their_shards_or_say_every(authors, books):
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


def test_deleting_a_root_takes_what_lives_with_it(authors, books):
    ann = authors["ann"]
    Chapter.objects.create(book=books[0], number=1)
    _, by_model = ann.delete()
    assert by_model == {"app.Author": 1, "app.Book": 3, "app.Chapter": 1}
    assert Author.objects.scatter().count() == len(authors) - 1


def test_deleting_several_roots_goes_by_shard(authors, books):
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
def test_a_shard_key_never_changes(apart, books, change):
    a, b = apart
    book = a.books.get(pages=100)
    with pytest.raises(ShardKeyChanged), transaction.atomic(using=shard_for(a)):
        change(Book.objects.get(pk=book.pk), b)
    assert Book.objects.get(pk=book.pk).author_id == a.pk
    assert Book.objects.scatter().count() == len(books)


def test_adding_a_row_to_another_owner_is_refused(apart, books):
    a, b = apart
    with pytest.raises((ShardKeyChanged, ValueError)):
        b.books.add(a.books.get(pages=100))
    assert a.books.count() == b.books.count() == 3


def test_a_root_keeps_its_name_up_to_its_normal_form(authors):
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


def test_an_id_that_contradicts_the_key_is_refused(authors):
    with pytest.raises(ShardKeyChanged, match="slot"):
        Book.objects.create(pk=5, author=authors["ann"])
    with pytest.raises(ShardKeyChanged):
        Author.objects.create(pk=5, name="new")


def test_a_row_is_not_saved_on_another_shard(authors):
    ann = authors["ann"]
    wrong = next(alias for alias in SHARDS if alias != shard_for(ann))
    with pytest.raises(CrossShardQuery):
        Book(author=ann).save(using=wrong)
    with pytest.raises(CrossShardQuery):
        Book.objects.using(wrong).create(author=ann)
    with pytest.raises(CrossShardQuery):
        ann.delete(using=wrong)


def test_a_row_without_its_key_says_what_is_missing():
    with pytest.raises(UnroutedQuery, match="no author"):
        Book.objects.create(title="x")
    with pytest.raises(UnroutedQuery, match="no author_id"):
        Visit.objects.create(page="x")
    with pytest.raises(UnroutedQuery, match="no author"):
        Book.objects.bulk_create([Book(title="x")])


def test_a_copy_is_a_new_row(authors, books):
    book = Book.objects.get(pk=books[0].pk)
    book.pk, book._state.adding, book.title = None, True, "copy"
    book.save()
    assert book.pk != books[0].pk
    assert Book.objects.filter(author=book.author_id).count() == 4


def test_atomic_for_rolls_back_nests_and_refuses_other_shards(apart):
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


def test_on_commit_runs_on_the_shards_own_connection(apart, django_capture_on_commit_callbacks):
    a, _ = apart
    seen = []
    with django_capture_on_commit_callbacks(using=shard_for(a), execute=True), atomic_for(a) as on:
        transaction.on_commit(lambda: seen.append(on), using=on)
        assert seen == []
    assert seen == [shard_for(a)]


def test_a_clash_of_ids_takes_a_fresh_one(authors, monkeypatch):
    ann = authors["ann"]
    taken = ann.books.create(title="first").pk
    fresh = generator.next_id(slot_for(ann))
    made = itertools.chain([taken, fresh], itertools.repeat(taken))
    monkeypatch.setattr(generator, "next_ids", lambda slots: [next(made) for _ in slots])
    assert ann.books.create(title="second").pk == fresh


def test_a_bulk_clash_of_ids_takes_fresh_ones(authors, monkeypatch):
    ann = authors["ann"]
    taken = ann.books.create(title="first").pk
    fresh = [generator.next_id(slot_for(ann)) for _ in range(4)]
    made = iter([fresh[0], taken, fresh[1], fresh[2]])
    monkeypatch.setattr(generator, "next_ids", lambda slots: [next(made) for _ in slots])
    rows = Book.objects.bulk_create([Book(author=ann, title="a"), Book(author=ann, title="b")])
    assert [row.pk for row in rows] == fresh[1:3]


def _make_ids(number):
    return [generator.next_id(7) for _ in range(number)]


def test_ids_rise_and_carry_their_slot():
    made = _make_ids(5000)
    assert made == sorted(set(made))
    assert {ids.slot_of(each) for each in made} == {7}
    assert abs(ids.made_at(made[0]).timestamp() - time.time()) < 60


def test_a_clock_that_steps_back_never_lowers_an_id():
    now = [1_800_000_000.0]
    ticking = ids.IdGenerator(clock=lambda: now[0])
    before = [ticking.next_id(slot) for slot in (9, 4000, 5)]
    now[0] -= 3600
    after = [ticking.next_id(slot) for slot in (9, 0, 4000, 5, 5, 0)]
    assert after == sorted(after)
    assert min(after) > max(before)
    assert len(set(before + after)) == 9


def test_ids_do_not_run_out_within_a_millisecond():
    still = ids.IdGenerator(clock=lambda: 1_800_000_000.0)
    made = [still.next_id(3) for _ in range(5000)]
    assert made == sorted(set(made))


@pytest.mark.parametrize(
    "wrong", [(0, 0, 0), (2**60, 0, 0), (ids.EPOCH_MS, 4096, 0), (ids.EPOCH_MS, 0, 1024)]
)
def test_an_id_of_impossible_parts_is_refused(wrong):
    with pytest.raises(ValueError, match="is not within"):
        ids.compose(*wrong)


def _save_books(directory_author, number):
    for alias in connections:
        connections[alias].close()
    Book.objects.bulk_create([Book(author_id=directory_author, title=None) for _ in range(number)])
    for _ in range(20):
        Book.objects.create(author_id=directory_author, title=None)


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_eight_processes_save_into_one_slot_without_loss():
    ann = Author.objects.create(name="ann")
    for alias in connections:
        connections[alias].close()
    context = get_context("fork")
    workers = [context.Process(target=_save_books, args=(ann.pk, 500)) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 8
    assert ann.books.count() == 8 * 520


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_atomic_for_nests_with_savepoints_and_keeps_what_is_durable(authors):
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


def test_ignoring_conflicts_does_not_ignore_an_id_that_another_process_took(authors, monkeypatch):
    """A clash of ids is not the caller's conflict: the row would be lost without a word."""
    ann = authors["ann"]
    taken = Book.objects.create(author=ann, title="taken")
    real, made = generator.next_id, iter([taken.pk])
    monkeypatch.setattr(
        generator, "next_ids", lambda slots: [next(made, None) or real(slot) for slot in slots]
    )
    Book.objects.bulk_create([Book(author=ann, title="new")], ignore_conflicts=True)
    assert set(ann.books.values_list("title", flat=True)) == {"taken", "new"}


def test_rows_of_a_many_to_many_table_keep_the_ids_of_its_own_database(authors):
    """Its primary key is of Django's kind, which may be too small for a sharded id."""
    for name in ("ann", "bob"):
        book = Book.objects.create(author=authors[name])
        book.tags.set([Tag.objects.create(author=authors[name], word=word) for word in "abc"])
        links = Book.tags.through.objects.filter(book=book)
        assert links.count() == 3
        assert max(links.values_list("pk", flat=True)) < 2**31
