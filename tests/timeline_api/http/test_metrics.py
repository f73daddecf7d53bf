"""GET /metrics: all instances in one; what each counts is in test_health.py."""

import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from django.utils import timezone

from tests.timeline_api.lost import lost
from timeline_api.models import Outbox

pytestmark = pytest.mark.django_db(databases="__all__")

COUNTED = b"""# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{route="/a \\"b\\""} 3.0
"""


@pytest.fixture
def instance():
    """A server that answers as an instance does; `.answers` by path."""

    class Instance(BaseHTTPRequestHandler):
        def do_GET(self):
            body = self.server.answers.get(self.path)
            self.send_response(200 if body is not None else 503)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Instance)
    server.answers = {"/metrics/instance": COUNTED, "/livez": b"{}"}
    server.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def metrics(visitor):
    response = visitor.get("/metrics")
    assert response.status_code == 200
    return response.content.decode()


def test_it_shows_the_instances_side_by_side(visitor, instance, settings):
    settings.INSTANCES = {"api.1": instance.url, "api.2": instance.url, "web.1": instance.url}
    text = metrics(visitor)
    for name in ("api.1", "api.2"):
        assert f'requests_total{{process="{name}",route="/a \\"b\\""}} 3.0' in text
    assert 'twitsite_instance_up{process="web.1"} 1.0' in text
    assert 'requests_total{process="web.1"' not in text


def test_it_names_the_instances_that_do_not_answer(visitor, instance, settings):
    instance.answers = {"/metrics/instance": COUNTED}
    settings.INSTANCES = {
        "api.1": instance.url,
        "api.2": "http://127.0.0.1:9",
        "web.1": instance.url,  # 503
        "web.2": "http://127.0.0.1:9",
    }
    text = metrics(visitor)
    up = dict(re.findall(r'twitsite_instance_up{process="(.*)"} (.*)', text))
    assert up == {"api.1": "1.0", "api.2": "0.0", "web.1": "0.0", "web.2": "0.0"}
    assert 'requests_total{process="api.1"' in text


def test_it_shows_itself_where_no_other_is_known(visitor, settings):
    settings.INSTANCES = {}
    visitor.get("/livez")
    text = metrics(visitor)
    assert 'twitsite_api_requests_total{method="GET",route="/livez",status="200"}' in text
    assert "twitsite_relay_waiting_events" in text


def test_it_shows_its_own_alone_to_another(visitor):
    visitor.get("/livez")
    text = visitor.get("/metrics/instance").content.decode()
    assert 'twitsite_api_requests_total{method="GET",route="/livez",status="200"}' in text
    assert "twitsite_relay" not in text


def test_it_shows_what_waits_for_the_relay_and_for_an_operator(visitor, as_alice, alice, relay):
    as_alice.post("/api/v1/messages/", {"text": "hello"})
    waiting = f'twitsite_relay_waiting_events{{shard="{alice._state.db}"}} '
    assert waiting + "0.0" not in metrics(visitor)
    relay()
    text = metrics(visitor)
    assert waiting + "0.0" in text
    now = timezone.now()
    Outbox.objects.create(
        account=alice, kind="post", created_at=now, available_at=now, parked_at=now
    )
    assert f'twitsite_relay_parked_events{{shard="{alice._state.db}"}} 1.0' in metrics(visitor)


def test_it_shows_a_database_that_is_away(visitor):
    with lost("shard1"):
        text = metrics(visitor)
    assert 'twitsite_database_up{database="shard1"} 0.0' in text
    assert 'twitsite_database_up{database="shard0"} 1.0' in text
    assert 'twitsite_relay_waiting_events{shard="shard1"}' not in text
    assert re.search(r'twitsite_database_bytes{database="shard0"} [1-9]', text)
    assert re.search(r"twitsite_disk_free_bytes [1-9]", text)
