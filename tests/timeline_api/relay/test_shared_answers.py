"""What is the same for everybody is made by one relay, and by no reader while it runs."""

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.utils import timezone

from timeline_api.models import Outbox
from timeline_api.relay import shared_answers
from timeline_api.relay.shared_answers import SharedAnswers
from timeline_api.relay.worker import Worker
from timeline_api.selectors import discovery

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture(autouse=True)
def empty_cache(db):
    cache.clear()


def test_it_makes_them_so_that_no_reader_does(alice, bob, charlie, post, asks):
    for author in (alice, bob, charlie):
        post(author, "#herons")
    Worker().run_round()
    with asks(cache=1):
        assert discovery.trending() == [("herons", 3)]
    candidates = {profile.account.id for profile in discovery.suggestions(alice)}
    assert candidates == {bob.pk, charlie.pk}
    assert cache.get("popular") == sorted(each.pk for each in (alice, bob, charlie))


def test_it_keeps_them_until_the_next_are_made_and_longer(alice, post, asks):
    post(alice, "#herons")
    SharedAnswers().refresh_if_due(["shard0"])
    later = timezone.now() + timedelta(seconds=2.5 * shared_answers.REFRESH_SECONDS)
    with time_machine.travel(later, tick=False), asks(cache=1):
        assert discovery.trending() == [("herons", 1)]


def test_it_makes_them_anew_when_they_are_due(alice, post, monkeypatch):
    answers = SharedAnswers()
    answers.refresh_if_due(["shard0"])
    post(alice, "#herons")
    answers.refresh_if_due(["shard0"])
    assert discovery.trending() == []
    monkeypatch.setattr(shared_answers, "REFRESH_SECONDS", 0)
    answers.refresh_if_due(["shard0"])
    assert discovery.trending() == [("herons", 1)]


def test_it_leaves_them_to_the_relay_that_works_on_the_first_shard():
    first, second = Worker(), Worker()
    assert first.leases.held()
    second.run_round()
    assert cache.get("trending") is None
    first.run_round()
    assert cache.get("trending") == []
    cache.clear()
    SharedAnswers().refresh_if_due(["shard1", "shard2"])
    assert cache.get("trending") is None


def test_it_lets_a_reader_make_them_without_a_relay(alice, post, asks):
    post(alice, "#herons")
    assert discovery.trending() == [("herons", 1)]
    with asks(cache=1):
        assert discovery.trending() == [("herons", 1)]
    minute = timezone.now() + timedelta(seconds=discovery.CACHE_SECONDS + 1)
    with time_machine.travel(minute, tick=False):
        post(alice, "#herons")
        assert discovery.trending() == [("herons", 2)]


def test_it_does_without_a_lost_shard(alice, bob, post, down):
    post(alice, "#herons")
    post(bob, "#ducks")
    with down("shard1"):
        SharedAnswers().refresh_if_due(["shard0"])
    assert discovery.trending() == [("herons", 1)]


@pytest.mark.parametrize("alias", ["cache", "shard0"])
def test_it_goes_on_delivering_when_they_cannot_be_made(bob, post, down, alias):
    post(bob, "hello")
    with down(alias):
        Worker().run_round()
    assert not Outbox.objects.scatter().exists()
