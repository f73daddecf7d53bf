"""POST /api/v1/accounts/"""

import pytest

from twitsite.settings.api import member_password_validators

pytestmark = pytest.mark.django_db(databases="__all__")

URL = "/api/v1/accounts/"
ALICE = {"username": "alice", "email": "alice@example.org", "password": "two herons"}


def test_it_registers(visitor):
    response = visitor.post(URL, ALICE)
    assert response.status_code == 201
    body = response.json()
    assert body.pop("id").isdigit()
    assert body.pop("created_at").endswith("Z")
    assert body == {
        "username": "alice",
        "display_name": "",
        "avatar_url": None,
        "bio": "",
        "email": "alice@example.org",
        "message_count": 0,
        "follower_count": 0,
        "following_count": 0,
        "pinned_message": None,
        "is_suspended": False,
        "url": "http://testserver/api/v1/accounts/alice/",
        "messages_url": "http://testserver/api/v1/accounts/alice/messages/",
        "followers_url": "http://testserver/api/v1/accounts/alice/followers/",
        "following_url": "http://testserver/api/v1/accounts/alice/following/",
    }
    assert response["Location"] == "http://testserver/api/v1/accounts/alice/"


def test_it_keeps_the_spelling_of_the_name(visitor):
    assert visitor.post(URL, ALICE | {"username": "AliCe"}).json()["username"] == "AliCe"
    assert visitor.get(f"{URL}alice/").json()["username"] == "AliCe"


@pytest.mark.parametrize("name", ["alice", "ALICE", "Alice"])
def test_it_refuses_a_name_that_is_taken_in_any_case(visitor, alice, name):
    response = visitor.post(URL, ALICE | {"username": name})
    assert response.status_code == 400
    assert response.json() == {"username": ["The username is already taken"]}


@pytest.mark.parametrize(
    "name",
    ["", " ", "a b", "ä", "a-b", "a" * 31, "a/b", "a\x00b", "１２", None, 7.5, [], {}],
)
def test_it_refuses_a_bad_name(visitor, name):
    response = visitor.post(URL, ALICE | {"username": name})
    assert response.status_code == 400
    assert "username" in response.json()


@pytest.mark.parametrize("name", ["public", "LOGIN", "api", "admin", "static", "logout"])
def test_it_refuses_a_name_that_is_a_path_of_the_site(visitor, name):
    response = visitor.post(URL, ALICE | {"username": name})
    assert response.status_code == 400
    assert response.json() == {"username": ["This username is reserved."]}


@pytest.mark.parametrize("email", ["", "broken", "a@", "@b.c", "a@b\x00.org", "a" * 250 + "@b.org"])
def test_it_refuses_a_bad_email_address(visitor, email):
    response = visitor.post(URL, ALICE | {"email": email})
    assert response.status_code == 400
    assert "email" in response.json()


@pytest.mark.parametrize("password", ["", "short", "123456789", "a" * 129, "null\x00byte", None])
def test_it_refuses_a_bad_password(visitor, password):
    response = visitor.post(URL, ALICE | {"password": password})
    assert response.status_code == 400
    assert "password" in response.json()


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "Password1",
        "iloveyou",
        "aaaaaaaa",
        "abababababab",
        " " * 12,
        "a      b",
        "12345678901",
        "alice_in",
        "aliceexample",
        "two her",
    ],
)
def test_it_refuses_a_password_that_is_soon_guessed(visitor, password):
    response = visitor.post(URL, ALICE | {"username": "alice_in_w", "password": password})
    assert response.status_code == 400
    assert list(response.json()) == ["password"]


def test_it_takes_the_passwords_of_minitwits_own_tests_by_settings(visitor, settings):
    """PASSWORD_MIN_LENGTH=1 and PASSWORD_CHECKS=False."""
    assert visitor.post(URL, ALICE | {"password": "default"}).status_code == 400
    settings.MEMBER_PASSWORD_VALIDATORS = member_password_validators(1, checks=False)
    assert visitor.post(URL, ALICE | {"password": "default"}).status_code == 201


def test_it_keeps_spaces_around_a_password(visitor):
    visitor.post(URL, ALICE | {"password": "  two herons "})
    login = {"username": "alice", "password": "two herons"}
    assert visitor.post("/api/v1/tokens/", login).status_code == 401
    login["password"] = "  two herons "
    assert visitor.post("/api/v1/tokens/", login).status_code == 201


def test_it_names_every_field_that_is_missing(visitor):
    response = visitor.post(URL, {})
    assert response.status_code == 400
    assert set(response.json()) == {"username", "email", "password"}


def test_it_never_shows_the_password(visitor):
    assert "two herons" not in visitor.post(URL, ALICE).content.decode()


def test_it_knows_no_list_of_accounts(visitor):
    assert visitor.get(URL).status_code == 405


def test_it_limits_registrations_from_one_address(visitor, settings):
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"register": "2/hour"}
    for number in range(2):
        visitor.post(URL, ALICE | {"username": f"alice{number}"})
    response = visitor.post(URL, ALICE)
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 3600
    elsewhere = visitor.post(URL, ALICE, REMOTE_ADDR="203.0.113.9")
    assert elsewhere.status_code == 201
