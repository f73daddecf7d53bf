"""What scatter() merges beside rows: spreads, windows, dates, groups; and what it refuses."""

import datetime
import statistics
import tracemalloc
from decimal import Decimal

import pytest
from django.db import connections
from django.db.models import Count, F, Prefetch, Q, StdDev, Sum, Variance, Window
from django.db.models.functions import Coalesce, RowNumber, TruncMonth
from django.test.utils import CaptureQueriesContext

from shardrouter import shard_for
from shardrouter.exceptions import CrossShardQuery, ShardUnavailable
from tests.shardrouter.app.models import Author, Book, Chapter, Tag, Visit
from tests.shardrouter.test_routing import asked

pytestmark = pytest.mark.django_db(databases="__all__")

UTC = datetime.UTC


@pytest.mark.parametrize("sample", [False, True])
def test_it_computes_spreads_over_all_shards_without_nulls(books, sample):
    pages = [float(book.pages) for book in books if book.pages is not None]
    prices = [Decimal(book.price) for book in books if book.price is not None]
    far = 10**9
    got = Book.objects.scatter().aggregate(
        deviation=StdDev("pages", sample=sample),
        variance=Variance("pages", sample=sample),
        far=Variance(F("pages") + far, sample=sample),
        money=StdDev("price", sample=sample),
        few=Variance("pages", sample=sample, filter=Q(pages__lt=3)),
        none=Variance("pages", sample=sample, filter=Q(pages__lt=0)),
    )
    deviation = statistics.stdev if sample else statistics.pstdev
    variance = statistics.variance if sample else statistics.pvariance
    assert got["deviation"] == pytest.approx(deviation(pages))
    assert got["variance"] == pytest.approx(variance(pages))
    assert got["far"] == pytest.approx(variance(pages))
    assert isinstance(got["money"], Decimal)
    assert float(got["money"]) == pytest.approx(float(deviation(prices)))
    assert got["few"] == pytest.approx(variance([1, 2]))
    assert got["none"] is None


def test_it_computes_spreads_of_groups(books):
    got = Book.objects.scatter().values("published").annotate(spread=StdDev("pages"))
    pages = [float(book.pages) for book in books if book.pages is not None]
    assert [row["spread"] for row in got] == [pytest.approx(statistics.pstdev(pages))]


def test_it_does_not_know_the_spread_of_a_sample_of_one(authors):
    Book.objects.create(author=authors["ann"], pages=3)
    got = Book.objects.scatter().aggregate(
        a=Variance("pages"), b=Variance("pages", sample=True), c=StdDev("price")
    )
    assert got == {"a": 0.0, "b": None, "c": None}


def test_it_aggregates_distinct_values_with_a_filter_over_a_join(authors):
    for name in ("ann", "bob", "cleo"):
        book = Book.objects.create(author=authors[name])
        Chapter.objects.bulk_create(
            Chapter(book=book, number=number, heading=heading)
            for number, heading in enumerate(("one", "two", f"of {name}"))
        )
    counted = Book.objects.scatter().aggregate(
        n=Count("chapters__heading", distinct=True, filter=Q(chapters__number__gt=0))
    )
    assert counted == {"n": 4}
    again = Book.objects.scatter().filter(chapters__number=0)
    assert again.aggregate(n=Count("chapters__heading", distinct=True)) == {"n": 1}


def test_it_merges_windows_inside_the_shard_key_and_rejects_others(authors, books):
    number = Window(RowNumber(), partition_by=F("author"), order_by=F("pk").desc())
    rows = Book.objects.scatter().annotate(number=number).order_by("number", "pk")
    assert [row.number for row in rows] == [1] * 12 + [2] * 12 + [3] * 12
    newest = Book.objects.scatter().annotate(number=number).filter(number=1)
    assert sorted(row.pk for row in newest) == sorted(book.pk for book in books[2::3])
    for partition in (None, F("pages")):
        across = Window(RowNumber(), partition_by=partition, order_by="pk")
        with pytest.raises(CrossShardQuery):
            list(Book.objects.scatter().annotate(number=across))
        with pytest.raises(CrossShardQuery):
            list(Book.objects.scatter().alias(number=across).filter(number=1))


def test_it_merges_dates(authors):
    days = [datetime.datetime(2026, month, 3, tzinfo=UTC) for month in (1, 1, 2, 5)]
    Book.objects.bulk_create(
        Book(author=author, published=day) for author in authors.values() for day in days
    )
    months = [datetime.datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2, 5)]
    scattered = Book.objects.scatter()
    assert list(scattered.datetimes("published", "month", tzinfo=UTC)) == months
    assert list(scattered.datetimes("published", "month", order="DESC", tzinfo=UTC)) == months[::-1]
    Author.objects.scatter(writes=True).update(born=days[0].date())
    assert list(Author.objects.scatter().dates("born", "year")) == [datetime.date(2026, 1, 1)]
    by_month = scattered.values(month=TruncMonth("published", tzinfo=UTC)).annotate(n=Count("pk"))
    assert list(by_month.order_by("month").values_list("month", "n")) == [
        (months[0], 24),
        (months[1], 12),
        (months[2], 12),
    ]


def test_it_prefetches_a_many_to_many_over_several_shards(authors, books):
    expected = {}
    for author in authors.values():
        tags = [Tag.objects.create(author=author, word=word) for word in ("a", "b", author.name)]
        for number, book in enumerate(author.books.order_by("pk")):
            book.tags.set(tags[:number])
            expected[book.pk] = [tag.word for tag in tags[:number]]
    captures = {alias: CaptureQueriesContext(connections[alias]) for alias in connections}
    for capture in captures.values():
        capture.__enter__()
    found = list(Book.objects.scatter().prefetch_related("tags"))
    got = {book.pk: sorted(tag.word for tag in book.tags.all()) for book in found}
    for capture in captures.values():
        capture.__exit__(None, None, None)
    assert got == {pk: sorted(words) for pk, words in expected.items()}
    counts = {alias: len(capture) for alias, capture in captures.items()}
    assert counts == {"default": 0, "whole": 0, "shard0": 2, "shard1": 2, "shard2": 2}
    longest = Prefetch("tags", Tag.objects.order_by("-word"), to_attr="sorted_tags")
    for book in Book.objects.scatter().prefetch_related(longest):
        words = [tag.word for tag in book.sorted_tags]
        assert words == sorted(expected[book.pk], reverse=True)
    tags = Tag.objects.scatter().filter(word="a").prefetch_related("book_set")
    assert sum(len(tag.book_set.all()) for tag in tags) == 24


@pytest.mark.parametrize(
    "ask",
    [
        lambda rows: rows.annotate(ratio=Sum("pages") * 1.0 / Count("pk")),
        lambda rows: rows.annotate(n=Count("pk")).filter(n__in=Author.objects.values("rating")),
        lambda rows: rows.annotate(n=Coalesce(Sum("pages"), Count("pk") + 1)),
        lambda rows: rows.annotate(n=Count("pk")).annotate(at=Window(RowNumber(), order_by="n")),
    ],
)
def test_it_rejects_groups_that_cannot_be_merged(books, ask):
    with pytest.raises(CrossShardQuery):
        list(ask(Book.objects.scatter().values("title")))


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_it_names_the_unavailable_shard_that_groups_leave_out(authors, books, down):
    lost = shard_for(authors["ann"])
    kept = sum(shard_for(author) != lost for author in authors.values())
    with down(lost):
        with pytest.raises(ShardUnavailable, match=lost):
            list(Book.objects.scatter().values("pages").annotate(n=Count("pk")))
        rows = Book.objects.scatter(on_shard_down="skip").values("pages").annotate(n=Count("pk"))
        assert {row["pages"]: row["n"] for row in rows}[100] == kept
        assert rows.shards_missing == (lost,)


def test_it_iterates_with_one_chunk_of_each_shard_in_memory(authors):
    ids = [author.pk for author in authors.values()]

    def peak(read):
        tracemalloc.start()
        try:
            number = sum(1 for _ in read(Visit.objects.scatter().order_by("author_id", "pk")))
            return number, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    Visit.objects.bulk_create(Visit(author_id=pk, page="/") for pk in ids for _ in range(200))
    few, small = peak(lambda rows: rows.iterator(chunk_size=200))
    Visit.objects.bulk_create(Visit(author_id=pk, page="/") for pk in ids for _ in range(2000))
    many, large = peak(lambda rows: rows.iterator(chunk_size=200))
    _, whole = peak(list)
    assert (few, many) == (2400, 26400)
    assert large < small * 3, (small, large)
    assert large * 10 < whole, (large, whole)


def test_it_finds_no_spread_in_equal_values_far_from_the_others(authors):
    rows = [
        Book(author=author, pages=pages, title=str(pages))
        for at, author in enumerate(authors.values())
        for pages in (1, 2, 3, 7, 10, 1000 + at)
    ]
    Book.objects.bulk_create(rows)
    groups = Book.objects.scatter().values("pages").annotate(apart=StdDev("pages"))
    assert {group["apart"] for group in groups} == {0.0}


def test_it_counts_groups_without_what_they_show(books):
    groups = (
        Book.objects.scatter()
        .values("pages")
        .annotate(mean=Sum("price") / Count("pk"), names=Count("title", distinct=True))
    )
    different = len({book.pages for book in books})
    with asked() as seen:
        assert groups.count() == different
        assert groups.exists()
        assert groups[2:5].count() == 3
        assert groups.filter(names__gt=1).count() == 1
        assert groups.values_list("pages", flat=True).count() == different
    # One query on each shard for each, and one more for the titles where a condition needs them.
    assert set(seen.counts.values()) == {6}


def test_it_counts_a_slice_of_distinct_rows_by_what_orders_them(books, authors):
    """As Django, whose SELECT DISTINCT compares what is ordered by, if that is kept for a slice."""
    rows = Author.objects.scatter().distinct().order_by("books__pages", "pk")
    assert rows.count() == len(authors)
    everything = list(rows.all())
    assert len(everything) == len(books)
    for cut in (slice(1, None), slice(0, 20), slice(3, 30), slice(50, None)):
        assert rows[cut].count() == len(everything[cut])
