"""How several shards are asked: who watches sees each statement, errors stay with their shard."""

import asyncio
import threading
from contextlib import ExitStack

import pytest
from asgiref.sync import async_to_sync
from django.db import DatabaseError, connections, transaction
from django.test.utils import CaptureQueriesContext

from shardrouter import shards
from tests.shardrouter.app.models import Book
from tests.shardrouter.prepared_queries import titled

pytestmark = pytest.mark.django_db(databases="__all__")


def titles():
    return list(Book.objects.scatter().order_by("title", "pk").values_list("title", flat=True))


ASK = pytest.mark.parametrize(
    "ask",
    [
        titles,
        lambda: Book.objects.scatter().count(),
        lambda: list(Book.objects.scatter().order_by("pk").iterator()),
        lambda: titled("one"),
    ],
)


@ASK
def test_it_shows_each_statement_to_whoever_watches(books, ask):
    expected = ask()
    seen = []

    def watch(execute, sql, params, many, context):
        seen.append(("before", context["connection"].alias))
        result = execute(sql, params, many, context)
        seen.append(("after", context["connection"].alias))
        return result

    with ExitStack() as stack:
        captured = [
            stack.enter_context(CaptureQueriesContext(connections[each])) for each in shards()
        ]
        for alias in shards():
            stack.enter_context(connections[alias].execute_wrapper(watch))
        assert ask() == expected
    assert [len(each.captured_queries) for each in captured] == [1, 1, 1]
    assert all("app_book" in each.captured_queries[0]["sql"] for each in captured)
    assert sorted(seen) == sorted((when, each) for each in shards() for when in ("before", "after"))


@ASK
def test_it_lets_a_watcher_ask_the_shards_itself(books, ask):
    expected = ask()
    count = len(books)
    counted = []

    def watch(execute, sql, params, many, context):
        if not counted:
            counted.append(None)
            counted[:] = [Book.objects.scatter().count(), len(titles())]
        return execute(sql, params, many, context)

    for alias in shards():
        counted.clear()
        with connections[alias].execute_wrapper(watch):
            assert ask() == expected
        assert counted == [count, count]


@ASK
@pytest.mark.parametrize("broken", ["shard0", "shard1", "shard2"])
def test_it_raises_what_one_shard_raises_and_asks_again_after_it(books, ask, broken):
    expected = ask()
    with pytest.raises(DatabaseError), transaction.atomic(using=broken):
        with connections[broken].cursor() as cursor:
            cursor.execute("ALTER TABLE app_book RENAME TO app_gone")
        ask()
    assert ask() == expected


@ASK
@pytest.mark.parametrize("at", [0, 1, 2])
def test_it_raises_what_a_watcher_of_one_shard_raises(books, ask, at):
    def refuse(execute, sql, params, many, context):
        raise PermissionError(sql)

    expected = ask()
    with connections[shards()[at]].execute_wrapper(refuse), pytest.raises(PermissionError):
        ask()
    assert ask() == expected


def test_it_runs_nothing_in_an_aborted_transaction(books):
    with transaction.atomic(using="shard1"):
        transaction.set_rollback(True, using="shard1")
        with pytest.raises(transaction.TransactionManagementError):
            titles()
        transaction.set_rollback(False, using="shard1")
        assert len(titles()) == len(books)


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_it_leaves_the_event_loop_free_while_a_hundred_tasks_read(books):
    """Each statement waits for the event loop, which never comes to it if a query blocks it."""
    beat, late = threading.Event(), []

    def wait(execute, sql, params, many, context):
        beat.clear()
        if not beat.wait(timeout=5):
            late.append(sql)
        return execute(sql, params, many, context)

    async def read(number):
        rows = Book.objects.scatter().order_by("pk")
        return [book.pk async for book in (rows.aiterator() if number % 2 else rows)]

    async def read_all():
        reading = asyncio.gather(*map(read, range(100)))
        while not reading.done():
            beat.set()
            await asyncio.sleep(0)
        return await reading

    with ExitStack() as stack:
        for alias in shards():
            stack.enter_context(connections[alias].execute_wrapper(wait))
        found = async_to_sync(read_all)()
    assert found == [sorted(book.pk for book in books)] * 100
    assert not late
