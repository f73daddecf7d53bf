"""What nginx does itself: headers, retries, limits. Fake instances record their requests."""

import http.client
import socket

import pytest
import requests

from .balancer import Answer, balancer

HASHED = "style.0123456789ab.css"


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nginx")
    for service in ("web", "api"):
        static = folder / "var" / "static" / service
        static.mkdir(parents=True)
        (static / HASHED).write_text(f"/* {service} */")
        (static / "plain.js").write_text("'plain'")
    with balancer(folder) as running:
        yield running


def test_it_asks_the_next_instance_when_one_died_over_a_get(nginx):
    answer = requests.get(f"{nginx.api}/dies/get", timeout=10)
    assert nginx.asked.count(("GET", "/dies/get")) == 3
    # All three died, so no instance is left.
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_it_never_sends_a_write_twice(nginx, method):
    answer = requests.request(method, f"{nginx.api}/dies/{method}", json={}, timeout=10)
    assert nginx.asked.count((method, f"/dies/{method}")) == 1
    assert answer.status_code == 502
    assert answer.json()["detail"]
    assert answer.headers["X-Request-ID"]
    assert answer.headers["X-Served-By"] == "nginx"
    # Without Retry-After the site repeats the post at once; its Idempotency-Key makes that safe.
    assert "Retry-After" not in answer.headers


def test_it_asks_once_when_the_instance_itself_says_503(nginx):
    nginx.answers["/shard-is-down"] = Answer(503)
    assert requests.get(f"{nginx.api}/shard-is-down", timeout=10).status_code == 503
    assert nginx.asked.count(("GET", "/shard-is-down")) == 1


def test_it_replaces_what_a_visitor_of_the_site_claims_to_be(nginx):
    spoofed = {"X-Forwarded-For": "203.0.113.5"}
    seen = requests.get(f"{nginx.site}/x", headers=spoofed, timeout=10).json()
    assert seen["X-Forwarded-For"] in ("127.0.0.1", "::1")


def test_it_passes_on_the_address_that_the_site_speaks_for(nginx):
    spoken = {"X-Forwarded-For": "203.0.113.5"}
    seen = requests.get(f"{nginx.api}/x", headers=spoken, timeout=10).json()
    assert seen["X-Forwarded-For"] in ("203.0.113.5, 127.0.0.1", "203.0.113.5, ::1")


def test_it_replaces_what_a_stranger_at_the_api_claims_to_be(tmp_path):
    with balancer(tmp_path, TRUSTED_PROXIES="192.0.2.0/24") as nginx:
        spoofed = {"X-Forwarded-For": "203.0.113.5"}
        seen = requests.get(f"{nginx.api}/x", headers=spoofed, timeout=10).json()
        assert seen["X-Forwarded-For"] in ("127.0.0.1", "::1")


def test_it_passes_on_the_host_with_its_port_and_the_request_id(nginx):
    seen = requests.get(f"{nginx.api}/x", headers={"X-Request-ID": "r-7"}, timeout=10).json()
    assert seen["Host"] == nginx.api.removeprefix("http://")
    assert seen["X-Request-ID"] == "r-7"


@pytest.mark.parametrize("bad", ["", "a b", "x" * 65, "<b>"])
def test_it_makes_a_request_id_where_there_is_no_sound_one(nginx, bad):
    seen = requests.get(f"{nginx.api}/x", headers={"X-Request-ID": bad}, timeout=10).json()
    assert seen["X-Request-ID"].isalnum()
    assert seen["X-Request-ID"] != bad


def test_it_refuses_a_body_that_is_too_large(nginx):
    large = b"x" * 1_100_000
    answer = requests.post(f"{nginx.api}/large", data=large, timeout=10)
    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {"detail": "The body is too large."}
    assert answer.headers["X-Request-ID"]
    page = requests.post(f"{nginx.site}/large", data=large, timeout=10)
    assert page.status_code == 413
    assert page.headers["Content-Type"].startswith("text/html")
    assert ("POST", "/large") not in nginx.asked


MALFORMED = {
    "GET /%00 HTTP/1.1": 400,
    "GET /% HTTP/1.1": 400,
    "GET /%zz HTTP/1.1": 400,
    "GET /../x HTTP/1.1": 400,
    "GET / http/1.1": 400,
    "GET x HTTP/1.1": 400,
    "BLAH": 400,
    "GET / HTTP/3.0": 505,
    "CONNECT example.org:443 HTTP/1.1": 400,
    "TRACE / HTTP/1.1": 405,
    "GET /" + "a" * 9000 + " HTTP/1.1": 414,
}


@pytest.mark.parametrize("line", MALFORMED, ids=lambda line: line[:20])
def test_it_says_what_is_wrong_with_a_malformed_request(nginx, line):
    for base, kind in ((nginx.site, "text/html"), (nginx.api, "application/json")):
        port = int(base.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(f"{line}\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            assert answer.status == MALFORMED[line]
            assert answer.headers["X-Request-ID"]
            assert answer.headers["Content-Type"].startswith(kind)
            assert b"nginx" not in answer.read()


def test_it_takes_a_picture_where_one_is_uploaded(nginx):
    large = b"x" * 10_900_000
    for path in (f"{nginx.site}/settings/picture", f"{nginx.api}/api/v1/accounts/alice/avatar/"):
        assert requests.put(path, data=large, timeout=10).status_code == 200
        assert requests.put(path, data=large + large, timeout=10).status_code == 413
        assert requests.put(f"{path}x", data=large, timeout=10).status_code == 413


def test_it_serves_static_files_itself(nginx):
    for service, base in (("web", nginx.site), ("api", nginx.api)):
        answer = requests.get(f"{base}/static/{HASHED}", timeout=10)
        assert answer.text == f"/* {service} */"
        assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["X-Served-By"] == "nginx"
        assert answer.headers["X-Request-ID"]
        plain = requests.get(f"{base}/static/plain.js", timeout=10)
        assert plain.headers["Cache-Control"] == "public, max-age=60"


@pytest.mark.parametrize("path", ["/static/none.css", "/static/", "/static/%2e%2e/api/plain.js"])
def test_it_leaves_other_static_paths_to_the_service(nginx, path):
    answer = requests.get(nginx.site + path, timeout=10)
    assert answer.headers.get("X-Served-By") != "nginx"


@pytest.mark.parametrize("path", ["/metrics", "/metrics/instance"])
@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_it_shows_metrics_to_nobody_behind_another_proxy(nginx, path, header):
    assert requests.get(f"{nginx.api}{path}", timeout=10).status_code == 200
    passed_on = {header: "for=203.0.113.5"}
    assert requests.get(f"{nginx.api}{path}", headers=passed_on, timeout=10).status_code == 403
