"""POST and GET /api/v1/tokens/; DELETE /api/v1/tokens/current/ and /{id}/"""

import pytest
from rest_framework.test import APIClient

from timeline_api.models import Token
from timeline_api.services import accounts, tokens

from .conftest import PASSWORD

pytestmark = pytest.mark.django_db(databases="__all__")

URL = "/api/v1/tokens/"
ALICE = {"username": "alice", "password": PASSWORD}
WRONG = {"detail": "Invalid username or password"}


def bearer(text):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


def test_it_logs_in(visitor, alice):
    response = visitor.post(URL, ALICE)
    assert response.status_code == 201
    body = response.json()
    assert body["account"]["id"] == str(alice.pk)
    assert body["account"]["email"] == "alice@example.org"
    assert bearer(body["token"]).get("/api/v1/timelines/home/").status_code == 200


def test_it_takes_the_name_in_any_case(visitor, alice):
    assert visitor.post(URL, ALICE | {"username": "ALICE"}).status_code == 201


def test_it_says_the_same_of_a_wrong_name_and_a_wrong_password(visitor, alice):
    for login in (
        ALICE | {"password": "wrong"},
        ALICE | {"username": "nobody"},
        ALICE | {"username": "no body"},
        ALICE | {"password": "x" * 4000},
    ):
        response = visitor.post(URL, login)
        assert response.status_code == 401
        assert response.json() == WRONG
        assert response["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize(
    "body", [{}, {"username": "alice"}, {"password": "x"}, {"username": None, "password": []}, []]
)
def test_it_refuses_half_a_login(visitor, alice, body):
    assert visitor.post(URL, body).status_code == 400


def test_it_does_not_mind_an_old_token_sent_along(alice):
    assert bearer("1.nonsense").post(URL, ALICE).status_code == 201


def test_it_refuses_a_suspended_account(visitor, alice, client_of):
    client = client_of(alice)
    accounts.suspend(account=alice)
    response = visitor.post(URL, ALICE)
    assert response.status_code == 403
    assert "suspended" in response.json()["detail"]
    with_token = client.get(URL)
    assert (with_token.status_code, with_token.json()) == (403, response.json())
    assert with_token.json()["code"] == "account_suspended"
    assert visitor.post(URL, ALICE | {"password": "wrong"}).status_code == 401


def test_it_keeps_only_a_digest(visitor, alice):
    text = visitor.post(URL, ALICE).json()["token"]
    (token,) = Token.objects.filter(account=alice)
    assert text.partition(".")[2] not in (token.digest, token.name)
    assert str(token.pk) == text.partition(".")[0]


def test_it_lists_my_tokens_without_their_secret(as_alice, alice, bob):
    other, _ = tokens.issue(account=alice, name="phone")
    tokens.issue(account=bob)
    body = as_alice.get(URL).json()
    assert (body["next"], body["previous"]) == (None, None)
    assert [(row["name"], row["current"]) for row in body["results"]] == [
        ("phone", False),
        ("", True),
    ]
    assert body["results"][0]["id"] == str(other.pk)
    assert set(body["results"][0]) == {"id", "name", "created_at", "last_used_at", "current"}


def test_it_wants_a_login_to_list(visitor, db):
    assert visitor.get(URL).status_code == 401


def test_it_logs_out(as_alice):
    assert as_alice.delete(f"{URL}current/").status_code == 204
    assert as_alice.get(URL).status_code == 401
    assert as_alice.delete(f"{URL}current/").status_code == 401


def test_it_ends_one_of_my_tokens(as_alice, alice):
    other, text = tokens.issue(account=alice)
    assert as_alice.delete(f"{URL}{other.pk}/").status_code == 204
    assert bearer(text).get(URL).status_code == 401
    assert as_alice.delete(f"{URL}{other.pk}/").status_code == 404
    assert as_alice.get(URL).status_code == 200


def test_it_ends_nobody_elses(as_alice, bob):
    other, text = tokens.issue(account=bob)
    assert as_alice.delete(f"{URL}{other.pk}/").status_code == 404
    assert bearer(text).get(URL).status_code == 200


@pytest.mark.parametrize("pk", ["1", "x", "9" * 19, "9" * 40])
def test_it_answers_404_for_no_token(as_alice, pk):
    assert as_alice.delete(f"{URL}{pk}/").status_code == 404


@pytest.mark.parametrize("path", ["current/", "1/"])
def test_it_wants_a_login_to_end_one(visitor, db, path):
    assert visitor.delete(URL + path).status_code == 401


def test_it_slows_down_guessing_for_one_name_from_one_address(visitor, alice, bob, settings):
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"login": "3/min"}
    for _ in range(3):
        assert visitor.post(URL, ALICE | {"password": "wrong"}).status_code == 401
    response = visitor.post(URL, ALICE)
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 60
    assert "detail" in response.json()
    assert visitor.post(URL, ALICE | {"username": "bob"}).status_code == 201
    assert visitor.post(URL, ALICE, REMOTE_ADDR="203.0.113.9").status_code == 201


def test_it_slows_down_guessing_for_many_names_from_one_address(visitor, alice, settings):
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"login_address": "3/min"}
    for number in range(3):
        visitor.post(URL, {"username": f"guess{number}", "password": "wrong"})
    assert visitor.post(URL, ALICE).status_code == 429


def test_it_counts_the_visitor_and_not_the_site(visitor, alice, settings):
    """The site's server logs its visitors in: each has their own count."""
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"login": "1/min"}
    one, other = "198.51.100.1, 127.0.0.1", "198.51.100.2, 127.0.0.1"
    wrong = ALICE | {"password": "wrong"}
    assert visitor.post(URL, wrong, HTTP_X_FORWARDED_FOR=one).status_code == 401
    assert visitor.post(URL, ALICE, HTTP_X_FORWARDED_FOR=one).status_code == 429
    assert visitor.post(URL, ALICE, HTTP_X_FORWARDED_FOR=other).status_code == 201
