"""Blocks and mutes: who does not see or reach whom, and where."""

import pytest

from timeline_api.models import Block, Blocker, Mute
from timeline_api.services import accounts, blocks, follows, likes, messages

pytestmark = pytest.mark.django_db(databases="__all__")

ME = "/api/v1/accounts/bob/"
HOME, PUBLIC = "/api/v1/timelines/home/", "/api/v1/timelines/public/"


@pytest.fixture
def world(alice, bob, charlie, relay):
    """Alice and Bob follow each other and have written; Charlie reposts both."""
    follows.follow(follower=alice, followee=bob)
    follows.follow(follower=bob, followee=alice)
    for fan in (alice, bob):
        follows.follow(follower=fan, followee=charlie)
    hers = messages.post(author=alice, text="hers #birds")
    his = messages.post(author=bob, text="his #birds", parent=hers)
    for message in (hers, his):
        messages.repost(account=charlie, message=message)
    likes.like(account=bob, message=hers)
    relay()
    return hers, his


def texts(client, url):
    response = client.get(url)
    assert response.status_code == 200
    return sorted((row["repost_of"] or row)["text"] for row in response.json()["results"])


def lists(client, hers):
    """Wherever messages are shown."""
    return [
        texts(client, url)
        for url in (
            HOME,
            PUBLIC,
            "/api/v1/tags/birds/messages/",
            "/api/v1/search/messages/?q=birds",
            "/api/v1/accounts/charlie/messages/",
        )
    ]


BOTH, HERS, HIS = ["hers #birds", "his #birds"], ["hers #birds"], ["his #birds"]


def test_it_hides_two_from_each_other_everywhere(
    as_alice, as_bob, visitor, alice, bob, world, relay
):
    hers, his = world
    assert lists(as_alice, hers) == [BOTH] * 5
    for _ in range(2):
        assert as_alice.put(f"{ME}block/").status_code == 204
    for _ in range(2):  # at once, and still when the relay has been there
        assert lists(as_alice, hers) == [HERS] * 5
        assert lists(as_bob, hers) == [HIS] * 5
        relay()
    assert as_alice.get(ME).json()["blocked_by_me"] is True
    assert as_bob.get("/api/v1/accounts/alice/").json()["blocks_me"] is True
    assert texts(as_alice, f"/api/v1/messages/{hers.pk}/replies/") == []
    for client, theirs in ((as_alice, his), (as_bob, hers)):
        assert client.get(f"/api/v1/messages/{theirs.pk}/").status_code == 404
        assert client.get(f"/api/v1/messages/{theirs.pk}/replies/").status_code == 404
        for what in ("like", "repost"):
            assert client.put(f"/api/v1/messages/{theirs.pk}/{what}/").status_code == 403
        body = {"text": "x", "in_reply_to": str(theirs.pk)}
        assert client.post("/api/v1/messages/", body, format="json").status_code == 403
    assert as_alice.put(f"{ME}follow/").status_code == 403
    assert as_bob.put("/api/v1/accounts/alice/follow/").status_code == 403
    for account in (alice, bob):
        account.refresh_from_db()
        assert (account.follower_count, account.following_count) == (0, 1)
    assert as_alice.get("/api/v1/notifications/").json()["results"] != []
    for client, name in ((as_alice, "bob"), (as_bob, "alice")):
        told = client.get("/api/v1/notifications/").json()["results"]
        assert name not in {who["username"] for row in told for who in row["accounts"]}
    assert len(texts(visitor, PUBLIC)) == 2
    names = [row["username"] for row in as_alice.get("/api/v1/blocks/").json()["results"]]
    assert names == ["bob"]


def test_it_shows_them_to_each_other_again_after_an_unblock(as_alice, as_bob, world, relay):
    hers, _ = world
    as_alice.put(f"{ME}block/")
    for _ in range(2):
        assert as_alice.delete(f"{ME}block/").status_code == 204
    relay()
    assert texts(as_bob, PUBLIC) == BOTH
    assert as_bob.put("/api/v1/accounts/alice/follow/").status_code == 204
    assert as_bob.put(f"/api/v1/messages/{hers.pk}/like/").status_code == 204


def test_it_mutes_for_one_member_without_telling_the_other(as_alice, as_bob, bob, world, relay):
    hers, _ = world
    for _ in range(2):
        assert as_alice.put(f"{ME}mute/").status_code == 204
    assert lists(as_alice, hers) == [HERS] * 4 + [BOTH]
    assert lists(as_bob, hers) == [BOTH] * 5
    assert as_alice.get(ME).json()["muted_by_me"] is True
    assert as_bob.get("/api/v1/accounts/alice/").json()["blocks_me"] is False
    # Where one looks for them, they are.
    assert texts(as_alice, f"{ME}messages/") == HIS
    assert texts(as_alice, f"/api/v1/messages/{hers.pk}/replies/") == HIS
    messages.post(author=bob, text="@alice!")
    relay()
    told = as_alice.get("/api/v1/notifications/").json()["results"]
    assert "bob" not in {who["username"] for row in told for who in row["accounts"]}
    assert [row["username"] for row in as_alice.get("/api/v1/mutes/").json()["results"]] == ["bob"]
    for _ in range(2):
        assert as_alice.delete(f"{ME}mute/").status_code == 204
    assert texts(as_alice, HOME) == sorted([*BOTH, "@alice!"])


@pytest.mark.parametrize("what", ["block", "mute"])
def test_it_refuses_oneself_and_nobody_and_visitors(as_bob, visitor, what):
    for method in ("put", "delete"):
        assert getattr(as_bob, method)(f"{ME}{what}/").status_code == 400
        assert getattr(as_bob, method)(f"/api/v1/accounts/nobody/{what}/").status_code == 404
        assert getattr(visitor, method)(f"{ME}{what}/").status_code == 401
    assert visitor.get(f"/api/v1/{what}s/").status_code == 401


def test_it_deletes_the_blocks_of_a_deleted_account(alice, bob, charlie, relay):
    blocks.block(account=alice, other=bob)
    blocks.block(account=bob, other=charlie)
    blocks.mute(account=charlie, other=bob)
    accounts.delete(account=bob)
    relay()
    for model in (Block, Blocker, Mute):
        assert not model.objects.scatter().exists()
