"""Prepared queries: what is prepared, what runs plain, and that nothing stale is answered."""

import asyncio
import datetime
import functools
import logging
import os
import random
import re
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from unittest import mock

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.db import connections
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    Func,
    IntegerField,
    OuterRef,
    Prefetch,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Lower, TruncDate
from django.db.models.sql import Query
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from shardrouter import atomic_for, shard_for, shard_map
from shardrouter.counters import query_counters
from shardrouter.exceptions import (
    CrossShardQuery,
    CrossShardTransaction,
    PreparedQueryError,
    ShardUnavailable,
    UnroutedQuery,
)
from shardrouter.prepared import caches, functions, prepared, watch
from shardrouter.signals import query_routed, query_scattered
from tests.shardrouter.app.models import Author, Book, Chapter, Country, Visit

pytestmark = pytest.mark.django_db(databases="__all__")

DAY = datetime.datetime(2026, 2, 3, 23, 30, tzinfo=datetime.UTC)
PAGES = 5
NAMED = Q(title__isnull=False)
LIMITS = {"pages": 5}
LOCAL = threading.local()
TENANT = ContextVar("tenant", default="ann")


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


# -- What is prepared --------------------------------------------------------------------------


def test_it_gives_the_rows_of_the_queryset_without_building_it(books, authors):
    ann, bob = authors["ann"].pk, authors["bob"].pk
    assert [row["title"] for row in the_same(newest, ann, 10**18, 2)] == [None, "ann two"]
    with nothing_built():
        assert [row["title"] for row in newest(ann, 10**18, 2)] == [None, "ann two"]
    assert is_prepared(newest, bob, 10**18, 2)
    # The other author's shard has a statement of its own; a limit is a part of the SQL.
    for author in authors.values():
        the_same(newest, author.pk, 10**18, 2)
        the_same(newest, author.pk, 10**18, 1)
    with nothing_built():
        for author in authors.values():
            assert len(newest(author.pk, 10**18, 2)) == 2


BODIES = {
    "values": lambda a: Book.objects.filter(author_id=a).values("title", "price"),
    "values_list": lambda a: Book.objects.filter(author_id=a).values_list("published", "price"),
    "flat": lambda a: Book.objects.filter(author_id=a).values_list("pages", flat=True),
    "named": lambda a: Book.objects.filter(author_id=a).values_list("title", named=True),
    "instances": lambda a: Book.objects.filter(author_id=a),
    "select_related": lambda a: Book.objects.select_related("author").filter(author=a),
    "prefetch": lambda a: Book.objects.prefetch_related("chapters").filter(author=a),
    "only": lambda a: Book.objects.only("title").filter(author=a),
    "defer": lambda a: Book.objects.defer("title").filter(author=a),
    "annotated": lambda a: Book.objects.filter(author=a).annotate(n=F("pages") + 1),
    "joined": lambda a: Book.objects.filter(author=a, author__rating=None).distinct(),
    "excluded": lambda a: Book.objects.exclude(chapters__book=a).filter(author=a),
    "grouped": lambda a: Book.objects.filter(author=a).values("title").annotate(n=Count("pk")),
    "exists": lambda a: Book.objects.filter(
        Exists(Chapter.objects.filter(book=OuterRef("pk"))), author_id=a
    ),
    "same shard": lambda a: Book.objects.filter(author_id=a).annotate(
        seen=Exists(Visit.objects.filter(author_id=a))
    ),
    "subquery": lambda a: Book.objects.filter(author_id=a).annotate(
        last=Subquery(Chapter.objects.filter(book=OuterRef("pk"), pk__lt=a).values("pk")[:1])
    ),
    "case": lambda a: Book.objects.filter(author=a).annotate(
        mine=Case(When(author_id=a, then=Value(1)), default=Value(0))
    ),
    "coalesced": lambda a: Book.objects.filter(author=a).annotate(
        lower=Coalesce(Lower("title"), Value("none"))
    ),
    "pair": lambda a: Book.objects.filter(pk__range=(a, 2**63 - 1), author=a),
    "constant": lambda a: Book.objects.filter(NAMED, author=a, pages__gt=PAGES),
}


@pytest.mark.parametrize("name", BODIES)
def test_it_prepares_plain_django(books, authors, name):
    function = prepared(BODIES[name])
    for author in authors.values():
        rows = the_same(function, author.pk)
        assert is_prepared(function, author.pk)
    if name in ("select_related", "prefetch"):
        with CaptureQueriesContext(connections[shard_for(author)]) as queries:
            (row, *_) = function(author.pk)
            assert row.author == author if name == "select_related" else not row.chapters.all()
        assert len(queries) == (1 if name == "select_related" else 2)
    assert len(rows) in (0, 2, 3)


def test_it_keeps_the_meaning_of_values(books, authors):
    by_page = prepared(lambda a, pages: Book.objects.filter(author=a, pages=pages).order_by("id"))
    ann = authors["ann"]
    for owner in (ann.pk, str(ann.pk), ann):
        for pages in (100, "100", 100.0, None, 2**70, True, 1):
            the_same(by_page, owner, pages)
    assert len(by_page(ann, None)) == len(by_page(ann.pk, "100")) == 1
    with pytest.raises(ValueError, match="expected a number"):
        by_page(ann.pk, "many")
    with pytest.raises(ValueError, match="must be saved"):
        by_page(Author(name="new"), 1)


def test_it_raises_for_a_wrong_value_that_is_not_asked_for(books, authors):
    titles = prepared(
        lambda a, number: (
            Book.objects.filter(author_id=a)
            .annotate(has=Exists(Chapter.objects.filter(book=OuterRef("pk"), number=number)))
            .values("title")
        )
    )
    ann = authors["ann"].pk
    assert len(the_same(titles, ann, 1.0)) == 3
    assert is_prepared(titles, ann, 2.0)
    with pytest.raises(OverflowError):
        titles(ann, float("inf"))


def test_it_raises_for_a_wrong_value_whose_condition_was_replaced(books, authors):
    replaced = prepared(
        lambda a, number: (
            Book.objects.filter(author_id=a)
            .annotate(has=Exists(Chapter.objects.filter(number=number)))
            .annotate(has=Value(1))
        )
    )
    ann = authors["ann"].pk
    assert len(the_same(replaced, ann, 1)) == 3
    assert "not followed" in replaced.explain(ann, 1).looked_at["number"]
    with pytest.raises(ValueError, match="expected a number"):
        replaced(ann, "x")


def test_it_takes_an_in_of_any_length(books):
    ids = [book.pk for book in books]
    for some in (ids, ids[:3], ids[:1], [], [None], [ids[0], None, ids[0]], set(ids), tuple(ids)):
        the_same(with_ids, some)
    the_same(with_ids, ids * 40)
    the_same(with_ids, map(int, ids[:0]))
    assert is_prepared(with_ids, ids[:7])


def test_it_merges_shards(books):
    for title in ("one", "two", "a", "%", ""):
        assert len({row._state.db for row in the_same(titled, title)}) in (0, 1, 3)
    page = prepared(
        lambda low, high: (
            Book.objects.scatter().order_by("-pages", "title").values("title")[low:high]
        )
    )
    the_same(page, 2, 9)
    assert is_prepared(titled, "one")
    assert is_prepared(page, 2, 9)
    with nothing_built():
        assert titled("one")
        assert page(2, 9)


def test_it_runs_groups_that_span_shards_plain_and_those_of_one_not(books, authors):
    sums = prepared(
        lambda ids: Book.objects.filter(author_id__in=ids).values("pages").annotate(n=Count("pk"))
    )
    ids = [author.pk for author in authors.values()]
    for some in (ids, ids[:1], ids):
        found = sums(some)
        assert {row["pages"]: row["n"] for row in found}[100] == len(some)
    with nothing_built():
        assert len(sums(ids[:1])) == 3


def test_it_compiles_less_and_less_often_for_what_never_matches(books, monkeypatch):
    tried = []
    made = caches.Shape.__init__
    monkeypatch.setattr(caches.Shape, "__init__", lambda *args: tried.append(1) or made(*args))
    some = prepared(lambda ids: Book.objects.filter(pk__in=ids))
    assert [some([]) for _ in range(100)] == [[]] * 100
    assert len(tried) == 7
    assert len(some([books[0].pk])) == 1
    assert is_prepared(some, [books[1].pk])


def test_it_binds_rows_by_their_keys(books, authors):
    mine = prepared(lambda author: Book.objects.filter(author=author).order_by("id"))
    ann = authors["ann"]
    for author in (*authors.values(), ann.pk, Author.objects.only("name").get(name="bob")):
        assert len(the_same(mine, author)) == 3
    with nothing_built():
        assert len(mine(authors["cleo"])) == 3
    for wrong in (Author(name="new"), books[0]):
        with pytest.raises(ValueError, match=r"must be saved|Must be"):
            mine(wrong)


def test_it_works_for_a_model_that_is_not_sharded():
    user = User.objects.create(username="kim")
    Country.objects.create(code="de", keeper=user)
    kept = prepared(lambda name: Country.objects.filter(keeper__username=name).values("code"))
    assert the_same(kept, "kim") == [{"code": "de"}]
    assert is_prepared(kept, "leo")
    assert kept("leo") == []
    ordered = prepared(
        lambda name: Country.objects.order_by(
            Exists(User.objects.filter(pk=OuterRef("keeper"), username=name)), "pk"
        )
    )
    assert len(the_same(ordered, "kim")) == 1
    assert is_prepared(ordered, "leo")


def test_it_runs_where_using_says(books, authors):
    on = prepared(lambda alias, title: Book.objects.using(alias).filter(title__contains=title))
    counts = [len(the_same(on, alias, "one")) for alias in ("shard0", "shard1", "shard2")]
    assert sum(counts) == len(authors)
    assert is_prepared(on, "shard1", "two")


def test_it_takes_arguments_by_name_and_defaults(books, authors):
    @prepared
    def some(author_id, /, title="", *, limit=1):
        return Book.objects.filter(author_id=author_id, title__contains=title)[:limit]

    ann = authors["ann"].pk
    assert len(some(ann)) == 1
    assert len(some(ann, limit=3)) == 2
    assert [book.title for book in some(ann, title="two", limit=3)] == ["ann two"]
    with pytest.raises(TypeError, match="missing a required argument"):
        some()


def test_it_explains_itself(books, authors):
    ann = authors["ann"].pk
    explained = newest.explain(ann, 1, 3)
    assert explained.prepared
    assert list(explained.looked_at) == ["limit"]
    assert (
        "before_id" in newest.queryset(ann, 1, 3).query.__class__.__name__ or newest.__doc__ is None
    )
    assert "no_such" not in repr(newest)
    assert repr(newest) == "<prepared newest>"


# -- What runs plain ---------------------------------------------------------------------------


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


# -- Nothing stale -----------------------------------------------------------------------------


def test_it_has_a_shape_for_each_time_zone(authors):
    Book.objects.create(author=authors["ann"], published=DAY)
    days = prepared(
        lambda a, day: Book.objects.annotate(day=TruncDate("published")).filter(
            author_id=a, day=day
        )
    )
    for _ in range(2):
        for zone, number in (("UTC", 1), ("Asia/Tokyo", 0), ("UTC", 1)):
            with timezone.override(zone):
                assert len(the_same(days, authors["ann"].pk, DAY.date())) == number
                assert is_prepared(days, authors["ann"].pk, DAY.date())


def test_it_follows_overridden_settings(books, authors):
    author = authors["ann"]
    Book.objects.create(author=author, published=DAY)
    since = prepared(lambda a, day: Book.objects.filter(author=a, published__gte=day))
    assert the_same(since, author.pk, DAY)
    with override_settings(USE_TZ=False):
        the_same(since, author.pk, DAY.replace(tzinfo=None))
    with override_settings(TIME_ZONE="Asia/Tokyo"), pytest.warns(RuntimeWarning, match="naive"):
        the_same(since, author.pk, DAY.replace(tzinfo=None))
    with override_settings(SHARDROUTER={"SHARDS": ["shard0"]}):
        assert len(titled("one")) == len(titled.queryset("one"))
    assert len(titled("one")) == len(authors)


def test_it_follows_a_reloaded_shard_map(books, authors, monkeypatch):
    ann = authors["ann"]
    assert len(newest(ann.pk, 10**18, 3)) == 3
    aliases = tuple("shard0" if shard_for(ann) != "shard0" else "shard1" for _ in range(4096))
    monkeypatch.setattr(shard_map, "_aliases", aliases)
    assert the_same(newest, ann.pk, 10**18, 3) == []


def test_it_compiles_for_another_backend_under_the_alias(books, authors, monkeypatch):
    ann = authors["ann"]
    assert len(newest(ann.pk, 10**18, 3)) == 3
    connection = connections[shard_for(ann)]
    monkeypatch.setattr(connection, "__class__", type("Other", (type(connection),), {}))
    compiled = []
    made = type(newest._cache.get((ann.pk, 10**18, 3)))._compiled
    monkeypatch.setattr(
        "shardrouter.prepared.shapes.Shape._compiled",
        lambda *args: compiled.append(1) or made(*args),
    )
    assert len(newest(ann.pk, 10**18, 3)) == 3
    assert compiled == [1]


def test_it_keeps_few_shapes_and_none_for_values_that_come_once(books, authors):
    branching = prepared(by_branch)
    for number in range(1000):
        branching(number)
    assert len(branching._cache._shapes) == caches.MAX_SHAPES
    for _ in range(3):
        branching(authors["ann"].pk)
    assert is_prepared(branching, authors["ann"].pk)
    assert len(branching._cache._shapes) == caches.MAX_SHAPES


# -- As the plain queryset does ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (lambda text: Book.objects.filter(title=text), UnroutedQuery),
        (lambda text: Book.objects.scatter().filter(bookmarks__note=text), CrossShardQuery),
        (lambda text: Author.objects.scatter().filter(home__code=text), CrossShardQuery),
        (lambda text: Book.objects.scatter().filter(title=text).order_by("?"), CrossShardQuery),
    ],
)
def test_it_raises_the_plain_errors(books, body, error):
    function = prepared(body)
    for _ in range(2):
        with pytest.raises(error) as plain:
            list(function.queryset("x"))
        with pytest.raises(error, match=re.escape(str(plain.value))):
            function("x")


def test_it_keeps_to_the_shard_of_a_transaction(books, apart):
    one, other = apart
    assert newest(one.pk, 1, 1) == newest(other.pk, 1, 1) == []
    with atomic_for(one):
        assert newest(one.pk, 1, 1) == []
        with pytest.raises(CrossShardTransaction):
            newest(other.pk, 1, 1)


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_it_names_or_skips_a_shard_that_is_down(books, authors, down):
    some = prepared(
        lambda title: Book.objects.scatter(on_shard_down="skip").filter(title__contains=title)
    )
    ann = authors["ann"]
    alias = shard_for(ann)
    assert len(some("one")) == len(authors)
    assert len(newest(ann.pk, 10**18, 3)) == 3
    with down(alias):
        with pytest.raises(ShardUnavailable, match=alias):
            newest(ann.pk, 10**18, 3)
        with pytest.raises(ShardUnavailable, match=alias):
            titled("one")
        plain = some.queryset("one")
        assert some("one") == list(plain)
        assert some("one").shards_missing == plain.shards_missing == (alias,)
    assert len(newest(ann.pk, 10**18, 3)) == 3


def test_it_is_counted_and_its_signal_is_sent(books, authors):
    told = []

    def tell(sender, shards, reason, operation, **kwargs):
        told.append((sender, shards, reason, operation))

    ann = authors["ann"]
    for function, arguments in ((newest, (ann.pk, 10**18, 2)), (titled, ("one",))):
        function(*arguments)
        query_counters.reset()
        query_routed.connect(tell), query_scattered.connect(tell)
        try:
            function(*arguments)
            list(function.queryset(*arguments))
        finally:
            query_routed.disconnect(tell), query_scattered.disconnect(tell)
        assert list(query_counters.counts().values()) == [2]
        assert told[-1] == told[-2]


def test_it_shows_its_query(books, authors):
    ann = authors["ann"]
    newest(ann.pk, 10**18, 2)
    with CaptureQueriesContext(connections[shard_for(ann)]) as queries:
        newest(ann.pk, 10**18, 2)
        list(newest.queryset(ann.pk, 10**18, 2))
    prepared_sql, plain_sql = (query["sql"] for query in queries)
    assert prepared_sql == plain_sql


def test_it_can_be_awaited(books, authors):
    ann = authors["ann"].pk
    expected = newest(ann, 10**18, 2)

    async def both():
        return await newest.acall(ann, 10**18, 2), await newest.acall(ann, 10**18, 1)

    assert async_to_sync(both)() == (expected, expected[:1])
    assert asyncio.iscoroutinefunction(newest.acall)


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_it_is_shared_by_threads(books, authors):
    function = prepared(
        lambda a, limit: Book.objects.filter(author_id=a).order_by("-id").values("id")[:limit]
    )
    ids = [author.pk for author in authors.values()]
    expected = {(pk, n): list(function.queryset(pk, n)) for pk in ids for n in (1, 2)}

    def work(seed):
        chosen = random.Random(seed).choices(list(expected), k=60)
        right = all(function(*each) == expected[each] for each in chosen)
        connections.close_all()
        return right

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(8)))


# -- What is refused ---------------------------------------------------------------------------


async def _awaited(a):
    return Book.objects.filter(author_id=a)


def _given(a):
    yield Book.objects.filter(author_id=a)


def _starred(*ids):
    return Book.objects.filter(pk__in=ids)


@pytest.mark.parametrize(
    ("function", "reason"),
    [(_awaited, "async"), (_given, "generator"), (_starred, r"\*args"), (Book, "function")],
)
def test_it_refuses_what_can_never_be_prepared(function, reason):
    with pytest.raises(PreparedQueryError, match=reason):
        prepared(function)


def test_it_refuses_a_body_without_a_queryset(books, authors):
    listed = prepared(lambda a: list(Book.objects.filter(author_id=a)))
    with pytest.raises(PreparedQueryError, match="returned list, not a queryset"):
        listed(authors["ann"].pk)


@pytest.mark.parametrize(
    ("path", "foreign"),
    [
        (__file__, True),
        (os.__file__.replace("os.py", "site-packages/random.py"), True),
        ("/srv/project/calendar/models.py", True),
        ("<string>", True),
        (random.__file__, False),
        (functions.__file__, False),
        ("<frozen os>", False),
    ],
)
def test_it_knows_watched_code_by_its_file(path, foreign):
    assert watch.is_foreign(path) is foreign
