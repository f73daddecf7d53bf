"""GET /livez, /readyz and /metrics; and the headers of every response."""

import re
from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.utils import timezone

from shardrouter import shard_map
from tests.timeline_api.lost import lost
from timeline_api.models import Outbox

pytestmark = pytest.mark.django_db(databases="__all__")

ALL_UP = {"default": "ok", "shard0": "ok", "shard1": "ok", "shard2": "ok"}


@pytest.fixture
def down():
    """Makes databases unreachable, until the test ends."""
    with ExitStack() as stack:

        def down(*aliases):
            for alias in aliases:
                stack.enter_context(lost(alias))

        yield down


def test_it_lives(visitor, db):
    response = visitor.get("/livez")
    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


def test_it_is_ready_when_all_answer(visitor, db):
    response = visitor.get("/readyz")
    assert response.status_code == 200
    idle = {"waiting": 0, "seconds_behind": 0.0, "seconds_ahead": 0.0, "parked": 0}
    relay = {"shard0": idle, "shard1": idle, "shard2": idle}
    body = response.json()
    assert abs(body.pop("clock_skew_seconds")) < 1
    assert body == {"status": "ok", "databases": ALL_UP, "relay": relay, "problems": []}


def test_it_is_degraded_while_the_relay_is_late_or_a_clock_differs(visitor, alice):
    for seconds in (33, -300):
        at = timezone.now() - timedelta(seconds=seconds)
        Outbox.objects.create(account=alice, kind="message_posted", created_at=at, available_at=at)
    response = visitor.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    behind, ahead = response.json()["problems"]
    assert "33 s behind" in behind
    assert "300 s ahead" in ahead


def test_it_is_ready_but_degraded_without_one_shard(visitor, db, down):
    down("shard1")
    response = visitor.get("/readyz")
    assert response.status_code == 200
    body = response.json()
    assert (body["status"], body["databases"]) == ("degraded", ALL_UP | {"shard1": "down"})
    assert set(body["relay"]) == {"shard0", "shard2"}


def test_it_is_ready_without_default_while_it_knows_the_map(visitor, db, down):
    shard_map.aliases()
    down("default")
    response = visitor.get("/readyz")
    assert response.status_code == 200
    assert response.json()["databases"]["default"] == "down"


def test_it_is_not_ready_without_default_when_it_does_not_know_the_map(visitor, db, down):
    shard_map.reload()
    down("default")
    assert visitor.get("/readyz").status_code == 503


def test_it_is_not_ready_without_any_shard(visitor, db, down):
    down("shard0", "shard1", "shard2")
    response = visitor.get("/readyz")
    assert response.status_code == 503
    assert response.json()["status"] == "down"


def test_it_counts_what_it_answers(visitor, db):
    visitor.get("/api/v1/timelines/public/")
    visitor.get("/api/v1/accounts/nobody/")
    text = visitor.get("/metrics").content.decode()
    line = 'route="/api/v1/timelines/public/",status="200"'
    assert f'twitsite_api_requests_total{{method="GET",{line}}}' in text
    assert 'route="/api/v1/accounts/<username:username>/",status="404"' in text
    assert "twitsite_api_request_seconds_bucket" in text


def test_it_counts_what_is_routed_and_what_is_scattered(visitor, db):
    visitor.get("/api/v1/accounts/nobody_at_all/")
    visitor.get("/api/v1/timelines/public/")
    text = visitor.get("/metrics").content.decode()
    counted = 'twitsite_api_queries_total{kind="%s",model="timeline_api.%s",reason="%s"}'
    assert counted % ("routed", "Account", "username_key") in text
    assert re.search(counted.replace("{", r"\{") % ("scattered", "[A-Za-z]+", r"scatter\(\)"), text)


def test_it_makes_no_metric_of_unknown_paths_and_methods(visitor, db):
    visitor.generic("BREW", "/no/such/path")
    text = visitor.get("/metrics").content.decode()
    assert "BREW" not in text
    assert "/no/such/path" not in text


@pytest.mark.parametrize(
    "path", ["/livez", "/api/v1/", "/api/v1/nowhere/", "/api/v1/timelines/home/", "/admin/login/"]
)
def test_it_says_who_served_which_request(visitor, db, settings, path):
    settings.INSTANCE_NAME = "api.3"
    response = visitor.get(path, HTTP_X_REQUEST_ID="my-request.1_A")
    assert response["X-Request-ID"] == "my-request.1_A"
    assert response["X-Served-By"] == "api.3"


@pytest.mark.parametrize("asked", ["", "a b", "ü", "x" * 65, 'a"b', "a\r\nb"])
def test_it_makes_a_request_id_when_the_clients_is_odd(visitor, db, asked):
    made = visitor.get("/livez", HTTP_X_REQUEST_ID=asked)["X-Request-ID"]
    assert made != asked
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", made)


def test_it_sends_security_headers(visitor, db):
    response = visitor.get("/api/v1/")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert "default-src 'self'" in response["Content-Security-Policy"]
