"""Window functions see the rows of all shards, or are refused, however a queryset is asked."""

import pytest
from django.db.models import Count, F, Max, OuterRef, Q, Subquery, Sum, Window
from django.db.models.functions import Rank, RowNumber

from shardrouter import shard_for
from shardrouter.exceptions import CrossShardQuery, ShardRouterError
from tests.shardrouter.app.models import Author, Book

pytestmark = pytest.mark.django_db(databases="__all__")

over_all = Window(RowNumber(), order_by="pk")
of_author = Window(RowNumber(), partition_by="author", order_by="pk")


def numbered(rows, window=over_all):
    return rows.annotate(row=window)


ASKED = {
    "list": list,
    "count": lambda rows: rows.count(),
    "exists": lambda rows: rows.exists(),
    "bool": bool,
    "first": lambda rows: rows.order_by("pk").first(),
    "last": lambda rows: rows.order_by("pk").last(),
    "aggregate": lambda rows: rows.aggregate(n=Count("pk")),
    "iterator": lambda rows: list(rows.iterator()),
    "in_bulk": lambda rows: rows.in_bulk(),
    "delete": lambda rows: rows.delete(),
    "update": lambda rows: rows.update(pages=0),
}

#: Of every row on all shards; of two owners on two; of one, or of another, told after the window.
AFTER_WINDOW = {
    "all": lambda a, b: numbered(Book.objects.scatter(writes=True)).filter(row=2),
    "two": lambda a, b: numbered(Book.objects.filter(author__in=[a, b])).filter(row=2),
    "or": lambda a, b: numbered(Book.objects.scatter(writes=True)).filter(
        Q(author=a, row=2) | Q(author=b, row=1)
    ),
    "or of one": lambda a, b: numbered(Book.objects.scatter(writes=True)).filter(
        Q(author=b, row=2) | Q(author=b, row=1)
    ),
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("build", AFTER_WINDOW.values(), ids=AFTER_WINDOW)
def test_it_refuses_a_condition_on_a_window_over_several_shards(apart, books, build, ask):
    with pytest.raises(CrossShardQuery, match=r"window|need not find"):
        ask(build(*apart))
    assert Book.objects.scatter().count() == len(books)
    assert not Book.objects.scatter().filter(pages=0).exists()


@pytest.mark.parametrize(
    "ask",
    [
        lambda rows: numbered(rows).aggregate(n=Max("row")),
        lambda rows: numbered(rows).aggregate(n=Sum("pk", filter=Q(row__gt=1))),
        lambda rows: numbered(rows).aggregate(n=Count("row", distinct=True)),
        lambda rows: list(rows.order_by(over_all)),
        lambda rows: list(rows.order_by(over_all.desc())[:2]),
        lambda rows: rows.order_by(over_all).first(),
        lambda rows: list(rows.order_by(Window(Rank(), order_by="pages"), "pk").iterator()),
        lambda rows: list(numbered(rows).order_by("-row")),
        lambda rows: list(numbered(rows).values_list("row", flat=True)),
        lambda rows: numbered(rows).values("row").distinct().count(),
    ],
)
def test_it_refuses_a_window_over_several_shards(books, ask):
    with pytest.raises(CrossShardQuery, match="window"):
        ask(Book.objects.scatter())


@pytest.mark.parametrize("pick", ["filter", "exclude"])
@pytest.mark.parametrize(
    "write", [lambda rows: rows.delete(), lambda rows: rows.update(pages=0), list]
)
def test_it_refuses_rows_that_a_window_over_several_shards_names(apart, books, pick, write):
    newest = numbered(Book.objects.all(), Window(RowNumber(), order_by="-pk"))
    ids = newest.filter(row__lte=3).values("pk")
    for rows in (Book.objects.scatter(writes=True), Book.objects.filter(author=apart[0])):
        with pytest.raises(ShardRouterError):
            write(getattr(rows, pick)(pk__in=ids))
    assert Book.objects.scatter().count() == len(books)


def test_it_keeps_the_newest_of_each_owner(authors, books):
    newest = Window(RowNumber(), partition_by="author", order_by="-pk")
    keep = Book.objects.annotate(row=newest).filter(row__lte=2).values("pk")
    deleted, _ = Book.objects.scatter(writes=True).exclude(pk__in=keep).delete()
    assert deleted == len(authors)
    for author in authors.values():
        own = sorted(book.pk for book in books if book.author_id == author.pk)
        assert list(author.books.order_by("pk").values_list("pk", flat=True)) == own[1:]


def test_it_keeps_the_newest_of_one_owner(apart, books):
    a, b = apart
    newest = numbered(a.books.all(), Window(RowNumber(), order_by="-pk"))
    a.books.exclude(pk__in=newest.filter(row__lte=1).values("pk")).delete()
    assert a.books.count() == 1
    assert b.books.count() == 3
    rows = numbered(b.books.all()).filter(row__gt=1)
    assert rows.count() == 2
    assert rows.aggregate(n=Max("row")) == {"n": 3}
    assert rows.exists()
    assert rows.contains(b.books.order_by("pk").last()) is False  # as one database: Django asks
    # for the row before it numbers what it found.


def test_it_answers_by_windows_of_one_slot(authors, books):
    rows = numbered(Book.objects.scatter(writes=True), of_author)
    size = len(authors)
    assert rows.filter(row=2).count() == size
    assert rows.filter(row=4).exists() is False
    assert rows.aggregate(n=Max("row"), m=Count("row")) == {"n": 3, "m": 3 * size}
    assert rows.aggregate(n=Sum("row", filter=Q(row__gt=1))) == {"n": 5 * size}
    assert [book.row for book in rows.order_by("-row", "pk")[: size + 1]] == [3] * size + [2]
    ordered = Book.objects.scatter().order_by(of_author, "pk")
    assert ordered[0].pk == min(book.pk for book in books)
    assert rows.filter(Q(row=1, pages=100) | Q(row=2, pages=100)).count() == size
    ann = authors["ann"]
    either = Q(author=ann, row=1) | Q(author=ann, row=2)
    assert numbered(Book.objects.all(), of_author).filter(either).count() == 2


def test_it_answers_where_a_window_does_not_matter(authors, books):
    rows = numbered(Book.objects.scatter())
    assert rows.count() == len(books)
    assert rows.exists()
    assert rows.filter(pages=100).aggregate(n=Sum("pages")) == {"n": 100 * len(authors)}
    assert set(rows.values_list("pk", flat=True)) == {book.pk for book in books}


def test_it_ties_subqueries_with_windows_to_the_outer_row(authors, books):
    own = Book.objects.filter(author=OuterRef("pk"))
    second = numbered(own).filter(row=2).values("title")
    found = Author.objects.scatter().annotate(second=Subquery(second)).order_by("name")
    expected = {
        author.pk: sorted(
            (book for book in books if book.author_id == author.pk), key=lambda book: book.pk
        )[1].title
        for author in authors.values()
    }
    assert {author.pk: author.second for author in found} == expected
    after = numbered(Book.objects.all()).filter(Q(author=OuterRef("pk"), row=2) | Q(row=0))
    with pytest.raises(CrossShardQuery):
        list(Author.objects.scatter().annotate(second=Subquery(after.values("title"))))


def test_it_ties_a_window_of_one_shard_to_its_own_slots(apart, books):
    a, b = apart
    beside = next(
        each for each in Author.objects.scatter() if shard_for(each) == shard_for(a) and each != a
    )
    both = numbered(Book.objects.filter(author__in=[a, beside])).filter(row__gt=3)
    assert both.count() == 3
    assert list(both.annotate(x=F("row") + 1).order_by("x").values_list("x", flat=True)) == [
        5,
        6,
        7,
    ]
    of_a = [book for book in both if book.author_id == a.pk]
    assert Book.objects.filter(author=a, pk__in=both.values("pk")).count() == len(of_a)
    with pytest.raises(ShardRouterError):
        list(Book.objects.filter(author=b, pk__in=both.values("pk")))
