"""Likes and reposts, and lists of who did."""

from contextlib import ExitStack

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from shardrouter import shards
from timeline_api.models import Like, Message
from timeline_api.services import accounts, follows, messages

pytestmark = pytest.mark.django_db(databases="__all__")

URL = "/api/v1/messages/"


@pytest.fixture
def message(alice):
    return messages.post(author=alice, text="hello")


def names(response):
    assert response.status_code == 200
    return [account["username"] for account in response.json()["results"]]


@pytest.mark.parametrize("kind", ["like", "repost"])
def test_it_counts_once_and_is_undone(as_bob, visitor, message, kind):
    url = f"{URL}{message.pk}/"
    for _ in range(2):
        assert as_bob.put(f"{url}{kind}/").status_code == 204
        shown = as_bob.get(url).json()
        assert shown[f"{kind}_count"] == 1
        assert shown[{"like": "liked_by_me", "repost": "reposted_by_me"}[kind]] is True
        assert names(visitor.get(f"{url}{kind}s/")) == ["bob"]
    for _ in range(2):
        assert as_bob.delete(f"{url}{kind}/").status_code == 204
        shown = as_bob.get(url).json()
        assert shown[f"{kind}_count"] == 0
        assert shown[{"like": "liked_by_me", "repost": "reposted_by_me"}[kind]] is False
        assert names(visitor.get(f"{url}{kind}s/")) == []


def test_it_shows_no_marks_to_a_visitor(visitor, message):
    shown = visitor.get(f"{URL}{message.pk}/").json()
    assert "liked_by_me" not in shown
    assert visitor.put(f"{URL}{message.pk}/like/").status_code == 401
    assert visitor.put(f"{URL}{message.pk}/repost/").status_code == 401


@pytest.mark.parametrize("kind", ["like", "repost"])
def test_it_answers_404_for_a_message_that_does_not_exist(as_bob, message, kind):
    messages.delete(message=message)
    for method in (as_bob.put, as_bob.delete):
        assert method(f"{URL}{message.pk}/{kind}/").status_code == 404
    assert as_bob.get(f"{URL}{message.pk}/{kind}s/").status_code == 404


def test_it_lists_who_liked_the_latest_first_in_pages(register, client_of, visitor, message):
    for number in range(5):
        client_of(register(f"fan{number}")).put(f"{URL}{message.pk}/like/")
    page = visitor.get(f"{URL}{message.pk}/likes/?page_size=3")
    assert names(page) == ["fan4", "fan3", "fan2"]
    assert names(visitor.get(page.json()["next"])) == ["fan1", "fan0"]


def test_it_shows_the_original_of_a_repost_at_home_and_on_the_profile(
    alice, bob, charlie, as_bob, as_charlie, visitor, message, relay
):
    follows.follow(follower=charlie, followee=bob)
    as_bob.put(f"{URL}{message.pk}/repost/")
    relay()
    for url, client in (
        ("/api/v1/timelines/home/", as_bob),
        ("/api/v1/timelines/home/", as_charlie),
        ("/api/v1/accounts/bob/messages/", visitor),
    ):
        (shown,) = client.get(url).json()["results"]
        assert shown["text"] == ""
        assert shown["author"]["username"] == "bob"
        assert shown["repost_of"]["id"] == str(message.pk)
        assert shown["repost_of"]["text"] == "hello"
        assert shown["repost_of"]["author"]["username"] == "alice"
        assert shown["repost_of"]["repost_count"] == 1
    # Everybody's page has what was written, and a repost is no message more.
    (shown,) = visitor.get("/api/v1/timelines/public/").json()["results"]
    assert shown["id"] == str(message.pk)
    assert visitor.get("/api/v1/accounts/bob/").json()["message_count"] == 0


def test_it_reaches_a_follower_once_however_many_reposted(
    register, client_of, charlie, as_charlie, message, relay
):
    fans = [register(f"fan{number}") for number in range(3)]
    for fan in fans:
        follows.follow(follower=charlie, followee=fan)
        client_of(fan).put(f"{URL}{message.pk}/repost/")
    relay()

    def home():
        return as_charlie.get("/api/v1/timelines/home/").json()["results"]

    (shown,) = home()
    assert shown["author"]["username"] == "fan0"
    # Whom one follows no longer has reposted nothing that one reads; the next one has.
    follows.unfollow(follower=charlie, followee=fans[0])
    (shown,) = home()
    assert shown["author"]["username"] == "fan1"
    # Who follows the author has read it.
    follows.follow(follower=charlie, followee=message.author)
    (shown,) = home()
    assert shown["id"] == str(message.pk)


def test_it_replies_to_and_likes_the_original_of_a_repost(as_bob, visitor, message, bob):
    as_bob.put(f"{URL}{message.pk}/repost/")
    repost = Message.objects.get(author=bob)
    as_bob.put(f"{URL}{repost.pk}/like/")
    answer = as_bob.post(URL, {"text": "x", "in_reply_to": str(repost.pk)}, format="json").json()
    assert answer["in_reply_to"]["id"] == str(message.pk)
    shown = visitor.get(f"{URL}{repost.pk}/").json()["repost_of"]
    assert (shown["like_count"], shown["reply_count"]) == (1, 1)
    assert as_bob.patch(f"{URL}{repost.pk}/", {"text": "x"}, format="json").status_code == 400
    assert as_bob.put(f"{URL}{repost.pk}/pin/").status_code == 400
    assert visitor.get(f"{URL}{repost.pk}/replies/").json()["results"][0]["id"] == answer["id"]


def test_it_deletes_likes_and_reposts_with_the_message(
    as_bob, as_alice, visitor, message, bob, relay
):
    as_bob.put(f"{URL}{message.pk}/like/")
    as_bob.put(f"{URL}{message.pk}/repost/")
    repost = Message.objects.get(author=bob)
    as_alice.delete(f"{URL}{message.pk}/")
    # Already before the relay has been there, nobody sees an empty repost.
    assert as_bob.get("/api/v1/timelines/home/").json()["results"] == []
    assert visitor.get(f"{URL}{repost.pk}/").status_code == 404
    relay()
    assert not Like.objects.scatter().exists()
    assert not Message.objects.scatter().exists()


def test_it_no_longer_counts_the_likes_of_a_deleted_account(bob, as_bob, visitor, message, relay):
    as_bob.put(f"{URL}{message.pk}/like/")
    as_bob.put(f"{URL}{message.pk}/repost/")
    accounts.delete(account=bob)
    relay()
    shown = visitor.get(f"{URL}{message.pk}/").json()
    assert (shown["like_count"], shown["repost_count"]) == (0, 0)
    assert names(visitor.get(f"{URL}{message.pk}/likes/")) == []


def test_it_reads_a_home_with_its_marks_in_one_query(alice, bob, as_bob, charlie, relay):
    follows.follow(follower=bob, followee=charlie)
    mine = messages.post(author=bob, text="mine")
    liked, other = (messages.post(author=alice, text=text) for text in ("liked", "other"))
    for message in (liked, other):
        messages.repost(account=charlie, message=message)
    as_bob.put(f"{URL}{liked.pk}/like/")
    as_bob.put(f"{URL}{mine.pk}/repost/")
    relay()
    with ExitStack() as stack:
        captured = [
            stack.enter_context(CaptureQueriesContext(connections[alias])) for alias in shards()
        ]
        rows = as_bob.get("/api/v1/timelines/home/").json()["results"]
        assert sum(len(queries) for queries in captured) <= 1 + 1 + len(shards())
    marks = {
        (row["repost_of"] or row)["text"]: (row["liked_by_me"], row["reposted_by_me"])
        for row in rows
    }
    assert marks == {"mine": (False, True), "liked": (True, False), "other": (False, False)}


def test_it_reads_all_marks_of_a_page_with_one_query(alice, as_bob):
    for number in range(5):
        as_bob.put(f"{URL}{messages.post(author=alice, text=str(number)).pk}/like/")
    with ExitStack() as stack:
        captured = [
            stack.enter_context(CaptureQueriesContext(connections[alias])) for alias in shards()
        ]
        shown = as_bob.get("/api/v1/timelines/public/").json()["results"]
        number = sum(len(queries) for queries in captured)
    assert [message["liked_by_me"] for message in shown] == [True] * 5
    # The token with its owner, one on each shard, and the marks.
    assert number == 1 + 3 + 1
