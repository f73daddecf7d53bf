"""Batches: many posts delivered at once, what they cost, and what happens when one fails."""

import logging

import pytest
from django.db import IntegrityError, connections
from django.test.utils import CaptureQueriesContext

from timeline_api.models import HomeEntry, Message, Outbox
from timeline_api.ops import faults
from timeline_api.relay import batches, fanout, worker
from timeline_api.relay.turns import LEAST_ROWS, MOST_ROWS, TURN_SECONDS, Pace
from timeline_api.relay.worker import Worker
from timeline_api.services import follows, home_timelines, messages

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture(autouse=True)
def no_trims(monkeypatch):
    monkeypatch.setattr("random.random", lambda: 1.0)


@pytest.fixture
def friends(alice, bob, charlie, fans, relay):
    """alice on shard0, with twelve fans, and bob and charlie, who follow each other and alice."""
    for one in (bob, charlie):
        for other in (alice, bob, charlie):
            if one != other:
                follows.follow(follower=one, followee=other)
    relay()
    return alice, bob, charlie


def post_each(accounts, times, post):
    return [post(account, str(number)) for number in range(times) for account in accounts]


def test_it_delivers_the_posts_of_all_shards_in_one_pass(friends, fans, post, homes_with):
    alice, bob, charlie = friends
    posted = post_each(friends, 3, post)
    assert Worker().run_once() == 9
    assert not Outbox.objects.scatter().exists()
    everybody = {alice.pk, bob.pk, charlie.pk, *(fan.pk for fan in fans)}
    for message in posted:
        expected = everybody if message.author_id == alice.pk else {bob.pk, charlie.pk}
        assert homes_with(message) == expected


def test_it_costs_the_same_queries_for_many_posts_as_for_few(friends, post):
    worker = Worker()
    worker.run_once()  # which deletes expired keys, once a minute

    def queries(times):
        post_each(friends, times, post)
        asked = {}
        captures = {alias: CaptureQueriesContext(connections[alias]) for alias in connections}
        for captured in captures.values():
            captured.__enter__()
        worker.run_once()
        for alias, captured in captures.items():
            captured.__exit__(None, None, None)
            sql = [query["sql"] for query in captured.captured_queries]
            asked[alias] = [each for each in sql if "SAVEPOINT" not in each]
        return {alias: len(sql) for alias, sql in asked.items() if sql}

    few = queries(1)
    assert few == queries(20)
    # Due events, messages and authors, followers, follows, entries, a second look, the deletion.
    assert few == {"shard0": 7, "shard1": 7, "shard2": 7}


def test_it_writes_each_shard_in_turns(friends, fans, post, homes_with, monkeypatch):
    alice, bob, _ = friends
    sizes = []
    real = home_timelines.insert_entries
    monkeypatch.setattr(
        home_timelines, "insert_entries", lambda rows: sizes.append(len(rows)) or real(rows)
    )
    monkeypatch.setattr(fanout.pace, "rows_in_turn", 2)
    posted = post_each((alice, bob), 1, post)
    Worker().run_once()
    assert max(sizes) <= 2
    assert sum(sizes) == 14 + 1
    assert len(homes_with(posted[0])) == 15
    assert len(homes_with(posted[1])) == 2


def test_it_keeps_a_turn_short():
    pace = Pace()
    assert pace.rows_in_turn == LEAST_ROWS
    for _ in range(20):
        with pace.measured(1_000_000):
            pass
    assert pace.rows_in_turn == MOST_ROWS
    with pace.measured(10):
        pass
    assert pace.rows_in_turn == MOST_ROWS  # too few to tell
    with pytest.MonkeyPatch.context() as patch:
        clock = iter([0.0, 10 * TURN_SECONDS] * 20)
        patch.setattr("timeline_api.relay.turns.time.perf_counter", lambda: next(clock))
        for _ in range(20):
            with pace.measured(MOST_ROWS):
                pass
    assert pace.rows_in_turn == LEAST_ROWS


def test_it_leaves_authors_with_many_followers_to_the_single_handler(
    friends, post, settings, homes_with
):
    alice, bob, _ = friends
    settings.TIMELINES = {"FANOUT_CHUNK": 5}
    big, small = post(alice, "to many"), post(bob, "to few")
    outcome = batches.deliver(list(Outbox.objects.scatter()))
    assert [event.payload["message_id"] for event in outcome.single] == [big.pk]
    assert [event.payload["message_id"] for event in outcome.finished] == [small.pk]
    assert homes_with(big) == {alice.pk}


def test_it_delivers_no_more_than_so_many_entries_at_once(friends, post, monkeypatch, relay):
    monkeypatch.setattr(batches, "MOST_ENTRIES", 30)
    post_each(friends[:1], 5, post)
    assert Worker().run_once() == 2  # of fourteen followers
    assert Outbox.objects.scatter().count() == 3
    relay()


def test_it_delivers_singly_when_the_batch_fails(friends, post, monkeypatch, homes_with, caplog):
    good, bad = post(friends[0]), post(friends[1])
    real = worker.handle

    def deliver(events):
        raise IntegrityError("a row that nobody expected")

    def handle(event):
        if event.payload["message_id"] == bad.pk:
            raise IntegrityError("a row that nobody expected")
        return real(event)

    monkeypatch.setattr(batches, "deliver", deliver)
    monkeypatch.setattr(worker, "handle", handle)
    with caplog.at_level(logging.ERROR):
        assert Worker().run_once() == 1
    assert "batch_failed events=2" in caplog.text
    assert len(homes_with(good)) == 15
    event = Outbox.objects.scatter().get()
    assert event.payload["message_id"] == bad.pk
    assert event.attempts == 1
    assert not batches.is_for_batch(event)  # until it is delivered or parked, it is alone


def test_it_retries_a_lost_shard_alone_for_all_events_together(
    friends, fans, post, down, homes_with
):
    alice, bob, charlie = friends
    posted = [post(alice), post(alice), post(charlie)]
    with down("shard1"):
        assert Worker().run_once() == 0
        waiting = Outbox.objects.scatter(on_shard_down="skip")
        assert {(event.retry_shard, event.attempts) for event in waiting} == {("shard1", 0)}
        Worker().run_once(early=True)
        assert len(waiting.all()) == 3
    written = []
    faults.install(written.append)
    assert Worker().run_once(early=True) == 3
    assert written.count("fanout.after_a_shard") == 1
    assert homes_with(posted[0]) == {alice.pk, bob.pk, charlie.pk, *(fan.pk for fan in fans)}
    assert homes_with(posted[2]) == {bob.pk, charlie.pk}
    assert not Outbox.objects.scatter().exists()


def test_it_delivers_other_posts_when_a_shard_of_authors_is_lost(friends, post, down, homes_with):
    _, bob, charlie = friends
    lost, other = post(bob), post(charlie)
    with down("shard1"):
        Worker().run_once()
    assert homes_with(other) == {charlie.pk}
    Worker().run_once(early=True)
    assert homes_with(lost) == homes_with(other) == {bob.pk, charlie.pk}


def test_it_forgets_events_of_deleted_messages(friends, post, relay):
    kept, gone = post(friends[0]), post(friends[0])
    Message.objects.filter(pk=gone.pk).delete()
    assert Worker().run_once() == 2
    assert HomeEntry.objects.scatter().filter(message_id=kept.pk).count() == 15
    assert HomeEntry.objects.scatter().filter(message_id=gone.pk).count() == 1  # the author's own


def test_it_repeats_a_batch_without_a_change(friends, post, homes_with):
    message = post(friends[0])
    events = list(Outbox.objects.scatter())
    for _ in range(2):
        assert batches.deliver(events).finished == events
        assert len(homes_with(message)) == 15
        assert HomeEntry.objects.scatter().filter(message_id=message.pk).count() == 15


def test_it_skips_those_who_unfollow_before_it_writes(friends, post, homes_with, relay):
    _, bob, charlie = friends
    message = post(bob)

    def unfollow(name):
        if name == "fanout.before_a_shard":
            faults.install(None)
            follows.unfollow(follower=charlie, followee=bob)

    faults.install(unfollow)
    Worker().run_once()
    assert homes_with(message) == {bob.pk}
    messages.delete(message=message)
    relay()
