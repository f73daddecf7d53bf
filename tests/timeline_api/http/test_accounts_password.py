"""POST /api/v1/accounts/{username}/password/"""

import pytest

from timeline_api.services import tokens

from .conftest import PASSWORD

pytestmark = pytest.mark.django_db(databases="__all__")

URL = "/api/v1/accounts/alice/password/"
GOOD = {"old_password": PASSWORD, "new_password": "three herons"}


def can_log_in(visitor, password):
    login = {"username": "alice", "password": password}
    return visitor.post("/api/v1/tokens/", login).status_code == 201


def test_it_changes_the_password(as_alice, visitor):
    assert as_alice.post(URL, GOOD).status_code == 204
    assert can_log_in(visitor, "three herons")
    assert not can_log_in(visitor, PASSWORD)


def test_it_ends_every_other_token(as_alice, client_of, alice):
    other = client_of(alice)
    as_alice.post(URL, GOOD)
    assert other.get("/api/v1/tokens/").status_code == 401
    assert as_alice.get("/api/v1/tokens/").status_code == 200


def test_it_ends_all_tokens_when_asked_with_basic(visitor, as_alice, alice):
    import base64

    pair = base64.b64encode(f"alice:{PASSWORD}".encode()).decode()
    response = visitor.post(URL, GOOD, HTTP_AUTHORIZATION=f"Basic {pair}")
    assert response.status_code == 204
    assert as_alice.get("/api/v1/tokens/").status_code == 401


def test_it_gives_a_new_token_to_who_asks_for_one(as_alice, alice):
    """A copy of the old one may be in somebody else's hands."""
    answer = as_alice.post(URL, GOOD | {"renew": True})
    assert answer.status_code == 200
    assert answer.json()["account"]["username"] == "alice"
    assert as_alice.get("/api/v1/tokens/").status_code == 401
    assert tokens.authenticate(text=answer.json()["token"]).account == alice


def test_it_refuses_a_wrong_old_password(as_alice, visitor):
    response = as_alice.post(URL, GOOD | {"old_password": "wrong"})
    assert response.status_code == 400
    assert "old_password" in response.json()
    assert can_log_in(visitor, PASSWORD)


@pytest.mark.parametrize(
    "new", ["", "short", "12345678", "x" * 129, "password", "alice123", "aaaaaaaa", "two her"]
)
def test_it_refuses_a_weak_new_password(as_alice, new):
    response = as_alice.post(URL, GOOD | {"new_password": new})
    assert response.status_code == 400
    assert "new_password" in response.json()


def test_it_wants_a_login(visitor, alice):
    assert visitor.post(URL, GOOD).status_code == 401


def test_it_is_the_owners_alone(as_bob, alice):
    assert as_bob.post(URL, GOOD).status_code == 403


def test_it_answers_404_for_nobody(as_alice):
    assert as_alice.post("/api/v1/accounts/nobody/password/", GOOD).status_code == 404


def test_it_limits_guesses(as_alice, settings):
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"login": "2/min"}
    for _ in range(2):
        as_alice.post(URL, GOOD | {"old_password": "wrong"})
    response = as_alice.post(URL, GOOD)
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0


def test_it_leaves_other_members_tokens(as_alice, bob):
    _, text = tokens.issue(account=bob)
    as_alice.post(URL, GOOD)
    assert tokens.authenticate(text=text).account == bob
