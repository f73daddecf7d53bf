"""The rows of the oracle: the same on the shards and in one big database, and how to compare."""

import datetime
from contextlib import ExitStack, contextmanager
from decimal import Decimal

import pytest
from django.db import transaction
from django.db.models import Model

from tests.shardrouter.app.models import (
    Author,
    Book,
    Bookmark,
    Chapter,
    Country,
    Reading,
    Shelf,
    Tag,
    Visit,
)

WHOLE = "whole"
SHARDS = ("shard0", "shard1", "shard2")
NAMES = ["ann", "bob", "cleo", "dan", "Eve", "fay", "Ärne", "zoë"]
TITLES = [None, "", "a", "A", "b", "Ä", "ä", "zz", "日本", "a%_"]
NUMBERS = [None, -1, 0, 1, 1, 2, 100]
PRICES = [None, Decimal("0.00"), Decimal("9.50"), Decimal("10.00")]
DAY = datetime.datetime(2026, 2, 3, 4, 5, tzinfo=datetime.UTC)
DAYS = [None, DAY, DAY + datetime.timedelta(days=1), DAY.replace(year=2024)]


def library():
    """Save the same nasty rows on the shards and in the one big database.

    Return the authors and the books.
    """
    countries = [Country.objects.create(code=code) for code in ("de", "pt")]
    for country in countries:
        Model.save_base(country, raw=True, using=WHOLE)
    authors = [
        Author.objects.create(
            name=name,
            bio=TITLES[number],
            born=None if number % 3 else DAY.date(),
            rating=[None, 1.5, 1.5, -2.0][number % 4],
            home=[None, *countries][number % 3],
        )
        for number, name in enumerate(NAMES)
    ]
    shelves = [Shelf(label=TITLES[number % 3 + 1]) for number in range(6)]
    Shelf.objects.bulk_create(shelves)
    books, chapters, visits, marks, tags, readings = [], [], [], [], [], []
    for number, author in enumerate(authors):
        tags.append(Tag(author=author, word=f"t{number % 2}"))
        for other in range(number % 4):
            books.append(
                Book(
                    author=author,
                    title=TITLES[(number * 3 + other) % len(TITLES)],
                    pages=NUMBERS[(number + other * 2) % len(NUMBERS)],
                    price=PRICES[(number + other) % len(PRICES)],
                    published=DAYS[(number + other) % len(DAYS)],
                )
            )
        visits.append(Visit(author_id=author.pk, page=f"/{number % 3}"))
    Tag.objects.bulk_create(tags)
    Book.objects.bulk_create(books)
    for number, book in enumerate(books):
        chapters += [
            Chapter(book=book, number=each, heading="x" * each) for each in range(number % 3)
        ]
        marks.append(Bookmark(author=authors[number % len(authors)], book=book, note="n"))
        readings += [
            Reading(reader=author, book_id=book.pk, page=NUMBERS[(number + each) % len(NUMBERS)])
            for each, author in enumerate(authors[: number % 4])
        ]
    Chapter.objects.bulk_create(chapters)
    Visit.objects.bulk_create(visits)
    Bookmark.objects.bulk_create(marks)
    Reading.objects.bulk_create(readings)
    everything = [*authors, *shelves, *tags, *books, *chapters, *visits, *marks, *readings]
    for row in everything:
        Model.save_base(row, raw=True, using=WHOLE)
    for book in books[::2]:
        own = [tag for tag in tags if tag.author_id == book.author_id]
        book.tags.set(own)
        for tag in own:
            link = Book.tags.through(book_id=book.pk, tag_id=tag.pk)
            Model.save_base(link, raw=True, using=WHOLE)
    return authors, books


@contextmanager
def undone():
    """A transaction on the shards and in the one big database that is rolled back at its end."""
    with ExitStack() as stack:
        for alias in (*SHARDS, WHOLE):
            stack.enter_context(transaction.atomic(using=alias))
        try:
            yield
        finally:
            for alias in (*SHARDS, WHOLE):
                transaction.set_rollback(True, using=alias)


def plain(row):
    return (
        (type(row).__name__, row.pk, getattr(row, "parts", None)) if isinstance(row, Model) else row
    )


def close(left, right):
    if isinstance(left, float | Decimal) and isinstance(right, float | Decimal):
        return float(left) == pytest.approx(float(right))
    return left == right


def same_row(got, expected):
    if not isinstance(expected, dict):
        assert close(got, expected), (got, expected)
        return
    assert list(got) == list(expected)
    assert all(close(got[name], expected[name]) for name in expected), (got, expected)
