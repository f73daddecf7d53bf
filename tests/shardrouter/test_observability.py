"""Signals, counters and the log line: who sees which queries scatter, and why."""

import logging

import pytest
from django.db.models import Count
from django.test import override_settings

from shardrouter import shard_for
from shardrouter.counters import query_counters
from shardrouter.signals import query_routed, query_scattered
from tests.shardrouter.app.models import Author, Book

pytestmark = pytest.mark.django_db(databases="__all__")

SHARDS = ("shard0", "shard1", "shard2")


@pytest.fixture
def seen():
    """What both signals said, in order."""
    told = []

    def hear(signal, sender, shards, reason, operation, **kwargs):
        kind = "routed" if signal is query_routed else "scattered"
        told.append((sender._meta.label, kind, shards, reason, operation))

    query_routed.connect(hear)
    query_scattered.connect(hear)
    query_counters.reset()
    yield told
    query_routed.disconnect(hear)
    query_scattered.disconnect(hear)


@pytest.mark.parametrize(
    ("ask", "reason", "operation"),
    [
        (lambda ann: Author.objects.get(name="ann"), "name", "select"),
        (lambda ann: list(ann.books.all()), "author", "select"),
        (lambda ann: ann.books.first(), "author", "select"),
        (lambda ann: ann.books.count(), "author", "count"),
        (lambda ann: ann.books.exists(), "author", "exists"),
        (lambda ann: ann.books.aggregate(n=Count("pk")), "author", "aggregate"),
        (lambda ann: list(Book.objects.filter(author=ann).iterator()), "author", "select"),
        (lambda ann: ann.books.filter(pk=ann.pk).update(pages=1), "author, id", "update"),
        (lambda ann: ann.books.filter(pages=0).delete(), "author", "delete"),
        (lambda ann: Author.objects.get_or_create(name="ann"), "name", "select"),
        (lambda ann: list(Book.objects.scatter().filter(author=ann)), "author", "select"),
    ],
)
def test_it_reports_a_routed_query_once(books, authors, seen, ask, reason, operation):
    ann = authors["ann"]
    ask(ann)
    ((label, kind, shards, why, what),) = seen
    assert (kind, shards, why, what) == ("routed", (shard_for(ann),), reason, operation)
    assert query_counters.counts() == {(label, "routed", reason): 1}


@pytest.mark.parametrize(
    ("ask", "operation"),
    [
        (lambda rows: list(rows), "select"),
        (lambda rows: list(rows.order_by("-pages")[:3]), "select"),
        (lambda rows: list(rows.iterator(chunk_size=2)), "select"),
        (lambda rows: list(rows.values("pages").annotate(n=Count("pk"))), "select"),
        (lambda rows: rows.count(), "count"),
        (lambda rows: rows.order_by("pk")[2:].exists(), "count"),
        (lambda rows: rows.exists(), "exists"),
        (lambda rows: rows.aggregate(n=Count("title", distinct=True)), "aggregate"),
        (lambda rows: rows.update(pages=1), "update"),
        (lambda rows: rows.delete(), "delete"),
    ],
)
def test_it_reports_a_scattered_query_once(books, seen, ask, operation):
    ask(Book.objects.scatter(writes=True))
    assert seen == [("app.Book", "scattered", SHARDS, "scatter()", operation)]
    assert query_counters.counts() == {("app.Book", "scattered", "scatter()"): 1}


def test_it_reports_ids_of_several_shards_as_scattered_with_a_reason(books, seen):
    list(Book.objects.filter(pk__in=[book.pk for book in books]))
    list(Book.objects.none())
    list(Book.objects.using("shard0"))
    assert seen == [("app.Book", "scattered", SHARDS, "id", "select")]


def test_it_logs_a_scatter_that_reads_too_much(books, caplog):
    with override_settings(SHARDROUTER={"SHARDS": SHARDS, "SCATTER_WARNING_ROWS": 35}):
        with caplog.at_level(logging.WARNING, logger="shardrouter"):
            list(Book.objects.scatter()[:9])
            list(Book.objects.scatter().values("pages").annotate(n=Count("pk")))
        assert caplog.records == []
        with caplog.at_level(logging.WARNING, logger="shardrouter"):
            list(Book.objects.scatter())
            list(Book.objects.scatter().values("pk").annotate(n=Count("pk")))
            list(Book.objects.scatter().iterator(chunk_size=10))
            list(Book.objects.scatter().values("title", "author__name").annotate(n=Count("pk")))
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 4
    assert "app.Book read 36 rows from 3 shards" in caplog.text
    assert "app.Book reads more than 35 rows from 3 shards" in caplog.text
