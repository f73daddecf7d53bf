"""Expressions that come after the WHERE, as to aggregate() and order_by(), are looked at too."""

import pytest
from django.contrib.auth.models import User
from django.db.models import (
    Count,
    Exists,
    F,
    FilteredRelation,
    IntegerField,
    Max,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce, Length

from shardrouter.exceptions import CrossShardQuery
from tests.shardrouter.app.models import Author, Book, Bookmark, Chapter, Country

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def marks(apart, books):
    """Two bookmarks of the first author: a book of their own, and one of the other's."""
    a, b = apart
    return Bookmark.objects.bulk_create(
        Bookmark(author=a, book=owner.books.get(pages=100)) for owner in (a, b)
    )


def theirs(b, column="title"):
    return Subquery(Book.objects.filter(author=b, pages=100).values(column)[:1])


marked = Exists(Bookmark.objects.filter(book=OuterRef("pk")))

LATE = {
    "a joined column": lambda a, b: Count("book__title"),
    "a joined column inside": lambda a, b: Max(Length("book__title")),
    "a joined row": lambda a, b: Count("book__chapters"),
    "a filter": lambda a, b: Count("pk", filter=Q(book__title__isnull=False)),
    "a subquery": lambda a, b: Max(theirs(b)),
    "a condition that is a subquery": lambda a, b: Count(
        "pk", filter=Exists(Book.objects.filter(pk=OuterRef("book")))
    ),
    "a default": lambda a, b: Sum("pk", filter=Q(pk=0), default=theirs(b, "pages")),
    "a sum of two": lambda a, b: Count("pk") + Count("book__title"),
}


@pytest.mark.parametrize("late", LATE.values(), ids=LATE)
@pytest.mark.parametrize("scatter", [False, True])
def test_it_refuses_an_aggregate_that_leaves_the_slot(apart, marks, late, scatter):
    a, b = apart
    rows = Bookmark.objects.scatter() if scatter else Bookmark.objects.filter(author=a)
    with pytest.raises(CrossShardQuery):
        rows.aggregate(n=late(a, b))


def test_it_refuses_an_aggregate_of_one_that_leaves_the_slot(apart, marks):
    with pytest.raises(CrossShardQuery):
        Bookmark.objects.filter(author=apart[0]).aggregate(
            n=Count("book__title"), m=F("n") + Count("pk")
        )


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        (Count("chapters"), 2),
        (Count("author__books", distinct=True), 3),
        (Count("pk", filter=Q(author__name="ann")), 3),
        (Count("pk", filter=Exists(Chapter.objects.filter(book=OuterRef("pk")))), 1),
        (Sum("pages", filter=Q(pages__lt=0), default=7), 7),
        (Count("pk") + Count("chapters"), 5 + 1),
        (Count("*"), 3),
        (Count("author"), 3),
    ],
)
def test_it_answers_an_aggregate_inside_the_slot(authors, books, late, expected):
    ann = authors["ann"]
    for number in (1, 2):
        Chapter.objects.create(book=ann.books.get(pages=100), number=number)
    assert ann.books.aggregate(n=late) == {"n": expected}


def test_it_answers_an_aggregate_of_an_annotation(authors, books):
    rows = authors["ann"].books.annotate(long=Length("title"))
    assert rows.aggregate(Max("long")) == {"long__max": 7}
    assert rows.aggregate(longest=Max("long"), more=F("longest") + 1)["more"] == 8


@pytest.mark.parametrize(
    "build",
    [
        lambda a, b: Bookmark.objects.filter(author=a).order_by(theirs(b)),
        lambda a, b: Book.objects.filter(author=a).order_by(marked),
        lambda a, b: Book.objects.filter(author=a).order_by(marked.desc(), "pk")[:1],
        lambda a, b: Book.objects.scatter().order_by(Coalesce(theirs(b, "pages"), Value(0))),
        lambda a, b: Bookmark.objects.filter(author=a).extra(order_by=["book__title"]),
        lambda a, b: Bookmark.objects.filter(author=a).alias(t=F("book__title")).order_by("t"),
        lambda a, b: Bookmark.objects.filter(author=a).dates("book__published", "year"),
        lambda a, b: Author.objects.filter(pk=a.pk).annotate(
            some=FilteredRelation("books", condition=Q(books__pages=theirs(b, "pages")))
        ).values("some__title"),
    ],
)  # fmt: skip
def test_it_refuses_rows_that_leave_the_slot(apart, marks, build):
    with pytest.raises(CrossShardQuery):
        list(build(*apart))


def test_it_orders_by_a_subquery_inside_the_slot(apart, books):
    _, b = apart
    own = Book.objects.filter(author=OuterRef("author"), pages=100).values("title")
    assert len(Book.objects.scatter().order_by(Subquery(own), "pk")) == len(books)
    chapters = Chapter.objects.filter(book=OuterRef("pk"))
    Chapter.objects.create(book=b.books.get(pages=100), number=1)
    found = Book.objects.filter(author__in=apart).order_by(Exists(chapters).desc(), "pk")
    assert found[0] == b.books.get(pages=100)


# -- From models that are not sharded ------------------------------------------------------


@pytest.fixture
def countries(apart):
    """A country that both authors are at home in, with a keeper."""
    keeper = User.objects.create(username="keeper")
    country = Country.objects.create(code="de", keeper=keeper)
    Author.objects.filter(pk__in=[each.pk for each in apart]).update(home=country)
    return country


GLOBAL = {
    "a reverse count": lambda a: Country.objects.annotate(n=Count("author")),
    "a reverse filter": lambda a: Country.objects.filter(author__name="ann"),
    "a reverse exclude": lambda a: Country.objects.exclude(author__name="ann"),
    "two joins": lambda a: User.objects.filter(country__author__name="ann"),
    "reverse values": lambda a: Country.objects.values("author__name"),
    "a reverse order": lambda a: Country.objects.order_by("author__name"),
    "exists": lambda a: Country.objects.filter(Exists(Author.objects.filter(home=OuterRef("pk")))),
    "not exists": lambda a: Country.objects.filter(
        ~Exists(Author.objects.filter(home=OuterRef("pk")))
    ),
    "a subquery": lambda a: Country.objects.annotate(
        n=Subquery(Author.objects.filter(pk=a.pk).values("name"))
    ),
    "an order by a subquery": lambda a: Country.objects.order_by(
        Subquery(Author.objects.filter(home=OuterRef("pk")).values("name")[:1])
    ),
    "a membership": lambda a: Country.objects.filter(pk__in=Author.objects.values("home")),
}


@pytest.mark.parametrize("build", GLOBAL.values(), ids=GLOBAL)
def test_it_refuses_a_global_model_that_looks_into_the_shards(apart, countries, build):
    with pytest.raises(CrossShardQuery):
        list(build(apart[0]))


@pytest.mark.parametrize("run", [lambda rows: rows.count(), lambda rows: rows.exists()])
@pytest.mark.parametrize("name", ["a reverse filter", "a reverse exclude", "exists", "not exists"])
def test_it_refuses_to_count_global_rows_by_what_is_on_the_shards(apart, countries, name, run):
    with pytest.raises(CrossShardQuery):
        run(GLOBAL[name](apart[0]))


@pytest.mark.parametrize(
    "late",
    [Count("author"), Count("pk", filter=Exists(Author.objects.filter(home=OuterRef("pk"))))],
)
def test_it_refuses_a_global_aggregate_over_the_shards(countries, late):
    with pytest.raises(CrossShardQuery):
        Country.objects.aggregate(n=late)


def test_it_refuses_a_global_write_that_looks_into_the_shards(countries):
    names = Author.objects.filter(home=OuterRef("pk")).values("name")[:1]
    with pytest.raises(CrossShardQuery):
        Country.objects.update(code=Coalesce(Subquery(names), Value("xx")))
    with pytest.raises(CrossShardQuery):
        Country.objects.filter(author__name="ann").delete()


def test_it_follows_keys_between_global_and_sharded_rows(apart, countries):
    a, b = apart
    assert set(countries.author_set.scatter()) == {a, b}
    assert a.home is None or Author.objects.get(pk=a.pk).home == countries
    assert Author.objects.get(pk=b.pk).home.keeper.username == "keeper"
    found = Country.objects.filter(keeper__username="keeper").annotate(n=Count("keeper"))
    assert [each.n for each in found] == [1]
    ids = Author.objects.scatter().values_list("home", flat=True)
    assert Country.objects.filter(pk__in=list(ids)).get() == countries
    rows = Book.objects.annotate(n=Value(1, IntegerField())).filter(author=a)
    assert rows.count() == a.books.count()


def test_it_joins_both_in_a_database_that_has_both(apart, countries):
    """As a project's own reporting database, or the one big database of these tests."""
    rows = Country.objects.using("whole")
    assert list(rows.annotate(n=Count("author"))) == []
    assert list(rows.filter(Exists(Author.objects.filter(home=OuterRef("pk"))))) == []
