"""The client against a real HTTP server with scripted answers."""

import json
import threading
from copy import copy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from timeline_web.client import Api, contents, errors, transport

from .servers import free_port

ACCOUNT = {
    "is_suspended": False,
    "id": "1",
    "username": "alice",
    "display_name": "",
    "bio": "",
    "created_at": "2026-11-24T12:00:00Z",
    "message_count": 0,
    "follower_count": 0,
    "following_count": 0,
}
MESSAGE = {
    "id": "2",
    "text": "hi",
    "created_at": "2026-11-24T12:00:00Z",
    "edited_at": None,
    "revision": 0,
    "author": ACCOUNT,
    "mentions": [],
    "entities": [],
    "in_reply_to": None,
    "repost_of": None,
    "reply_count": 0,
    "like_count": 0,
    "repost_count": 0,
    "is_deleted": False,
}
HEAD = {"count": 3, "account": ACCOUNT}


class Backend(ThreadingHTTPServer):
    """Answers with the (status, body, headers) of `script` in turn, and with the last for ever."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[tuple[int, object, dict]] = []
        self.seen: list[BaseHTTPRequestHandler] = []

    def answer(self, status: int, body: object = None, **headers: str) -> None:
        """Add an answer. Underscores in names of headers stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.script.append((status, body, named))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append(copy(self))  # one handler answers all that a connection asks
        script = self.server.script
        status, body, headers = script.pop(0) if len(script) > 1 else script[0]
        if status == 0:  # the connection breaks off
            self.close_connection = True
            return
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = handle_any

    def log_message(self, *arguments):
        pass


@pytest.fixture
def backend(settings):
    server = Backend()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    settings.API_BASE_URL = f"http://127.0.0.1:{server.server_port}"
    settings.API_READ_TIMEOUT = 0.5
    transport.close_connection()
    yield server
    transport.close_connection()
    server.shutdown()
    server.server_close()


def test_it_sends_who_asks_and_for_whom(backend):
    backend.answer(200, ACCOUNT)
    Api(token="1.x", request_id="r-1", client_ip="192.0.2.7").account("alice")
    headers = backend.seen[0].headers
    assert headers["Authorization"] == "Bearer 1.x"
    assert headers["X-Request-ID"] == "r-1"
    assert headers["X-Forwarded-For"] == "192.0.2.7"


def test_it_sends_no_token_for_a_visitor(backend):
    backend.answer(200, ACCOUNT)
    Api().account("alice")
    assert "Authorization" not in backend.seen[0].headers


def test_it_keeps_the_connection_and_no_cookie(backend):
    backend.answer(200, ACCOUNT, Set_Cookie="whose=alices; Path=/")
    Api().account("alice")
    Api().account("alice")
    assert backend.seen[0].client_address == backend.seen[1].client_address
    assert "Cookie" not in backend.seen[1].headers


def test_it_quotes_a_name_in_the_path(backend):
    backend.answer(404, {"detail": "no"})
    with pytest.raises(errors.NotFound):
        Api().account("../tokens/?x#")
    assert backend.seen[0].path == "/api/v1/accounts/..%2Ftokens%2F%3Fx%23/"


@pytest.mark.parametrize("tag", [".", "..", ""])
def test_it_leads_no_name_to_another_endpoint(backend, tag):
    """/tags/../messages/ is /messages/ for whoever sends it."""
    with pytest.raises(errors.NotFound):
        Api().tag_timeline(tag)
    assert backend.seen == []


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, {"username": ["taken"]}, errors.Invalid),
        (400, ["flat"], errors.Invalid),
        (401, {"detail": "Invalid token."}, errors.Unauthorized),
        (403, {"detail": "This account is suspended."}, errors.Forbidden),
        (404, {"detail": "Not found."}, errors.NotFound),
        (409, {"detail": "Still running."}, errors.Conflict),
        (422, {"detail": "Another text."}, errors.KeyReused),
        (413, b"<html>too large</html>", errors.Invalid),
        (429, {"detail": "Slowly."}, errors.Throttled),
        (500, b"<h1>Server Error</h1>", errors.ApiBroken),
        (503, b"<html>nginx</html>", errors.ApiUnavailable),
        (302, b"", errors.ApiBroken),
        (200, b"no json", errors.ApiBroken),
        (200, {"id": "half an account"}, errors.ApiBroken),
        (200, None, errors.ApiBroken),
    ],
)
def test_it_raises_one_error_for_each_kind_of_answer(backend, status, body, expected):
    backend.answer(status, body)
    with pytest.raises(expected) as caught:
        Api().account("alice")
    assert type(caught.value) is expected


def test_it_says_how_long_to_wait(backend):
    backend.answer(429, {"detail": "Slowly."}, Retry_After="17")
    with pytest.raises(errors.Throttled) as caught:
        Api().log_in(username="alice", password="x")
    assert caught.value.retry_after == 17


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "a little"),
        (1, "1 second"),
        (90, "90 seconds"),
        (91, "2 minutes"),
        (5400, "90 minutes"),
        (5401, "2 hours"),
    ],
)
def test_it_advises_to_wait_in_words(seconds, words):
    assert words in errors.Throttled(retry_after=seconds).advice


@pytest.mark.parametrize("failure", [502, 503, 504, 0])
def test_it_reads_again_when_the_gateway_fails(backend, failure):
    backend.answer(failure, b"")
    backend.answer(200, ACCOUNT)
    assert Api().account("alice").username == "alice"
    assert len(backend.seen) == 2


@pytest.mark.parametrize("failure", [502, 0])
def test_it_posts_a_message_again_with_the_same_key(backend, failure):
    backend.answer(failure, b"")
    backend.answer(201, MESSAGE)
    assert Api(token="1.x").post_message("hi", key="k").text == "hi"
    assert [request.headers["Idempotency-Key"] for request in backend.seen] == ["k", "k"]


@pytest.mark.parametrize("failure", [502, 0])
def test_it_registers_once_only(backend, failure):
    backend.answer(failure, b"")
    with pytest.raises(errors.ApiUnavailable):
        Api().register(username="a", email="a@example.com", password="x")
    assert len(backend.seen) == 1


def test_it_neither_retries_the_apis_own_503_nor_opens_the_circuit(backend):
    backend.answer(503, {"detail": "shard1 does not answer."}, Retry_After="2")
    for _ in range(10):
        with pytest.raises(errors.ApiUnavailable) as caught:
            Api().account("alice")
        assert caught.value.retry_after == 2
    assert len(backend.seen) == 10


def test_it_opens_the_circuit_and_closes_it_again(backend, settings):
    settings.API_BREAKER_FAILURES, settings.API_BREAKER_SECONDS = 3, 0.2
    backend.answer(502, b"")
    for _ in range(8):
        with pytest.raises(errors.ApiUnavailable):
            Api().account("alice")
    asked = len(backend.seen)
    assert asked == 3 * 2  # each call was sent twice, the other five were not sent
    backend.script = [(200, ACCOUNT, {})]
    threading.Event().wait(0.25)
    assert Api().account("alice").username == "alice"


def test_it_does_not_open_the_circuit_for_client_errors(backend):
    backend.answer(404, {"detail": "no"})
    for _ in range(10):
        with pytest.raises(errors.NotFound):
            Api().account("nobody")
    assert len(backend.seen) == 10


def test_it_raises_unavailable_if_nobody_listens(settings):
    settings.API_BASE_URL = f"http://127.0.0.1:{free_port()}"
    transport.close_connection()
    with pytest.raises(errors.ApiUnavailable):
        Api().public_timeline()
    assert not Api().is_alive()


def test_it_parses_a_pages_cursors_and_missing_shards(backend):
    body = {
        "next": "http://api.example/api/v1/timelines/public/?cursor=b%2BA%3D%3D&page_size=30",
        "previous": None,
        "results": [MESSAGE],
    }
    backend.answer(200, body, X_Shards_Missing="shard1")
    page = Api().public_timeline("a+b=")
    assert backend.seen[0].path == "/api/v1/timelines/public/?include=trending&cursor=a%2Bb%3D"
    assert (page.older, page.newer, page.shards_missing) == ("b+A==", None, "shard1")
    assert page.items[0].author.username == "alice"
    assert page.items[0].created_at.utcoffset().total_seconds() == 0


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("tag_timeline", {"next": None, "previous": None, "results": []}),
        ("message", MESSAGE),
        ("shown_account", ACCOUNT),
    ],
)
def test_it_gets_the_head_with_what_a_page_is_about(backend, method, body):
    backend.answer(200, body | {"included": {"head": HEAD}})
    member = Api(token="1.x")
    getattr(member, method)("alice")
    assert member.member_summary().unread_count == 3
    assert [request.path.partition("?")[2] for request in backend.seen] == ["include=head"]


def test_it_does_not_ask_again_for_a_head_that_could_not_be_had(backend):
    page = {"next": None, "previous": None, "results": []}
    backend.answer(200, page | {"included": {"head": None}})
    member = Api(token="1.x")
    member.notifications()
    assert member.member_summary() is None
    assert [request.path for request in backend.seen] == ["/api/v1/notifications/?include=head"]


def test_it_asks_for_the_head_of_a_page_about_nothing(backend):
    backend.answer(200, HEAD)
    assert Api(token="1.x").member_summary().unread_count == 3
    assert backend.seen[0].path == "/api/v1/notifications/unread/"


def test_it_asks_for_the_parts_of_a_conversation_that_could_not_be_had(backend):
    page = {"next": None, "previous": None, "results": []}
    backend.answer(200, page | {"included": {"message": None, "ancestors": None}})
    backend.answer(200, MESSAGE)
    backend.answer(200, {"results": []})
    backend.answer(200, ACCOUNT | {"pinned_message": "2"})
    shown = contents.conversation(Api(), "2", "", author="alice")
    assert (shown.message.id, shown.ancestors, shown.is_pinned) == ("2", [], True)
    assert len(backend.seen) == 4
