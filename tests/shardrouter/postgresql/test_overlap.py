"""Scattered queries wait for the slowest shard: all are sent before an answer is read.

A proxy before each shard holds the answers back until every shard has been asked as often. Sent one
after the other, the first would wait for ever.
"""

import re
import signal
import threading
from contextlib import ExitStack, contextmanager

import pytest
from django.db import connection, connections, transaction
from django.db.models import Avg, BooleanField, Count, Func, StdDev

from shardrouter import shards
from shardrouter.exceptions import ShardUnavailable
from tests.proxy import Proxy
from tests.shardrouter.app.models import Author, Book
from tests.shardrouter.prepared_queries import titled, with_ids

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)

TO_HOLD = re.compile(rb"BEGIN|SELECT|FETCH")


class Meeting:
    """Holds each shard's answer until all shards have been asked as often; says if it had to give
    up. Before `begin` everything passes."""

    def __init__(self):
        self._moved = threading.Condition()
        self._asked = {}
        self._times = 0
        self.failed = []

    def begin(self, aliases, times):
        """Hold each of the first `times` answers of `aliases`."""
        self._asked, self._times = dict.fromkeys(aliases, 0), times

    def asked(self, alias, data):
        if alias not in self._asked or not TO_HOLD.search(data):
            return None
        with self._moved:
            self._asked[alias] += 1
            number = self._asked[alias]
            self._moved.notify_all()
        return (lambda: self._wait(alias, number)) if number <= self._times else None

    def _wait(self, alias, number):
        with self._moved:
            all_asked = lambda: min(self._asked.values()) >= number  # noqa: E731
            if not self._moved.wait_for(all_asked, timeout=5):
                self.failed.append((alias, number))


@contextmanager
def through(proxies):
    """Lead the connections to the shards through `proxies`, by alias."""
    kept = {}
    try:
        for alias, proxy in proxies.items():
            connections[alias].close()
            kept[alias] = connections[alias].settings_dict
            connections[alias].settings_dict = proxy.settings(kept[alias])
        yield
    finally:
        for alias, settings in kept.items():
            connections[alias].close()
            connections[alias].settings_dict = settings


@pytest.fixture
def meeting():
    """The Meeting of all shards, which begins when it is told to."""
    meeting = Meeting()
    server = connection.settings_dict
    with ExitStack() as stack:
        proxies = {
            alias: stack.enter_context(
                Proxy(
                    server["HOST"],
                    server["PORT"],
                    lambda data, alias=alias: meeting.asked(alias, data),
                )
            )
            for alias in shards()
        }
        with through(proxies):
            for alias in shards():
                connections[alias].ensure_connection()
            yield meeting


@contextmanager
def atomic_everywhere():
    with ExitStack() as stack:
        for alias in shards():
            stack.enter_context(transaction.atomic(using=alias))
        yield


def in_transactions():
    with atomic_everywhere():
        return Book.objects.scatter().count(), list(Book.objects.scatter().order_by("-pk"))


QUESTIONS = {
    "a list": lambda ids: list(Book.objects.scatter().order_by("title")[:7]),
    "values": lambda ids: list(Book.objects.scatter().values_list("pages").distinct()),
    "some shards by their ids": lambda ids: list(Book.objects.filter(pk__in=ids)),
    "count": lambda ids: Book.objects.scatter().count(),
    "exists": lambda ids: Book.objects.scatter().filter(pages=0).exists(),
    "aggregates": lambda ids: Book.objects.scatter().aggregate(
        n=Count("pk"), mean=Avg("price"), spread=StdDev("pages"), each=Count("title", distinct=True)
    ),
    "groups": lambda ids: list(Book.objects.scatter().values("pages").annotate(n=Count("pk"))),
    "an iterator": lambda ids: list(Book.objects.scatter().order_by("pk").iterator(50)),
    "an iterator in no order": lambda ids: sorted(
        book.pk for book in Book.objects.scatter().order_by().iterator(50)
    ),
    "a prefetch": lambda ids: [
        list(author.books.all()) for author in Author.objects.scatter().prefetch_related("books")
    ],
    "a prepared query": lambda ids: titled("o"),
    "a prepared query by ids": lambda ids: with_ids(ids),
    "in transactions": lambda ids: in_transactions(),
}


def test_it_asks_every_shard_before_it_reads_from_any(books, meeting):
    ids = [book.pk for book in books]
    for what, ask in QUESTIONS.items():
        meeting.begin((), times=0)
        expected = ask(ids)
        # Of an iterator, its opening and its first rows; then each shard is asked for its next.
        meeting.begin(shards(), times=2 if "iterator" in what else 9)
        assert (ask(ids), meeting.failed) == (expected, []), what


def test_it_asks_the_others_while_one_is_down(books, meeting):
    gone = connections["shard1"]
    gone.close()
    kept, gone.settings_dict = gone.settings_dict, {**gone.settings_dict, "NAME": "gone"}
    meeting.begin(["shard0", "shard2"], times=1)
    try:
        found = Book.objects.scatter(on_shard_down="skip")
        rows = {book.pk for book in found}
        with pytest.raises(ShardUnavailable, match="shard1"):
            Book.objects.scatter().count()
    finally:
        gone.settings_dict = kept
    assert (found.shards_missing, meeting.failed) == (("shard1",), [])
    assert rows == {book.pk for book in books} - set(
        Book.objects.using("shard1").values_list("pk", flat=True)
    )


def test_it_reads_on_where_a_server_side_cursor_has_more_rows(books):
    for size in (1, 2, 5):
        rows = Book.objects.scatter().order_by("-pk").iterator(chunk_size=size)
        assert [book.pk for book in rows] == sorted((each.pk for each in books), reverse=True)


class Interrupted(BaseException):
    """As KeyboardInterrupt."""


def test_it_can_ask_again_after_it_was_interrupted(books):
    def interrupt(number, frame):
        raise Interrupted

    slow = Func(60, template="(pg_sleep(%(expressions)s) IS NULL)", output_field=BooleanField())
    with atomic_everywhere():
        pids = [connections[alias].connection.info.backend_pid for alias in shards()]
        kept = signal.signal(signal.SIGALRM, interrupt)
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        try:
            with pytest.raises(Interrupted), atomic_everywhere():
                Book.objects.scatter().filter(slow).count()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, kept)
        assert Book.objects.scatter().count() == len(books)
        assert pids == [connections[alias].connection.info.backend_pid for alias in shards()]
