"""union(), intersection() and difference() compare rows, wherever the rows of their parts are."""

import pytest
from django.db.models import Exists, F, OuterRef

from shardrouter import shard_for
from shardrouter.exceptions import CrossShardQuery, ShardRouterError, UnroutedQuery
from tests.shardrouter.app.models import Author, Book, Chapter, Reading

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def alike(apart, books):
    """Two authors on different shards with a book of the same title, and a third beside the first.

    The first also has a title that nobody else has.
    """
    a, b = apart
    beside = next(
        each
        for each in Author.objects.scatter().order_by("pk")
        if shard_for(each) == shard_for(a) and each != a
    )
    for author in (a, b, beside):
        Book.objects.create(author=author, title="same", pages=5)
    return a, b, beside


def titles(author):
    return Book.objects.filter(author=author).order_by().values_list("title", flat=True)


SPLIT = {
    "intersection": lambda a, b: titles(a).intersection(titles(b)),
    "difference": lambda a, b: titles(a).difference(titles(b)),
    "union": lambda a, b: titles(a).union(titles(b)),
    "nested": lambda a, b: titles(a).intersection(titles(a).union(titles(b))),
    "nested twice": lambda a, b: titles(a).difference(titles(a).intersection(titles(b))),
    "with an unrouted part": lambda a, b: titles(a).intersection(
        Book.objects.values_list("title", flat=True)
    ),
    "without an unrouted part": lambda a, b: titles(a).difference(
        Book.objects.values_list("title", flat=True)
    ),
    "values of the whole": lambda a, b: (
        Book.objects.filter(author=a).intersection(Book.objects.filter(author=b))
        .values_list("title", flat=True)
    ),
    "difference of values of the whole": lambda a, b: (
        Book.objects.filter(author=a).difference(Book.objects.filter(author=b)).values("title")
    ),
    "scattered": lambda a, b: Book.objects.scatter().values("title").intersection(titles(b)),
    "by a nullable key": lambda a, b: (
        Author.objects.filter(pk=a.pk).values("books__pk")
        .intersection(Author.objects.filter(pk=b.pk).values("books__pk"))
    ),
    "unlike columns": lambda a, b: (
        Book.objects.filter(author=a).values("author", "pages")
        .intersection(Book.objects.filter(author=b).values("pages", "author"))
    ),
    "a computed column": lambda a, b: (
        Book.objects.filter(author=a).values(x=F("author") * 0)
        .intersection(Book.objects.filter(author=b).values(x=F("author") * 0))
    ),
}  # fmt: skip


@pytest.mark.parametrize("build", SPLIT.values(), ids=SPLIT)
@pytest.mark.parametrize("run", [list, lambda rows: rows.count(), lambda rows: rows.exists()])
def test_it_refuses_to_compare_rows_of_several_shards(alike, build, run):
    a, b, _ = alike
    with pytest.raises(ShardRouterError):
        run(build(a, b))


def test_it_says_what_to_do(alike):
    a, b, _ = alike
    with pytest.raises(CrossShardQuery, match="combine them in Python"):
        list(titles(a).intersection(titles(b)))
    with pytest.raises(UnroutedQuery, match="Name the shard key in every part"):
        list(titles(a).intersection(Book.objects.values_list("title", flat=True)))


def test_it_compares_rows_of_one_shard(alike):
    a, _, beside = alike
    assert set(titles(a).intersection(titles(beside))) == {"same", None}
    assert set(titles(a).difference(titles(beside))) == {"ann one", "ann two"}
    assert titles(a).union(titles(beside)).count() == 6
    assert titles(a).intersection(titles(beside)).count() == 2
    nested = titles(a).difference(titles(a).intersection(titles(beside)))
    assert set(nested) == {"ann one", "ann two"}


def test_it_compares_whole_rows_wherever_they_are(alike):
    """A row is on one shard, so what is on others cannot be equal to it."""
    a, b, _ = alike
    mine, theirs = Book.objects.filter(author=a), Book.objects.filter(author=b)
    assert list(mine.order_by().intersection(theirs.order_by())) == []
    assert set(mine.order_by().difference(theirs.order_by())) == set(mine)
    assert set(mine.order_by().intersection(Book.objects.order_by())) == set(mine)
    assert list(mine.order_by().difference(Book.objects.order_by())) == []
    assert mine.order_by().difference(theirs.order_by()).count() == 4
    keys = Book.objects.order_by().values("author", "title")
    assert list(keys.filter(author=a).intersection(keys.filter(author=b))) == []
    assert keys.filter(author=a).difference(keys).count() == 0
    read = Reading.objects.filter(reader=a).order_by()
    assert list(read.difference(Reading.objects.filter(reader=b).order_by())) == list(read)


def test_it_takes_an_empty_part_as_one_database_does(alike):
    a, b, _ = alike
    none = titles(b).none()
    assert list(titles(a).intersection(none)) == []
    assert set(titles(a).difference(none)) == {"ann one", "ann two", "same", None}
    assert titles(a).union(none).count() == 4
    contradiction = titles(b).filter(author=a)
    assert list(titles(a).intersection(contradiction)) == []


def test_it_looks_into_combinations_that_subqueries_are(alike):
    a, b, beside = alike
    both = titles(a).intersection(titles(beside))
    assert set(Book.objects.filter(author=a, title__in=both)) == {a.books.get(title="same")}
    with pytest.raises(ShardRouterError):
        list(Book.objects.filter(author=a, title__in=titles(a).difference(titles(b))))
    with pytest.raises(ShardRouterError):
        list(Book.objects.filter(author=a).exclude(title__in=titles(a).intersection(titles(b))))
    own = Chapter.objects.filter(book=OuterRef("pk")).order_by().values("number")
    rows = Book.objects.scatter().filter(~Exists(own.intersection(own)))
    assert rows.count() == Book.objects.scatter().count()
