"""No request of a client is a 500."""

import pytest

pytestmark = pytest.mark.django_db(databases="__all__")

MESSAGES = "/api/v1/messages/"
JSON = "application/json"


def post(client, body, content_type=JSON, url=MESSAGES, **extra):
    return client.generic("POST", url, body, content_type=content_type, **extra)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"5",
        b"[" * 50_000,
        b'{"text":' * 8_000,
        b'{"text": "\xff"}',
        b'\xff\xfe{"text": "x"}',
        b'{"text": "\\ud800"}',
        b'{"text": "\\u0000"}',
        b'{"text": NaN}',
        b'{"text": ' + b"9" * 5_000 + b"}",
        b'{"text": {"a": []}}',
        b'{"\\ud800": 1}',
        b"text=hello",
    ],
)
def test_it_answers_400_for_bad_json(as_alice, body):
    response = post(as_alice, body)
    assert response.status_code == 400
    assert response["Content-Type"] == JSON
    assert response.json()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"text=%ff%00", "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % n for n in range(5_000)), "application/x-www-form-urlencoded"),
        (b"text=x", "application/x-www-form-urlencoded; charset=nonsense"),
        (b"text=x", "application/x-www-form-urlencoded; charset=utf-16"),
        (b"nonsense", "multipart/form-data"),
        (b"nonsense", "multipart/form-data; boundary=x"),
        (
            b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\n\xff\x00\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="text"; filename="f"\r\n\r\n'
            b"a\r\n--x--\r\n",
            "multipart/form-data; boundary=x",
        ),
    ],
)
def test_it_answers_4xx_for_bad_forms(as_alice, body, content_type):
    response = post(as_alice, body, content_type)
    assert response.status_code in (400, 201 if b"text=x" in body else 400)
    assert response.json()


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "nonsense", "a/b; c=ü"])
def test_it_answers_415_for_what_is_no_json_and_no_form(as_alice, content_type):
    response = post(as_alice, b"hello", content_type)
    assert response.status_code == 415
    assert "detail" in response.json()


@pytest.mark.parametrize("content_type", [JSON, "multipart/form-data; boundary=x", "text/plain"])
def test_it_answers_413_for_a_body_over_64_kib(as_alice, content_type):
    response = post(as_alice, b"x" * (64 * 1024 + 1), content_type)
    assert response.status_code == 413
    assert "65536" in response.json()["detail"]


def test_it_answers_404_as_json_for_an_unknown_path(visitor, db):
    response = visitor.get("/api/v1/nowhere/")
    assert response.status_code == 404
    assert response.json() == {"detail": "Not found."}


def test_it_redirects_a_get_to_its_slash_and_no_other_method(as_alice):
    assert as_alice.get("/api/v1/timelines/public").status_code == 301
    response = as_alice.post("/api/v1/messages", {"text": "x"})
    assert response.status_code == 404
    assert "slash" in response.json()["detail"]


def test_it_answers_406_for_a_type_it_does_not_speak(visitor, db):
    response = visitor.get("/api/v1/timelines/public/", HTTP_ACCEPT="application/xml")
    assert response.status_code == 406


@pytest.mark.parametrize("query", ["format=xml", "cursor=%ff", "page_size=%00", "a=%ed%a0%80"])
def test_it_survives_odd_queries(visitor, db, query):
    response = visitor.get(f"/api/v1/timelines/public/?{query}")
    assert response.status_code in (200, 404)


@pytest.mark.parametrize(
    "path",
    [
        "tags/a%00b/messages/",
        "tags/%00/messages/",
        "search/messages/?q=a%00b",
        "search/accounts/?q=%00",
        "search/messages/?q=%E6%9D%B1%00 -%00a",
        "accounts/?username=%00",
    ],
)
def test_it_survives_a_nul_in_an_address(as_alice, path):
    assert as_alice.get(f"/api/v1/{path}").status_code < 500


@pytest.mark.parametrize(
    ("method", "path", "field"),
    [
        ("post", "messages/", "text"),
        ("patch", "accounts/alice/", "bio"),
        ("patch", "accounts/alice/", "display_name"),
        ("patch", "accounts/alice/", "email"),
        ("post", "accounts/", "username"),
        ("post", "tokens/", "username"),
        ("post", "tokens/", "name"),
    ],
)
def test_it_refuses_a_nul_in_a_text(as_alice, method, path, field):
    """PostgreSQL cannot store it, so no engine may."""
    body = {"username": "alice", "password": "minitwit-demo", field: "a\0b"}
    response = getattr(as_alice, method)(f"/api/v1/{path}", body)
    assert response.status_code == 400
    assert field in response.json() or "detail" in response.json()


def test_it_takes_no_key_with_a_nul(as_alice):
    response = as_alice.post("/api/v1/messages/", {"text": "x"}, HTTP_IDEMPOTENCY_KEY="a\0b")
    assert response.status_code == 400


@pytest.mark.parametrize("path", ["%ff", "%ed%a0%80", "..%2f..", "%00", "a" * 3000])
@pytest.mark.parametrize("prefix", ["accounts", "messages", "tokens"])
def test_it_answers_404_for_odd_paths(as_alice, prefix, path):
    assert as_alice.get(f"/api/v1/{prefix}/{path}/").status_code == 404


def test_it_answers_an_unknown_method_405(visitor, db):
    assert visitor.generic("BREW", "/api/v1/timelines/public/").status_code == 405


def test_it_answers_options(visitor, db):
    body = visitor.options("/api/v1/accounts/").json()
    assert set(body["actions"]["POST"]) == {"username", "email", "password"}
