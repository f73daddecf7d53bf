"""PUT and DELETE /api/v1/accounts/{username}/follow/, and the lists of followers and following."""

import pytest

from timeline_api.services import follows, messages

pytestmark = pytest.mark.django_db(databases="__all__")

URL = "/api/v1/accounts/bob/follow/"


def names(response):
    return [account["username"] for account in response.json()["results"]]


def test_it_follows_and_unfollows(as_alice, bob):
    for _ in range(2):
        assert as_alice.put(URL).status_code == 204
        assert as_alice.get("/api/v1/accounts/bob/").json()["followed_by_me"] is True
    for _ in range(2):
        assert as_alice.delete(URL).status_code == 204
        assert as_alice.get("/api/v1/accounts/bob/").json()["followed_by_me"] is False


def test_it_shows_earlier_messages_at_once_and_hides_them_at_once(as_alice, bob):
    messages.post(author=bob, text="earlier")
    as_alice.put(URL)
    home = as_alice.get("/api/v1/timelines/home/").json()["results"]
    assert [message["text"] for message in home] == ["earlier"]
    as_alice.delete(URL)
    assert as_alice.get("/api/v1/timelines/home/").json()["results"] == []


def test_it_takes_an_empty_json_body(as_alice, bob):
    assert as_alice.put(URL, {}).status_code == 204


@pytest.mark.parametrize("method", ["put", "delete"])
def test_it_refuses_oneself(as_bob, method):
    response = getattr(as_bob, method)(URL)
    assert response.status_code == 400
    assert "detail" in response.json()


@pytest.mark.parametrize("method", ["put", "delete"])
def test_it_wants_a_login(visitor, bob, method):
    assert getattr(visitor, method)(URL).status_code == 401


@pytest.mark.parametrize("method", ["put", "delete"])
def test_it_answers_404_for_nobody(as_alice, method):
    assert getattr(as_alice, method)("/api/v1/accounts/nobody/follow/").status_code == 404


def test_it_refuses_other_methods(as_alice, bob):
    assert as_alice.get(URL).status_code == 405
    assert as_alice.post(URL).status_code == 405


def test_it_lists_following_at_once_and_followers_after_the_relay(
    visitor, alice, bob, charlie, relay
):
    follows.follow(follower=alice, followee=bob)
    follows.follow(follower=alice, followee=charlie)
    follows.follow(follower=charlie, followee=bob)
    assert names(visitor.get("/api/v1/accounts/alice/following/")) == ["charlie", "bob"]
    relay()
    assert set(names(visitor.get("/api/v1/accounts/bob/followers/"))) == {"alice", "charlie"}
    profile = visitor.get("/api/v1/accounts/bob/").json()
    assert (profile["follower_count"], profile["following_count"]) == (2, 0)


@pytest.mark.parametrize("noun", ["followers", "following"])
def test_it_pages_people(visitor, register, relay, noun):
    bob, others = register("bob"), [register(f"fan{number}") for number in range(5)]
    for other in others:
        pair = (other, bob) if noun == "followers" else (bob, other)
        follows.follow(follower=pair[0], followee=pair[1])
    relay()
    url, seen, backs = f"/api/v1/accounts/bob/{noun}/?page_size=2", [], []
    while url:
        response = visitor.get(url)
        assert response.status_code == 200
        seen.append(names(response))
        backs.append(response.json()["previous"])
        url = response.json()["next"]
    assert [len(page) for page in seen] == [2, 2, 1]
    assert {name for page in seen for name in page} == {other.username for other in others}
    assert names(visitor.get(backs[2])) == seen[1]


@pytest.mark.parametrize("noun", ["followers", "following"])
def test_it_says_of_each_whether_i_follow(as_alice, alice, bob, charlie, relay, noun):
    follows.follow(follower=alice, followee=bob)
    if noun == "followers":
        follows.follow(follower=bob, followee=charlie)
        follows.follow(follower=alice, followee=charlie)
    else:
        follows.follow(follower=charlie, followee=bob)
        follows.follow(follower=charlie, followee=alice)
    relay()
    rows = as_alice.get(f"/api/v1/accounts/charlie/{noun}/").json()["results"]
    assert {row["username"]: row["followed_by_me"] for row in rows} == {
        "bob": True,
        "alice": False,
    }


@pytest.mark.parametrize("noun", ["followers", "following"])
def test_it_answers_404_for_the_people_of_nobody(visitor, db, noun):
    assert visitor.get(f"/api/v1/accounts/nobody/{noun}/").status_code == 404


@pytest.mark.parametrize("noun", ["followers", "following"])
def test_it_costs_no_query_a_row(as_alice, register, bob, relay, noun):
    """Twenty-four people cost as many queries as eight."""
    from django.db import connections
    from django.test.utils import CaptureQueriesContext

    def queries():
        captured = [CaptureQueriesContext(connections[f"shard{number}"]) for number in range(3)]
        for context in captured:
            context.__enter__()
        as_alice.get(f"/api/v1/accounts/bob/{noun}/")
        for context in captured:
            context.__exit__(None, None, None)
        return sum(len(context) for context in captured)

    def befriend(numbers):
        for number in numbers:
            other = register(f"fan{number}")
            pair = (other, bob) if noun == "followers" else (bob, other)
            follows.follow(follower=pair[0], followee=pair[1])
        relay()

    befriend(range(8))
    queries()  # the first also notes that the token was used
    few = queries()
    befriend(range(8, 24))
    assert queries() == few
