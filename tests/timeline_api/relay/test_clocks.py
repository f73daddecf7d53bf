"""Clocks that differ: of the instances that write events, and of the relays that deliver them."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from timeline_api.models import Outbox
from timeline_api.relay.worker import Worker
from timeline_api.services import follows

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.mark.parametrize("seconds", [300, -300])
def test_it_delivers_what_an_instance_with_another_clock_writes(
    seconds, alice, bob, post, homes_with, relay
):
    follows.follow(follower=bob, followee=alice)
    relay()
    with time_machine.travel(timezone.now() + timedelta(seconds=seconds)):
        message = post(alice, "hello")
    Worker().run_once()
    assert homes_with(message) == {alice.pk, bob.pk}


def test_it_delivers_when_its_own_clock_is_behind(alice, bob, post, homes_with, relay):
    follows.follow(follower=bob, followee=alice)
    relay()
    message = post(alice, "hello")
    with time_machine.travel(timezone.now() - timedelta(seconds=300)):
        Worker().run_round()
    assert homes_with(message) == {alice.pk, bob.pk}


def test_it_waits_no_longer_than_a_relay_may_for_what_another_postponed(alice, post):
    post(alice, "hello")
    events = Outbox.objects.filter(account=alice)
    events.update(available_at=timezone.now() + timedelta(seconds=60))
    assert Worker().run_once() == 0
    events.update(available_at=timezone.now() + timedelta(hours=1))
    assert Worker().run_once() == 1


def test_it_holds_leases_by_the_clock_of_the_database(settings):
    with time_machine.travel(timezone.now() + timedelta(seconds=300)):
        ahead = Worker()
        assert ahead.leases.held() == ["shard0", "shard1", "shard2"]
    assert Worker().leases.held() == []
    ahead.leases.release()
    assert Worker().leases.held() == ["shard0", "shard1", "shard2"]
