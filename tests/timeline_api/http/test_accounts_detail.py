"""GET, PATCH and DELETE /api/v1/accounts/{username}/"""

import pytest

from timeline_api.models import Account, Message
from timeline_api.services import follows, messages

from .conftest import PASSWORD

pytestmark = pytest.mark.django_db(databases="__all__")

URL = "/api/v1/accounts/alice/"


def test_it_shows_a_profile(visitor, alice):
    body = visitor.get(URL).json()
    assert body["id"] == str(alice.pk)
    assert body["username"] == "alice"
    assert "email" not in body
    assert "followed_by_me" not in body


def test_it_finds_a_name_in_any_case(visitor, alice):
    assert visitor.get("/api/v1/accounts/ALICE/").json()["id"] == str(alice.pk)


def test_it_costs_one_query_on_one_shard(visitor, alice, django_assert_num_queries):
    from django.db import connections

    from shardrouter import shard_for

    with django_assert_num_queries(1, connection=connections[shard_for(alice)]):
        visitor.get(URL)


def test_it_shows_the_email_to_the_owner_alone(as_alice, as_bob):
    assert as_alice.get(URL).json()["email"] == "alice@example.org"
    assert "email" not in as_bob.get(URL).json()


def test_it_says_whether_the_member_follows(as_bob, alice, bob):
    assert as_bob.get(URL).json()["followed_by_me"] is False
    follows.follow(follower=bob, followee=alice)
    assert as_bob.get(URL).json()["followed_by_me"] is True


@pytest.mark.parametrize("name", ["nobody", "a%00b", "ä", "a" * 31, "a b"])
def test_it_answers_404_for_nobody(visitor, db, name):
    response = visitor.get(f"/api/v1/accounts/{name}/")
    assert response.status_code == 404
    assert "detail" in response.json()


@pytest.mark.parametrize(
    ("field", "value"),
    [("display_name", "Alice 🐦"), ("bio", "שלום <b>"), ("email", "new@example.org")],
)
def test_it_changes_the_profile(as_alice, field, value):
    response = as_alice.patch(URL, {field: value})
    assert response.status_code == 200
    assert response.json()[field] == value
    assert as_alice.get(URL).json()[field] == value


def test_it_changes_nothing_with_an_empty_patch(as_alice):
    before = as_alice.get(URL).json()
    assert as_alice.patch(URL, {}).json() == before


@pytest.mark.parametrize(
    "body",
    [
        {"display_name": "a" * 51},
        {"bio": "a" * 501},
        {"email": "broken"},
        {"email": ""},
        {"email": None},
        {"bio": "\x00"},
        {"bio": ["a"]},
    ],
)
def test_it_refuses_a_bad_profile(as_alice, body):
    response = as_alice.patch(URL, body)
    assert response.status_code == 400
    assert set(response.json()) == set(body)


@pytest.mark.parametrize("field", ["username", "id", "message_count", "is_suspended", "password"])
def test_it_lets_nobody_set_the_rest(as_alice, alice, field):
    before = Account.objects.get(pk=alice.pk)
    assert as_alice.patch(URL, {field: "1"}).status_code == 200
    assert getattr(Account.objects.get(pk=alice.pk), field) == getattr(before, field)


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_it_wants_a_login_to_change(visitor, alice, method):
    response = getattr(visitor, method)(URL, {"password": PASSWORD})
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_it_lets_nobody_else_change(as_bob, alice, method):
    response = getattr(as_bob, method)(URL, {"bio": "x", "password": PASSWORD})
    assert response.status_code == 403


def test_it_deletes_the_account_and_all_of_it(as_alice, as_bob, alice, bob, visitor, relay):
    messages.post(author=alice, text="soon gone")
    follows.follow(follower=alice, followee=bob)
    follows.follow(follower=bob, followee=alice)
    relay()
    assert as_alice.delete(URL, {"password": PASSWORD}).status_code == 204
    assert visitor.get(URL).status_code == 404
    assert as_alice.get("/api/v1/tokens/").status_code == 401
    relay()
    assert not Message.objects.filter(author_id=alice.pk).exists()
    assert as_bob.get("/api/v1/timelines/home/").json()["results"] == []
    profile = as_bob.get("/api/v1/accounts/bob/").json()
    assert (profile["follower_count"], profile["following_count"]) == (0, 0)


@pytest.mark.parametrize("body", [{}, {"password": ""}, {"password": "wrong one"}])
def test_it_deletes_nothing_without_the_right_password(as_alice, visitor, body):
    response = as_alice.delete(URL, body)
    assert response.status_code == 400
    assert "password" in response.json()
    assert visitor.get(URL).status_code == 200


def test_it_limits_guesses_of_the_password(as_alice, settings):
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"login": "2/min"}
    for _ in range(2):
        assert as_alice.delete(URL, {"password": "wrong"}).status_code == 400
    assert as_alice.delete(URL, {"password": PASSWORD}).status_code == 429


def test_it_refuses_other_methods(as_alice):
    for method in ("post", "put"):
        response = getattr(as_alice, method)(URL, {})
        assert response.status_code == 405
        assert "PATCH" in response["Allow"]
