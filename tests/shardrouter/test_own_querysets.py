"""A project's own querysets and managers: their methods may have any name but the public ones."""

import pytest
from django.db.models import Count

from shardrouter.models import ShardedManager, ShardedQuerySet
from tests.shardrouter.app.models import Book

pytestmark = pytest.mark.django_db(databases="__all__")


def taken(self, *args, **kwargs):
    raise AssertionError("shardrouter has called a project's own method.")


# What this library has called, or might call, its own inner workings.
NAMES = (
    "ask ask_each fetch fetch_rows note notes pin pinned record route routes shards slots "
    "target_shards targets write_each write_shards"
).split()
BusyQuerySet = type("BusyQuerySet", (ShardedQuerySet,), dict.fromkeys(NAMES, taken))


@pytest.fixture
def rows(books):
    def fresh():
        return BusyQuerySet(Book)

    return fresh


def test_it_reads_through_a_queryset_with_methods_of_any_name(rows, books, authors):
    ann = authors["ann"]
    assert len(rows().filter(author=ann)) == 3
    assert len(rows().scatter().order_by("-pages", "pk")[:5]) == 5
    assert len(list(rows().scatter().iterator(chunk_size=5))) == len(books)
    assert rows().scatter().count() == len(books)
    assert rows().scatter().exists()
    assert rows().scatter().aggregate(n=Count("title", distinct=True)) == {"n": 24}
    assert len(rows().scatter().values("pages").annotate(n=Count("pk"))) == 14
    assert rows().in_bulk([book.pk for book in books[:5]]).keys() == {b.pk for b in books[:5]}
    assert rows().filter(author=ann).explain_route().reason == f"author = {ann.pk}"


def test_it_writes_through_a_queryset_with_methods_of_any_name(rows, books, authors):
    ann = authors["ann"]
    assert rows().create(author=ann, title="new").author == ann
    assert rows().get_or_create(author=ann, title="new")[1] is False
    assert len(rows().bulk_create([Book(author=ann), Book(author=authors["bob"])])) == 2
    assert rows().scatter(writes=True).update(pages=1) == len(books) + 3
    assert rows().filter(author=ann).delete() == (5, {"app.Book": 5})


def test_it_adds_no_method_to_managers_but_the_public_ones():
    own = set(dir(ShardedManager)) - set(dir(ShardedManager.__mro__[2]))
    assert {name for name in own if not name.startswith("_")} == {"scatter", "explain_route"}


def test_it_offers_the_rows_of_all_shards_in_a_form_by_a_queryset_as_manager(books):
    manager = BusyQuerySet.as_manager()
    manager.model = Book
    assert isinstance(manager, ShardedManager)
    assert manager.using(None).count() == len(books)
    assert manager.complex_filter({"pages": 100}).count() == len(books) // 3
    assert manager.deconstruct()[2].endswith("BusyQuerySet")
