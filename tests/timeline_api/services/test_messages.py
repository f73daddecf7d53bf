"""Messages: posting, Idempotency-Keys, deleting, one member's list."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from shardrouter import shard_for
from tests.timeline_api.ids import ids
from timeline_api.models import Account, HomeEntry, IdempotencyKey, Message, Outbox
from timeline_api.selectors import messages as selectors
from timeline_api.selectors import timelines
from timeline_api.services import idempotency, messages, outbox

pytestmark = pytest.mark.django_db(databases="__all__")


def count(account):
    return Account.objects.get(pk=account.pk).message_count


def test_it_posts_on_the_authors_shard_alone(alice, down):
    with down("shard1"), down("shard2"), down("default"):
        message = messages.post(author=alice, text="hello 🐦")
        assert ids(timelines.home_page(alice)) == ids([message])
    assert shard_for(message) == shard_for(alice)
    assert HomeEntry.objects.get(owner=alice).message_id == message.pk
    assert count(alice) == 1
    event = Outbox.objects.get(account=alice)
    assert (event.kind, event.payload) == ("message_posted", {"message_id": message.pk})


def test_it_posts_with_five_statements(alice, monkeypatch):
    def statements(**post):
        with CaptureQueriesContext(connections["shard0"]) as captured:
            messages.post(author=alice, **post)
        kinds = [query["sql"].split()[0] for query in captured.captured_queries]
        return [kind for kind in kinds if kind not in ("SAVEPOINT", "RELEASE")]

    monkeypatch.setattr("random.random", lambda: 1.0)  # no trim
    plain = ["UPDATE", "INSERT", "INSERT", "INSERT"]
    assert statements(text="hello") == plain
    assert statements(text="hello", idempotency_key="once") == [*plain, "INSERT"]
    assert statements(text="hello #herons") == [*plain, "INSERT"]


def test_it_leaves_nothing_of_a_failed_post(alice, monkeypatch):
    def fail(**event):
        raise RuntimeError("the outbox is full")

    monkeypatch.setattr(outbox, "emit", fail)
    with pytest.raises(RuntimeError, match="full"):
        messages.post(author=alice, text="hello", idempotency_key="once")
    for model in (Message, HomeEntry, Outbox, IdempotencyKey):
        assert not model.objects.scatter().exists()
    assert count(alice) == 0


def test_it_orders_one_members_messages_by_id_and_time(alice):
    posted = [messages.post(author=alice, text="x") for _ in range(20)]
    assert posted == sorted(posted, key=lambda message: message.pk)
    assert posted == sorted(posted, key=lambda message: message.created_at)


# Idempotency-Key


def test_it_returns_the_first_message_for_the_same_key_and_text(alice):
    first = messages.post(author=alice, text="hello", idempotency_key="once")
    again = messages.post(author=alice, text="hello", idempotency_key="once")
    assert again == first
    assert again.author == alice
    assert Message.objects.filter(author=alice).count() == count(alice) == 1
    assert Outbox.objects.filter(account=alice).count() == 1


def test_it_refuses_the_same_key_with_another_text(alice):
    messages.post(author=alice, text="hello", idempotency_key="once")
    with pytest.raises(idempotency.IdempotencyMismatch):
        messages.post(author=alice, text="goodbye", idempotency_key="once")
    assert count(alice) == 1


def test_it_keeps_keys_for_each_member_apart(alice, bob):
    first = messages.post(author=alice, text="hello", idempotency_key="once")
    assert messages.post(author=bob, text="hello", idempotency_key="once") != first
    assert messages.post(author=alice, text="hello", idempotency_key="Once") != first


def test_it_deletes_a_key_after_a_day(alice, relay):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        first = messages.post(author=alice, text="hello", idempotency_key="once")
        messages.post(author=alice, text="hello", idempotency_key="another")
        clock.shift(timedelta(hours=24))
        assert messages.post(author=alice, text="hello", idempotency_key="once") == first
        clock.shift(timedelta(seconds=1))
        second = messages.post(author=alice, text="goodbye", idempotency_key="once")
        relay()
    assert second != first
    # The relay has deleted the other expired key.
    assert IdempotencyKey.objects.get(account=alice).message_id == second.pk


def test_it_refuses_the_key_of_a_deleted_message(alice):
    messages.delete(message=messages.post(author=alice, text="hello", idempotency_key="once"))
    with pytest.raises(idempotency.IdempotencyConflict):
        messages.post(author=alice, text="hello", idempotency_key="once")
    assert count(alice) == 0


def test_it_raises_a_conflict_if_another_stores_the_key_meanwhile(alice, monkeypatch):
    """As with two requests at once on a database with row locks; on SQLite one waits."""
    monkeypatch.setattr(idempotency, "earlier_message", lambda **key: None)
    messages.post(author=alice, text="hello", idempotency_key="once")
    with pytest.raises(idempotency.IdempotencyConflict):
        messages.post(author=alice, text="hello", idempotency_key="once")
    assert count(alice) == Message.objects.filter(author=alice).count() == 1


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_it_posts_one_message_for_many_requests_at_once_with_one_key(alice):
    made, start = [], threading.Barrier(6)

    def post():
        start.wait()
        try:
            made.append(messages.post(author=alice, text="hello", idempotency_key="once").pk)
        except idempotency.IdempotencyConflict:
            made.append(None)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=post) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 6
    assert set(made) - {None} == {Message.objects.get(author=alice).pk}
    assert count(alice) == 1


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_it_counts_many_posts_at_once(alice):
    start = threading.Barrier(4)

    def post():
        start.wait()
        try:
            for _ in range(5):
                messages.post(author=alice, text="hello")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=post) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(alice) == Message.objects.filter(author=alice).count() == 20
    assert HomeEntry.objects.filter(owner=alice).count() == 20


# Deleting


def test_it_deletes_from_ones_own_home_at_once(alice, down):
    kept = messages.post(author=alice, text="keep")
    deleted = messages.post(author=alice, text="delete")
    with down("shard1"), down("shard2"):
        messages.delete(message=deleted)
        assert ids(timelines.home_page(alice)) == ids([kept])
    assert count(alice) == 1
    event = Outbox.objects.filter(account=alice).latest("id")
    assert (event.kind, event.payload) == ("message_deleted", {"message_id": deleted.pk})
    with pytest.raises(Message.DoesNotExist):
        selectors.by_id(deleted.pk)


def test_it_deletes_idempotently(alice):
    message = messages.post(author=alice, text="delete")
    again = Message.objects.get(pk=message.pk)
    messages.delete(message=message)
    messages.delete(message=again)
    assert count(alice) == 0
    assert Outbox.objects.filter(account=alice, kind="message_deleted").count() == 1


# Reading


def test_it_finds_a_message_and_its_author_with_one_query(bob, asks):
    pk = messages.post(author=bob, text="hello").pk
    with asks(shard1=1):
        assert selectors.by_id(pk).author.username == bob.username
    for unknown in (1, 2**63 - 1, pk + 1):
        with pytest.raises(Message.DoesNotExist):
            selectors.by_id(unknown)


def test_it_pages_through_a_members_messages_with_one_query_each(alice, bob, asks):
    mine = [messages.post(author=alice, text=str(number)) for number in range(5)]
    messages.post(author=bob, text="not mine")
    with asks(shard0=1):
        page = selectors.of_author(alice, limit=2)
        assert [line.message.author.username for line in page] == [alice.username] * 2
    assert ids(page) == ids([mine[4], mine[3]])
    assert ids(selectors.of_author(alice, before_id=mine[3].pk, limit=2)) == ids(mine[2:0:-1])
    # Backwards: the messages next to the position, not the newest.
    assert ids(selectors.of_author(alice, after_id=mine[0].pk, limit=2)) == ids(mine[2:0:-1])


def test_it_names_the_newest_messages_with_one_query(alice, asks):
    mine = [messages.post(author=alice, text=str(number)).pk for number in range(3)]
    with asks(shard0=1):
        assert [place.message_id for place in selectors.newest(alice, 2)] == [mine[2], mine[1]]
