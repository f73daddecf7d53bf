"""Prepared queries: nothing stale, the plain queryset's errors and signals, what is refused."""

import asyncio
import datetime
import os
import random
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import async_to_sync
from django.db import connections
from django.db.models.functions import TruncDate
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
from tests.shardrouter.app.models import Author, Book

from .prepared_queries import is_prepared, newest, the_same, titled

pytestmark = pytest.mark.django_db(databases="__all__")

DAY = datetime.datetime(2026, 2, 3, 23, 30, tzinfo=datetime.UTC)


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


def by_branch(a):
    return Book.objects.filter(author_id=a) if a % 2 else Book.objects.filter(author_id=a)[:1]


def test_it_keeps_few_shapes_and_none_for_values_that_come_once(books, authors):
    branching = prepared(by_branch)
    for number in range(1000):
        branching(number)
    assert len(branching._cache._shapes) == caches.MAX_SHAPES
    for _ in range(3):
        branching(authors["ann"].pk)
    assert is_prepared(branching, authors["ann"].pk)
    assert len(branching._cache._shapes) == caches.MAX_SHAPES


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
