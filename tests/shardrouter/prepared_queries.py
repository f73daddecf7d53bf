"""Prepared queries that several files of tests use, and what they are held to."""

from contextlib import contextmanager
from unittest import mock

from django.db.models.sql import Query

from shardrouter.prepared import prepared
from tests.shardrouter.app.models import Book


@prepared
def newest(author_id, before_id, limit):
    rows = Book.objects.filter(author_id=author_id, id__lt=before_id)
    return rows.order_by("-id").values("id", "title")[:limit]


@prepared
def with_ids(ids):
    return Book.objects.filter(pk__in=ids).order_by("title", "id")


@prepared
def titled(title):
    return Book.objects.scatter().filter(title__contains=title).order_by("-title")


def the_same(function, *arguments):
    """The rows of a prepared call, twice, and of its queryset, which must be equal."""
    expected = list(function.queryset(*arguments))
    assert function(*arguments) == expected
    assert function(*arguments) == expected
    return expected


def is_prepared(function, *arguments):
    explained = function.explain(*arguments)
    assert explained.prepared, explained.reason
    return True


@contextmanager
def nothing_built():
    """A block in which Django builds no condition of any query."""
    with mock.patch.object(Query, "build_filter", side_effect=AssertionError("built")):
        yield
