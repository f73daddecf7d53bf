"""GET /api/v1/accounts/{username}/export/"""

import json

import pytest

from timeline_api.services import follows, likes, messages

pytestmark = pytest.mark.django_db(databases="__all__")

URL = "/api/v1/accounts/alice/export/"


def test_it_has_everything_of_ones_own(alice, bob, as_alice, relay):
    mine = messages.post(author=alice, text="hello")
    theirs = messages.post(author=bob, text="@alice")
    likes.like(account=alice, message=theirs)
    messages.repost(account=alice, message=theirs)
    follows.follow(follower=alice, followee=bob)
    follows.follow(follower=bob, followee=alice)
    relay()
    response = as_alice.get(URL)
    assert response.status_code == 200
    assert response["Content-Disposition"] == 'attachment; filename="twitsite-alice.json"'
    body = response.json()
    assert body["account"]["email"] == "alice@example.org"
    assert [(row["id"], row["text"]) for row in body["messages"]] == [(str(mine.pk), "hello")]
    for kind in ("likes", "reposts"):
        ((row),) = body[kind]
        assert (row["username"], row["message"]) == ("bob", str(theirs.pk))
    assert [row["username"] for row in body["following"]] == ["bob"]
    assert [row["username"] for row in body["followers"]] == ["bob"]
    assert sorted(row["kind"] for row in body["notifications"]) == ["follow", "mention"]
    assert len(body["tokens"]) == 1
    text = json.dumps(body)
    assert alice.password not in text
    assert "digest" not in text


def test_it_is_its_owners_alone(visitor, as_bob, alice):
    assert visitor.get(URL).status_code == 401
    assert as_bob.get(URL).status_code == 403
