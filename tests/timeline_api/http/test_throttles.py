"""The counters behind 429: exact over threads, forgotten after their window."""

import threading
from contextlib import ExitStack

import pytest
from django.db import connections
from rest_framework.exceptions import Throttled

from timeline_api.http import rate_limits, throttling
from timeline_api.http.authentication import LoginLimit
from timeline_api.http.rate_limits import Limit
from timeline_api.models import ThrottleCount
from timeline_api.services.accounts import InvalidCredentials

pytestmark = pytest.mark.django_db(databases="__all__")

PUBLIC = "/api/v1/timelines/public/"
MESSAGES = "/api/v1/messages/"


@pytest.fixture
def rates(settings):
    def rates(**changes):
        settings.THROTTLE_RATES = settings.THROTTLE_RATES | changes

    return rates


def test_it_lets_so_many_pass_and_no_more(rates):
    rates(post="3/min")
    for _ in range(3):
        Limit("post", "alice").hit()
    with pytest.raises(Throttled) as raised:
        Limit("post", "alice").hit()
    assert 0 < raised.value.wait <= 60
    Limit("post", "bob").hit()
    Limit("register", "alice").hit()


def test_it_starts_again_after_the_window(rates, monkeypatch):
    rates(post="1/min")
    start = rate_limits.now()
    Limit("post", "alice").hit()
    monkeypatch.setattr(rate_limits, "now", lambda: start + 59)
    with pytest.raises(Throttled):
        Limit("post", "alice").hit()
    monkeypatch.setattr(rate_limits, "now", lambda: start + 61)
    Limit("post", "alice").hit()


def test_it_deletes_what_has_expired(rates, monkeypatch):
    rates(post="1/min")
    start = rate_limits.now()
    Limit("post", "alice").hit()
    monkeypatch.setattr(rate_limits, "now", lambda: start + 100)
    monkeypatch.setattr(rate_limits, "PURGE_ONE_IN", 1)
    Limit("post", "bob").hit()
    assert ThrottleCount.objects.count() == 1


def test_it_lets_no_more_guesses_pass_at_once_than_in_turn(rates, rf):
    """A guess counts from before its hash is computed; a right password does not count."""
    rates(login="3/min")
    request = rf.post("/")
    with ExitStack() as hashing:
        for _ in range(3):
            hashing.enter_context(LoginLimit(request, "alice"))
        with pytest.raises(Throttled), LoginLimit(request, "Alice"):
            pass
        with LoginLimit(request, "bob"):
            pass
    rows = dict(ThrottleCount.objects.values_list("key", "count"))
    assert max(rows.values()) == 1  # the attempt that was refused
    for _ in range(2):
        with pytest.raises(InvalidCredentials), LoginLimit(request, "alice"):
            raise InvalidCredentials
    with pytest.raises(Throttled), LoginLimit(request, "alice"):
        pass


def test_it_is_off_without_a_rate(rates):
    rates(post=None)
    for _ in range(5):
        Limit("post", "alice").hit()
    Limit("post", "alice").take_back()
    assert not ThrottleCount.objects.exists()


def test_it_keeps_no_names_and_addresses():
    Limit("login", "203.0.113.5", "alice").hit()
    (row,) = ThrottleCount.objects.all()
    assert "alice" not in row.key
    assert "203" not in row.key


@pytest.mark.django_db(transaction=True, databases=["cache"])
def test_it_loses_no_count_between_threads(rates):
    rates(post="1000000/min")

    def work():
        for _ in range(50):
            Limit("post", "alice").hit()
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ThrottleCount.objects.get().count == 200


def test_it_stops_a_flood_of_anonymous_reads(visitor, rates):
    rates(anonymous="10/min")
    statuses = [visitor.get(PUBLIC).status_code for _ in range(25)]
    assert statuses[:10] == [200] * 10
    assert statuses[-1] == 429
    assert int(visitor.get(PUBLIC)["Retry-After"]) > 0


def test_it_counts_no_member_as_anonymous(as_alice, rates):
    rates(anonymous="2/min")
    assert {as_alice.get(PUBLIC).status_code for _ in range(8)} == {200}


def test_it_writes_once_in_fifty_anonymous_reads(visitor, django_assert_num_queries):
    with django_assert_num_queries(1, connection=connections["cache"]):
        for _ in range(throttling.AnonymousThrottle.stride):
            visitor.get(PUBLIC)


def test_it_writes_once_in_ten_posts(as_alice, django_assert_num_queries):
    with django_assert_num_queries(1, connection=connections["cache"]):
        for _ in range(throttling.PostThrottle.stride):
            assert as_alice.post(MESSAGES, {"text": "hello"}).status_code == 201


def test_it_stops_a_flood_of_posts(as_alice, as_bob, rates):
    rates(post="60/min")
    statuses = [as_alice.post(MESSAGES, {"text": "hello"}).status_code for _ in range(64)]
    assert statuses[:60] == [201] * 60
    assert statuses[62:] == [429, 429]
    assert as_bob.post(MESSAGES, {"text": "hello"}).status_code == 201


def test_it_is_exact_where_few_are_allowed(as_alice, rates):
    rates(post="3/min")
    statuses = [as_alice.post(MESSAGES, {"text": "hello"}).status_code for _ in range(5)]
    assert statuses == [201, 201, 201, 429, 429]
