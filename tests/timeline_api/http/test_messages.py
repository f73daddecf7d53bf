"""POST /api/v1/messages/; GET and DELETE /api/v1/messages/{id}/"""

import pytest

from timeline_api.models import Message
from timeline_api.services import messages

pytestmark = pytest.mark.django_db(databases="__all__")

URL = "/api/v1/messages/"


def test_it_posts_a_message(as_alice, alice):
    response = as_alice.post(URL, {"text": "  Two herons. \n"})
    assert response.status_code == 201
    body = response.json()
    assert body["text"] == "Two herons."
    assert body["author"]["id"] == str(alice.pk)
    assert response["Location"] == body["url"]
    assert as_alice.get(body["url"]).json() == body


def test_it_shows_the_writer_their_message_everywhere_at_once(as_alice):
    as_alice.post(URL, {"text": "hello"})
    for url in ("timelines/home/", "timelines/public/", "accounts/alice/messages/"):
        rows = as_alice.get(f"/api/v1/{url}").json()["results"]
        assert [row["text"] for row in rows] == ["hello"]
    assert as_alice.get("/api/v1/accounts/alice/").json()["message_count"] == 1


@pytest.mark.parametrize("text", ["a" * 280, "🐦" * 280, "line\nline", "<script>", "שלום", "é"])
def test_it_keeps_a_text_as_it_is(as_alice, text):
    assert as_alice.post(URL, {"text": text}).json()["text"] == text


@pytest.mark.parametrize(
    "text", ["", "   ", "\n\t", "a" * 281, "🐦" * 281, "a\x00b", None, [], {}, ["a"], True]
)
def test_it_refuses_a_bad_text(as_alice, text):
    response = as_alice.post(URL, {"text": text})
    assert response.status_code == 400
    assert "text" in response.json()
    assert not Message.objects.scatter().exists()


def test_it_takes_a_form_too(as_alice):
    assert as_alice.post(URL, {"text": "form"}, format="multipart").status_code == 201
    urlencoded = "application/x-www-form-urlencoded"
    assert as_alice.post(URL, "text=form", content_type=urlencoded).status_code == 201


def test_it_wants_a_login(visitor, db):
    assert visitor.post(URL, {"text": "hello"}).status_code == 401


def test_it_posts_once_for_one_idempotency_key(as_alice):
    first = as_alice.post(URL, {"text": "once"}, HTTP_IDEMPOTENCY_KEY="k-1")
    again = as_alice.post(URL, {"text": "once"}, HTTP_IDEMPOTENCY_KEY="k-1")
    assert again.status_code == 201
    assert again.json() == first.json()
    assert Message.objects.scatter().count() == 1


def test_it_refuses_another_text_under_the_same_key(as_alice):
    as_alice.post(URL, {"text": "once"}, HTTP_IDEMPOTENCY_KEY="k-1")
    response = as_alice.post(URL, {"text": "twice"}, HTTP_IDEMPOTENCY_KEY="k-1")
    assert response.status_code == 422
    assert "another text" in response.json()["detail"]
    assert [message.text for message in Message.objects.scatter()] == ["once"]


def test_it_keeps_members_keys_apart(as_alice, as_bob):
    for client in (as_alice, as_bob):
        response = client.post(URL, {"text": "mine"}, HTTP_IDEMPOTENCY_KEY="k-1")
        assert response.status_code == 201
    assert Message.objects.scatter().count() == 2


@pytest.mark.parametrize("key", ["", "a b", "k" * 201, "ä"])
def test_it_refuses_a_bad_idempotency_key(as_alice, key):
    response = as_alice.post(URL, {"text": "x"}, HTTP_IDEMPOTENCY_KEY=key)
    assert response.status_code == 400


def test_it_limits_posts_of_one_member(as_alice, as_bob, settings):
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"post": "2/min"}
    for _ in range(2):
        assert as_alice.post(URL, {"text": "x"}).status_code == 201
    response = as_alice.post(URL, {"text": "x"})
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert as_bob.post(URL, {"text": "x"}).status_code == 201


def test_it_lists_nothing(as_alice):
    assert as_alice.get(URL).status_code == 405


def test_it_shows_a_message_to_anybody(visitor, alice):
    message = messages.post(author=alice, text="hello")
    response = visitor.get(f"{URL}{message.pk}/")
    assert response.status_code == 200
    assert response.json()["text"] == "hello"


@pytest.mark.parametrize(
    "pk", ["1", "0", "-1", "007", "x", "9" * 18, "9" * 19, "9" * 30, "1.5", "%00", str(2**63 - 1)]
)
@pytest.mark.parametrize("method", ["get", "delete"])
def test_it_answers_404_for_no_message(as_alice, pk, method):
    response = getattr(as_alice, method)(f"{URL}{pk}/")
    assert response.status_code == 404
    assert "detail" in response.json()


def test_it_deletes_ones_own(as_alice, alice):
    message = messages.post(author=alice, text="oops")
    assert as_alice.delete(f"{URL}{message.pk}/").status_code == 204
    assert as_alice.get(f"{URL}{message.pk}/").status_code == 404
    assert as_alice.get("/api/v1/timelines/home/").json()["results"] == []
    assert as_alice.get("/api/v1/accounts/alice/").json()["message_count"] == 0
    assert as_alice.delete(f"{URL}{message.pk}/").status_code == 404


def test_it_deletes_nobody_elses(as_bob, alice):
    message = messages.post(author=alice, text="hello")
    assert as_bob.delete(f"{URL}{message.pk}/").status_code == 403
    assert as_bob.get(f"{URL}{message.pk}/").status_code == 200


def test_it_wants_a_login_to_delete(visitor, alice):
    message = messages.post(author=alice, text="hello")
    assert visitor.delete(f"{URL}{message.pk}/").status_code == 401


def test_it_cannot_be_replaced(as_alice, alice):
    message = messages.post(author=alice, text="hello")
    for method in ("put", "post"):
        response = getattr(as_alice, method)(f"{URL}{message.pk}/", {"text": "x"})
        assert response.status_code == 405
