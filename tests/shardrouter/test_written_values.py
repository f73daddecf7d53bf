"""Values that are written are looked at as conditions are: an expression stays inside the slot."""

import pytest
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
    Window,
)
from django.db.models.functions import Coalesce, Length, Upper

from shardrouter.exceptions import CrossShardQuery, UnroutedQuery
from tests.shardrouter.app.models import Author, Book, Bookmark, Chapter, Country

pytestmark = pytest.mark.django_db(databases="__all__")


def title_of(author):
    """The title of a book of `author`, or LOST where that row is not to be seen."""
    found = Book.objects.filter(author=author, pages=100).values("title")
    return Coalesce(Subquery(found), Value("LOST"))


marks = Bookmark.objects.filter(book=OuterRef("pk"))
number_of_marks = Subquery(
    marks.order_by().values("book").annotate(n=Count("pk")).values("n"), IntegerField()
)
chapters = Chapter.objects.filter(book=OuterRef("pk"))


def assert_unchanged(books):
    assert list(Book.objects.scatter().order_by("pk").values_list("pk", "title", "pages")) == [
        (book.pk, book.title, book.pages) for book in sorted(books, key=lambda book: book.pk)
    ]


WRITES = {
    "update": lambda a, b: Book.objects.filter(author=a).update(title=title_of(b)),
    "update of many": lambda a, b: Book.objects.scatter(writes=True).update(title=title_of(b)),
    "update with a queryset": lambda a, b: Book.objects.filter(author=a).update(
        title=Book.objects.filter(author=b).values("title")[:1]
    ),
    "update of a count": lambda a, b: Book.objects.scatter(writes=True).update(
        pages=number_of_marks
    ),
    "update by a condition": lambda a, b: Book.objects.scatter(writes=True).update(
        pages=Case(When(Exists(marks), then=Value(1)), default=Value(0))
    ),
    "update from a global table": lambda a, b: Book.objects.filter(author=a).update(
        title=Subquery(Country.objects.values("code")[:1])
    ),
    "update by the related manager": lambda a, b: a.books.update(title=title_of(b)),
    "save": lambda a, b: saved(a.books.get(pages=100), title=title_of(b)),
    "save of one field": lambda a, b: saved(
        a.books.get(pages=100), ["title"], title=title_of(b)
    ),
    "save of a new row": lambda a, b: Book(author=a, title=title_of(b)).save(),
    "create": lambda a, b: Book.objects.create(author=a, title=title_of(b)),
    "create by the related manager": lambda a, b: a.books.create(title=title_of(b)),
    "bulk_create": lambda a, b: Book.objects.bulk_create(
        [Book(author=a, title="x"), Book(author=a, title=title_of(b))]
    ),
    "bulk_update": lambda a, b: Book.objects.bulk_update(
        [changed(a.books.get(pages=100), title=title_of(b))], ["title"]
    ),
    "update_or_create": lambda a, b: Book.objects.update_or_create(
        author=a, title=f"{a.name} one", defaults={"title": title_of(b)}
    ),
    "update_or_create that creates": lambda a, b: Book.objects.update_or_create(
        author=a, title="new", create_defaults={"title": title_of(b)}
    ),
    "get_or_create": lambda a, b: Book.objects.get_or_create(
        author=a, title="new", defaults={"pages": Subquery(
            Book.objects.filter(author=b, pages=100).values("pages")
        )},
    ),
}  # fmt: skip


def changed(row, **values):
    for name, value in values.items():
        setattr(row, name, value)
    return row


def saved(row, fields=None, **values):
    changed(row, **values).save(update_fields=fields)


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_it_refuses_to_write_what_it_cannot_see(apart, books, write):
    a, b = apart
    with pytest.raises(CrossShardQuery):
        write(a, b)
    assert_unchanged(books)


def test_it_writes_expressions_of_the_row_itself(apart, books):
    a, _ = apart
    a.books.filter(pages=100).update(title=Upper("title"), pages=F("pages") + 1)
    book = a.books.get(pages=101)
    assert book.title == f"{a.name} one".upper()
    saved(book, pages=F("pages") + 1)
    assert Book.objects.get(pk=book.pk).pages == 102
    Book.objects.bulk_update([changed(book, pages=Length("title") + 200)], ["pages"])
    assert Book.objects.get(pk=book.pk).pages == 200 + len(book.title)
    made = Book.objects.create(author=a, title=Upper(Value("new")))
    assert Book.objects.get(pk=made.pk).title == "NEW"


def test_it_writes_what_a_subquery_inside_the_slot_gives(apart, books):
    a, b = apart
    Book.objects.filter(author=b, pages=100).update(title=Coalesce(title_of(b), Value("x")))
    assert b.books.get(pages=100).title == f"{b.name} one"
    author_name = Author.objects.filter(pk=a.pk).values("bio")[:1]
    saved(a.books.get(pages=100), title=Coalesce(Subquery(author_name), title_of(a)))
    Chapter.objects.create(book=a.books.get(title=f"{a.name} one"), number=1)
    Book.objects.scatter(writes=True).update(
        pages=Case(When(Exists(chapters), then=Value(1)), default=Value(0))
    )
    assert Book.objects.scatter().filter(pages=1).get().author == a
    bio = Author.objects.filter(pk=OuterRef("author")).values("name")
    Book.objects.scatter(writes=True).filter(Q(title=None)).update(title=Subquery(bio))
    assert b.books.filter(title=b.name).exists()


def test_it_names_no_shard_for_a_subquery_without_one(apart, books):
    a, _ = apart
    unrouted = Book.objects.order_by("pages").values("title")[:1]
    with pytest.raises((CrossShardQuery, UnroutedQuery)):
        a.books.update(title=Subquery(unrouted))
    assert_unchanged(books)


def test_it_lets_django_refuse_what_no_database_writes(apart, books):
    a, _ = apart
    with pytest.raises(Exception, match="Window"):
        a.books.update(pages=Window(Count("pk")))
