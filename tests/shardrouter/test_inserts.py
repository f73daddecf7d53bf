"""Inserts that make ids: after a clash, of very many rows, and from many processes."""

import itertools
from multiprocessing import get_context

import pytest
from django.db import IntegrityError, connections

from shardrouter import (
    atomic_for,
    ids,
    insert_ignoring_conflicts,
    new_id,
    shard_for,
    shards,
    slot_for,
)
from shardrouter.exceptions import CrossShardTransaction, ShardUnavailable
from shardrouter.ids import generator
from tests.shardrouter.app.models import Author, Book, Shelf, Tag, Visit

pytestmark = pytest.mark.django_db(databases="__all__")


def test_it_saves_with_a_new_id_after_a_clash(authors, monkeypatch):
    ann = authors["ann"]
    taken = ann.books.create(title="first").pk
    fresh = generator.next_id(slot_for(ann))
    made = itertools.chain([taken, fresh], itertools.repeat(taken))
    monkeypatch.setattr(generator, "next_ids", lambda slots: [next(made) for _ in slots])
    assert ann.books.create(title="second").pk == fresh


def test_it_creates_in_bulk_with_new_ids_after_a_clash(authors, monkeypatch):
    ann = authors["ann"]
    taken = ann.books.create(title="first").pk
    fresh = [generator.next_id(slot_for(ann)) for _ in range(4)]
    made = iter([fresh[0], taken, fresh[1], fresh[2]])
    monkeypatch.setattr(generator, "next_ids", lambda slots: [next(made) for _ in slots])
    rows = Book.objects.bulk_create([Book(author=ann, title="a"), Book(author=ann, title="b")])
    assert [row.pk for row in rows] == fresh[1:3]


def test_it_does_not_ignore_a_clash_of_ids_with_the_conflicts(authors, monkeypatch):
    """A clash of ids is not the caller's conflict: the row would be lost without a word."""
    ann = authors["ann"]
    taken = Book.objects.create(author=ann, title="taken")
    real, made = generator.next_id, iter([taken.pk])
    monkeypatch.setattr(
        generator, "next_ids", lambda slots: [next(made, None) or real(slot) for slot in slots]
    )
    Book.objects.bulk_create([Book(author=ann, title="new")], ignore_conflicts=True)
    assert set(ann.books.values_list("title", flat=True)) == {"taken", "new"}


def _save_books(directory_author, number):
    for alias in connections:
        connections[alias].close()
    Book.objects.bulk_create([Book(author_id=directory_author, title=None) for _ in range(number)])
    for _ in range(20):
        Book.objects.create(author_id=directory_author, title=None)


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_it_loses_no_row_of_eight_processes_in_one_slot():
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


def test_it_makes_new_ids_in_the_slot_of_a_row_an_id_or_a_slot(authors):
    ann = authors["ann"]
    made = [new_id(ann), new_id(ann.pk), new_id(str(ann.pk)), new_id(slot=slot_for(ann))]
    assert made == sorted(set(made))
    assert {ids.slot_of(each) for each in made} == {slot_for(ann)}
    assert ids.slot_of(new_id(Book(author=ann))) == slot_for(ann)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, TypeError),
        ({"subject": 1 << 40, "slot": 1}, TypeError),
        ({"subject": 1.5}, TypeError),
        ({"slot": 4096}, ValueError),
        ({"slot": -1}, ValueError),
    ],
)
def test_it_makes_no_id_without_exactly_one_slot(arguments, error):
    with pytest.raises(error):
        new_id(**arguments)


def test_it_names_the_shards_in_the_order_of_the_setting():
    assert shards() == ("shard0", "shard1", "shard2")


def insert_books(rows):
    insert_ignoring_conflicts(
        Book, ["author", "title", "pages"], rows, unique_fields=["author_id", "title"]
    )


def test_it_inserts_rows_of_any_mix_of_shards_and_ignores_those_that_exist(authors):
    owners = list(authors.values())
    old = Book.objects.create(author=owners[0], title="t", pages=1)
    rows = [(owner.pk, "t", 2) for owner in owners]
    insert_books(rows)
    insert_books([*rows, (owners[0].pk, "u", None)])
    insert_books([])
    for owner in owners:
        book = Book.objects.using(shard_for(owner)).get(author=owner, title="t")
        assert slot_for(book) == slot_for(owner)
        assert book.pages == (1 if book == old else 2)
    assert owners[0].books.get(title="u").pages is None
    assert Book.objects.scatter().count() == len(owners) + 1


def test_it_inserts_values_as_the_fields_save_them(authors):
    ann = authors["ann"]
    born = ann.books.create(title="day").published
    insert_ignoring_conflicts(
        Book,
        ["author_id", "title", "price", "published"],
        [(ann.pk, "t", "9.5", born), (ann.pk, "u", None, None)],
        unique_fields=["author", "title"],
    )
    assert str(ann.books.get(title="t").price) == "9.50"


def test_it_inserts_roots_where_their_names_say_and_others_at_random(authors):
    insert_ignoring_conflicts(
        Author, ["name"], [("Ann",), ("nell",), ("olga",)], unique_fields=["name"]
    )
    for name in ("Ann", "nell", "olga"):
        assert Author.objects.get(name=name).name == name
    insert_ignoring_conflicts(Shelf, ["label"], [("x",)] * 60, unique_fields=["id"])
    assert {shard_for(shelf) for shelf in Shelf.objects.scatter()} == set(shards())


def test_it_inserts_with_new_ids_after_a_clash(authors, monkeypatch):
    ann = authors["ann"]
    taken = ann.books.create(title="first").pk
    made = itertools.chain([taken], iter(generator.next_ids([slot_for(ann)] * 3)))
    monkeypatch.setattr(generator, "next_ids", lambda slots: [next(made) for _ in slots])
    insert_books([(ann.pk, "second", 2)])
    assert set(ann.books.values_list("title", flat=True)) == {"first", "second"}


def test_it_gives_up_after_eight_clashes_in_a_row(authors, monkeypatch):
    ann = authors["ann"]
    taken = ann.books.create(title="first").pk
    calls = []
    monkeypatch.setattr(generator, "next_ids", lambda slots: calls.append(slots) or [taken])
    with pytest.raises(IntegrityError):
        insert_books([(ann.pk, "second", 2)])
    assert len(calls) == 8


def test_it_raises_any_other_conflict_and_leaves_nothing(authors, monkeypatch):
    owners = list(authors.values())
    calls = []
    real = generator.next_ids
    monkeypatch.setattr(generator, "next_ids", lambda slots: calls.append(slots) or real(slots))
    with pytest.raises(IntegrityError):
        insert_ignoring_conflicts(
            Tag, ["author", "word"], [(owner.pk, None) for owner in owners], unique_fields=["id"]
        )
    assert len(calls) == 1
    assert not Tag.objects.scatter().exists()


def test_it_inserts_inside_a_transaction_of_the_same_shard_alone(apart):
    a, b = apart
    with pytest.raises(RuntimeError), atomic_for(a):
        insert_books([(a.pk, "undone", 1)])
        raise RuntimeError
    with pytest.raises(CrossShardTransaction), atomic_for(a):
        insert_books([(a.pk, "undone", 1), (b.pk, "undone", 1)])
    assert not Book.objects.scatter().exists()


@pytest.mark.parametrize(
    ("model", "columns", "named"),
    [(Book, ["title"], "need author"), (Visit, ["page"], "author_id"), (Book, ["tags"], "tags")],
)
def test_it_inserts_nothing_without_the_shard_key_or_into_no_column(model, columns, named):
    with pytest.raises(ValueError, match=named):
        insert_ignoring_conflicts(model, columns, [("x",)], unique_fields=["id"])


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_it_names_an_unavailable_shard_and_inserts_nowhere(authors, down):
    lost = shard_for(authors["ann"])
    with down(lost), pytest.raises(ShardUnavailable, match=lost):
        insert_books([(owner.pk, "t", 1) for owner in authors.values()])
    assert not Book.objects.scatter().exists()
