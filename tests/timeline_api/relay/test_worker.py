"""The relay: the order of events, leases of shards, and how far behind it is."""

import io
import json
import os
import socket
import subprocess
import sys
from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone

from timeline_api.models import HomeEntry, Outbox, RelayLease
from timeline_api.relay import batches, handlers, leases, worker
from timeline_api.relay.leases import Leases
from timeline_api.relay.worker import Worker
from timeline_api.selectors import outbox
from timeline_api.services import follows, messages

pytestmark = pytest.mark.django_db(databases="__all__")
SHARDS = ["shard0", "shard1", "shard2"]


def test_it_delivers_other_posts_during_a_large_fan_out(
    alice, bob, on_shard, fans, post, settings, relay, homes_with
):
    settings.TIMELINES = {"FANOUT_CHUNK": 2}
    neighbour = on_shard("neighbour", "shard0")
    follows.follow(follower=bob, followee=neighbour)
    relay()
    big, small = post(alice, "to many"), post(neighbour, "to bob")
    Worker().run_once()
    assert homes_with(small) == {neighbour.pk, bob.pk}
    assert len(homes_with(big)) == 1 + 2
    event = Outbox.objects.get(account=alice)
    assert event.cursor == sorted(fan.pk for fan in fans)[1]
    relay()
    assert homes_with(big) == {alice.pk, *(fan.pk for fan in fans)}


def test_it_skips_a_lost_shard_and_retries_it_alone(
    alice, fans, post, settings, down, relay, homes_with
):
    settings.TIMELINES = {"FANOUT_CHUNK": 5}
    message = post(alice, "hello")
    with down("shard1"):
        for _ in range(5):
            Worker().run_once()
        reached = {fan.pk for number, fan in enumerate(fans) if number % 3 != 1}
        assert homes_with_on_other_shards(message) == {alice.pk, *reached}
        event = Outbox.objects.get(account=alice)
        assert (event.cursor, event.retry_shard, event.attempts) == (0, "shard1", 0)
    relay()
    assert homes_with(message) == {alice.pk, *(fan.pk for fan in fans)}


def homes_with_on_other_shards(message):
    rows = HomeEntry.objects.scatter(on_shard_down="skip").filter(message_id=message.pk)
    return set(rows.values_list("owner_id", flat=True))


def test_it_deletes_a_message_from_homes_a_chunk_at_a_time(
    alice, fans, post, settings, relay, homes_with
):
    message = post(alice, "hello")
    kept = post(alice, "stays")
    relay()
    settings.TIMELINES = {"FANOUT_CHUNK": 2}
    messages.delete(message=message)
    everybody = {fan.pk for fan in fans}
    assert homes_with(message) == everybody
    Worker().run_once()
    assert len(homes_with(message)) == len(everybody) - 2 * len(SHARDS)
    relay()
    assert homes_with(message) == set()
    assert homes_with(kept) == {alice.pk, *everybody}


def test_it_keeps_the_cursor_that_another_relay_has_moved(alice, fans, post, settings):
    settings.TIMELINES = {"FANOUT_CHUNK": 2}
    post(alice, "hello")
    frozen = Outbox.objects.get(account=alice)
    Worker().run_once()
    Worker().run_once()
    ahead = Outbox.objects.get(account=alice).cursor
    handlers.handle(frozen)  # wakes, and delivers its chunk again
    assert Outbox.objects.get(account=alice).cursor == ahead


def test_it_takes_over_leases_that_expire(monkeypatch):
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0)

    def wait(time):
        """Let so much time pass on the clock of the database, which leases go by."""
        RelayLease.objects.update(expires_at=F("expires_at") - time)

    first, second = Leases(), Leases()
    assert first.held() == SHARDS
    assert second.held() == []
    wait(leases.LEASE - timedelta(seconds=1))
    assert first.held() == SHARDS  # renewed
    wait(leases.LEASE - timedelta(seconds=1))
    assert second.held() == []
    wait(timedelta(seconds=2))
    assert second.held() == SHARDS  # the first is dead, or frozen
    assert first.held() == []  # it wakes
    second.release()
    assert first.held() == SHARDS


def test_it_takes_over_within_15_seconds():
    assert leases.LEASE.total_seconds() + leases.RENEW_SECONDS < 15


def test_it_takes_over_from_a_dead_process_of_this_machine_at_once():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    lives = f"{socket.gethostname()}:{os.getppid()}:1"
    dead = f"{socket.gethostname()}:{ended.pid}:2"
    elsewhere = f"elsewhere.example.org:{ended.pid}:3"
    for alias, holder in zip(SHARDS, (lives, dead, elsewhere), strict=True):
        until = timezone.now() + timedelta(hours=1)
        RelayLease.objects.create(shard=alias, holder=holder, expires_at=until)
    assert Leases().held() == ["shard1"]


def test_it_works_on_all_shards_without_default(down):
    with down("default"):
        holder = Leases()
        assert holder.held() == SHARDS
        holder.release()


def test_it_works_on_leased_shards_and_releases_them(alice, fans, post, homes_with):
    message = post(alice, "hello")
    RelayLease.objects.create(
        shard="shard0", holder="another", expires_at=timezone.now() + timedelta(hours=1)
    )
    one = Worker()
    assert one.leases.held() == ["shard1", "shard2"]
    one.run_once(aliases=one.leases.held())
    assert homes_with(message) == {alice.pk}
    RelayLease.objects.filter(shard="shard0").update(expires_at=timezone.now())
    two = Worker()
    two.run_once(aliases=two.leases.held())
    assert len(homes_with(message)) == 13
    one.stop()
    one.run()
    assert not RelayLease.objects.filter(holder=one.leases.holder, expires_at__gt=timezone.now())


def status(form):
    out = io.StringIO()
    call_command("relay", status=True, format=form, stdout=out)
    return out.getvalue()


def test_it_says_how_far_behind_it_is(alice, fans, post, down, monkeypatch):
    now = timezone.now()
    with time_machine.travel(now, tick=False) as clock:
        post(alice, "hello")
        clock.shift(90)
        (lag, *others) = outbox.lags()
        assert (lag.shard, lag.up, lag.waiting, lag.parked) == ("shard0", True, 1, 0)
        assert lag.seconds_behind == pytest.approx(90, abs=0.1)
        assert [each.waiting for each in others] == [0, 0]
        Leases().held()
        assert "shard0: 1 waiting, 90.0 s behind, 0 parked; " in status("text")
        assert json.loads(status("json"))[0]["relay"].count(":") == 2
        with down("shard1"):
            assert "shard1: does not answer" in status("text")


def test_it_discards_parked_events_alone(alice, post, settings, monkeypatch):
    settings.TIMELINES = {"RELAY_MAX_ATTEMPTS": 1}
    post(alice, "hello")
    event = Outbox.objects.get(account=alice)
    assert not worker.discard(event)

    def fail(events):
        raise IntegrityError("a row that nobody expected")

    monkeypatch.setattr(worker, "handle", fail)
    monkeypatch.setattr(batches, "deliver", fail)
    Worker().run_once()
    assert Outbox.objects.get(account=alice).parked_at is not None
    assert outbox.lags()[0].parked == 1
    assert worker.discard(event)
    assert not Outbox.objects.scatter().exists()
