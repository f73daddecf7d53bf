"""GET /api/v1/accounts/{username}/export/"""

import json

import pytest

from shardrouter.prepared import PreparedQuery
from timeline_api.selectors import exports
from timeline_api.services import accounts, blocks, follows, likes, messages, reports

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


def test_it_has_edits_reports_and_restrictions_and_no_name_of_the_deleted(
    alice, bob, charlie, as_alice, relay
):
    mine, theirs = (messages.post(author=author, text="typo") for author in (alice, bob))
    messages.edit(message=mine, text="fixed")
    blocks.block(account=alice, other=charlie)
    blocks.mute(account=alice, other=bob)
    reports.report(account=alice, message=theirs, reason="No bird")
    accounts.delete(account=bob)
    body = as_alice.get(URL).json()
    assert [(row["message"], row["text"]) for row in body["revisions"]] == [(str(mine.pk), "typo")]
    assert [row["username"] for row in body["blocked"]] == ["charlie"]
    assert [row["username"] for row in body["muted"]] == [None]
    ((report),) = body["reports"]
    assert (report["username"], report["text"], report["reason"]) == (None, "typo", "No bird")
    assert list(report) == ["username", "message", "text", "reason", "created_at"]


def test_it_asks_for_each_kind_once(on_shard, asks, relay):
    people = [on_shard("writer", f"shard{number}") for number in range(3)]
    for followee in people[1:]:
        follows.follow(follower=people[0], followee=followee)
    relay()
    with asks(shard0=11, shard1=1, shard2=1):
        exports.of_account(people[0])
    for function in vars(exports).values():
        if isinstance(function, PreparedQuery):
            assert function.explain(people[0].pk).prepared, function


def test_it_is_its_owners_alone(visitor, as_bob, alice):
    assert visitor.get(URL).status_code == 401
    assert as_bob.get(URL).status_code == 403
