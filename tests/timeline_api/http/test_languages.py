"""The API's refusals in the language that is asked for; all else is as it is."""

import re

import pytest

pytestmark = pytest.mark.django_db(databases="__all__")

ARABIC = re.compile("[\u0600-\u06ff]")


def refusals(client, alice, **headers):
    """The bodies of one refusal of each kind."""
    registration = {"username": "admin", "email": "no", "password": "1"}
    return [
        client.post("/api/v1/accounts/", registration, headers=headers).json(),
        client.post("/api/v1/tokens/", {"username": "alice", "password": "x"}, headers=headers),
        client.get("/api/v1/accounts/nobody/", headers=headers),
        client.get("/api/v1/timelines/public/?cursor=x", headers=headers),
        client.get("/api/v1/search/messages/?q=" + "x" * 201, headers=headers),
        client.get("/api/v1/nowhere/", headers=headers),
        client.put(f"/api/v1/accounts/{alice.username}/follow/", headers=headers),
    ]


def texts(answers):
    for answer in answers:
        body = answer if isinstance(answer, dict) else answer.json()
        for value in body.values():
            yield from value if isinstance(value, list) else [value]


def test_it_refuses_in_arabic(client_of, alice):
    found = list(texts(refusals(client_of(alice), alice, accept_language="ar-EG,ar;q=0.9")))
    assert len(found) >= 9
    assert [text for text in found if not ARABIC.search(text)] == []


@pytest.mark.parametrize("language", [None, "en", "en-GB", "fr", "tlh, fr;q=0.5", "nonsense;;"])
def test_it_refuses_in_english_otherwise(client_of, alice, language):
    headers = {"accept_language": language} if language else {}
    found = list(texts(refusals(client_of(alice), alice, **headers)))
    assert [text for text in found if ARABIC.search(text)] == []
    for text in (
        "This username is reserved.",
        "Enter a valid email address.",
        "This password is entirely numeric.",
        "Invalid username or password",
        "There is no such account.",
        "Invalid cursor",
        "At most 200 characters.",
        "Not found.",
        "You cannot follow yourself.",
    ):
        assert text in found


def test_it_varies_by_the_language_for_caches(visitor):
    answer = visitor.get("/api/v1/accounts/nobody/", headers={"accept-language": "ar"})
    assert answer["Content-Language"] == "ar"
    assert "Accept-Language" in answer["Vary"]


def test_it_answers_programs_the_same_in_any_language(visitor, db):
    english, arabic = (
        visitor.get("/api/schema/", headers={"accept-language": language}).content
        for language in ("en", "ar")
    )
    assert arabic == english
