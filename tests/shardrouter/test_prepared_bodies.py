"""Prepared queries: bodies that may answer otherwise the next time run plain."""

import datetime
import functools
import logging
import random
import sys
import threading
from contextvars import ContextVar

import pytest
from django.conf import settings as django_settings
from django.db.models import (
    Func,
    IntegerField,
    Prefetch,
    Q,
)
from django.utils import timezone

from shardrouter.prepared import prepared
from tests.shardrouter.app.models import Author, Book, Chapter, Country

from .prepared_queries import is_prepared, the_same

pytestmark = pytest.mark.django_db(databases="__all__")

PAGES = 5
LIMITS = {"pages": 5}
LOCAL = threading.local()
TENANT = ContextVar("tenant", default="ann")


def by_branch(a):
    return Book.objects.filter(author_id=a) if a % 2 else Book.objects.filter(author_id=a)[:1]


def by_type(a):
    if type(a) is int:
        return Book.objects.filter(author_id=a)
    return Book.objects.filter(author=a)[:1]


def by_computing(a):
    return Book.objects.filter(author_id=a + 0)


def by_format(a):
    return Book.objects.filter(author_id=int(f"{a}"))


def by_two(a):
    return Book.objects.filter(author_id=a, id__gt=a)


def by_hidden_error(a):
    try:
        first = a // 2
    except Exception:
        first = 0
    return Book.objects.filter(author_id=a, id__gt=first)


def by_helper(a):
    return _visible(Book.objects.filter(author_id=a))


def _visible(rows):
    return rows.filter(title__isnull=False)


@pytest.mark.parametrize(
    "body", [by_branch, by_type, by_computing, by_format, by_two, by_hidden_error, by_helper]
)
def test_it_answers_for_each_value_that_a_body_looks_at(books, authors, body):
    function = prepared(body)
    for author in [*authors.values()] * 2:
        the_same(function, author.pk)


def test_it_binds_an_argument_twice(books, authors):
    between = prepared(lambda a, low, high: Book.objects.filter(author=a, pk__range=(low, high)))
    ann = authors["ann"].pk
    assert the_same(between, ann, 1, 1) == []
    assert len(the_same(between, ann, 1, 10**18)) == 3
    assert the_same(between, ann, 10**18, 1) == []


def by_time(a):
    return Book.objects.filter(author_id=a, published__lt=timezone.now())


def by_today(a):
    return Book.objects.filter(author_id=a, published__lt=datetime.datetime.now(tz=datetime.UTC))


def by_chance(a):
    return Book.objects.filter(author_id=a, pages__lt=random.random())


def by_setting(a):
    return Book.objects.filter(author_id=a)[: django_settings.DATA_UPLOAD_MAX_NUMBER_FIELDS]


def by_table(a):
    return Book.objects.filter(author_id=a, pages=LIMITS["pages"])


def by_thread(a):
    return Book.objects.filter(author_id=a, title=LOCAL.title)


def by_context(a):
    return Book.objects.filter(author__name=TENANT.get(), author_id=a)


@functools.lru_cache
def _kept():
    return 5


def by_cache(a):
    return Book.objects.filter(author_id=a, pages=_kept())


def by_query(a):
    return Book.objects.filter(author_id=a, pk__in=list(Country.objects.values_list("pk")))


def by_hidden_query(a):
    try:
        known = Country.objects.count()
    except BaseException:
        known = 0
    return Book.objects.filter(author_id=a, pages__gt=known)


def by_identity(a, b=1):
    return Book.objects.filter(author_id=a)[: 1 if a is b else 2]


def by_pattern(a):
    match a:
        case [_]:
            return Book.objects.none()
    return Book.objects.filter(author_id=a)


def by_import(a):
    from tests.shardrouter.app import models

    return models.Book.objects.filter(author_id=a)


def by_instance(a):
    return Author(pk=a).books.all()


def by_late_prefetch(a):
    some = Prefetch("chapters", queryset=Chapter.objects.filter(number__gt=a))
    return Book.objects.filter(author_id=a).prefetch_related(some)


def by_union(a):
    return Book.objects.filter(author_id=a).union(Book.objects.filter(author_id=a, pages=1))


def by_attribute(a):
    return Book.objects.filter(author_id=a, pages=_visible.pages)


_visible.pages = 5


LISTED = Q(title__in=["ann one"])


def by_late_list(a):
    return Book.objects.filter(LISTED, author_id=a)


def by_global_write(a):
    global LAST
    LAST = a
    return Book.objects.filter(author_id=a)


PLAIN = {
    by_time: "asks for the time",
    by_today: "calls datetime.now",
    by_chance: "random",
    by_setting: "django_settings",
    by_table: "LIMITS, a dict",
    by_thread: "LOCAL",
    by_context: "TENANT",
    by_cache: "_kept",
    by_query: "runs a query",
    by_hidden_query: "runs a query",
    by_identity: "`is`",
    by_pattern: "pattern",
    by_import: "imports",
    by_instance: "int|instance",
    by_late_prefetch: "prefetches",
    by_union: "combines",
    by_global_write: "sets a global",
    by_attribute: "_visible.pages",
    by_late_list: "LISTED",
}


@pytest.mark.parametrize("body", PLAIN, ids=lambda body: body.__name__)
def test_it_runs_a_body_plain_that_may_answer_otherwise(books, authors, body, caplog):
    LOCAL.title = "ann one"
    function = prepared(body)
    ann = authors["ann"].pk
    with caplog.at_level(logging.DEBUG, "shardrouter"):
        the_same(function, ann)
    explained = function.explain(ann)
    assert not explained.prepared
    assert any(each in explained.reason for each in PLAIN[body].split("|")), explained.reason
    assert sum("runs plain" in record.message for record in caplog.records) == 1


def test_it_follows_what_a_body_closes_over(books, authors):
    title = "ann one"

    @prepared
    def closed(a):
        return Book.objects.filter(author_id=a, title=title)

    ann = authors["ann"].pk
    assert [book.title for book in the_same(closed, ann)] == ["ann one"]
    assert is_prepared(closed, ann)
    title = "ann two"
    assert [book.title for book in the_same(closed, ann)] == ["ann two"]
    assert is_prepared(closed, ann)
    titles = ["ann one"]
    listed = prepared(lambda a: Book.objects.filter(author_id=a, title__in=titles))
    assert len(the_same(listed, ann)) == 1
    titles.append("ann two")
    assert len(the_same(listed, ann)) == 2


def test_it_follows_a_global_name_that_is_bound_anew(books, authors, monkeypatch):
    longer = prepared(lambda a: _visible(Book.objects.filter(author_id=a, pages__gt=PAGES)))
    ann = authors["ann"].pk
    assert len(the_same(longer, ann)) == 1
    assert is_prepared(longer, ann)
    monkeypatch.setitem(globals(), "PAGES", 0)
    assert len(the_same(longer, ann)) == 2
    monkeypatch.setitem(globals(), "_visible", lambda rows: rows[:1])
    assert len(the_same(longer, ann)) == 1


class Shifted(Func):
    """Its SQL has a value that is read when it is compiled."""

    output_field = IntegerField()

    def as_sql(self, compiler, connection, **context):
        return str(PAGES), []


def test_it_follows_a_name_that_is_read_when_compiling(books, authors, monkeypatch):
    shifted = prepared(lambda a: Book.objects.filter(author_id=a).annotate(by=Shifted()))
    for pages in (5, 7, 5):
        monkeypatch.setitem(globals(), "PAGES", pages)
        for author in authors.values():
            assert {book.by for book in shifted(author.pk)} == {pages}
        assert is_prepared(shifted, author.pk)


def test_it_prepares_nothing_under_a_profiler(books, authors):
    function = prepared(lambda a: Book.objects.filter(author_id=a))
    sys.setprofile(lambda *args: None)
    try:
        assert len(function(authors["ann"].pk)) == 3
    finally:
        sys.setprofile(None)
    assert is_prepared(function, authors["ann"].pk)
