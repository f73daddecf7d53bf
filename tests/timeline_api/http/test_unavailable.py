"""When a shard is down: 503 for what needs it, 200 for what does not, partial lists say so."""

import time

import pytest
from django.db import OperationalError, connections

from shardrouter import shard_for
from timeline_api.services import follows, messages

from .test_health import down  # noqa: F401 a fixture

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def apart(register):
    """Two members on different shards, each with a message."""
    first = register("member0")
    other = next(
        account
        for account in (register(f"member{number}") for number in range(1, 20))
        if shard_for(account) != shard_for(first)
    )
    for account in (first, other):
        messages.post(author=account, text=account.username)
    return first, other


def assert_unavailable(response, alias):
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert alias in response.json()["detail"]


def test_it_answers_503_for_what_needs_the_lost_shard(visitor, apart, client_of, down):  # noqa: F811
    lost, up = apart
    as_lost, as_up = client_of(lost), client_of(up)
    alias = shard_for(lost)
    down(alias)
    start = time.monotonic()
    assert_unavailable(visitor.get(f"/api/v1/accounts/{lost.username}/"), alias)
    assert_unavailable(visitor.get(f"/api/v1/accounts/{lost.username}/messages/"), alias)
    assert_unavailable(as_lost.get("/api/v1/timelines/home/"), alias)
    assert_unavailable(as_lost.post("/api/v1/messages/", {"text": "x"}), alias)
    login = {"username": lost.username, "password": "minitwit-demo"}
    assert_unavailable(visitor.post("/api/v1/tokens/", login), alias)
    assert_unavailable(as_up.put(f"/api/v1/accounts/{lost.username}/follow/"), alias)
    assert time.monotonic() - start < 2


def test_it_answers_200_for_what_does_not(visitor, apart, client_of, down):  # noqa: F811
    lost, up = apart
    as_up = client_of(up)
    down(shard_for(lost))
    assert visitor.get(f"/api/v1/accounts/{up.username}/").status_code == 200
    assert as_up.post("/api/v1/messages/", {"text": "x"}).status_code == 201
    home = as_up.get("/api/v1/timelines/home/")
    assert home.status_code == 200
    assert "X-Shards-Missing" not in home


def test_it_lists_what_it_has_and_names_what_it_lacks(visitor, apart, client_of, down):  # noqa: F811
    lost, up = apart
    follows.follow(follower=up, followee=lost)
    as_up = client_of(up)
    down(shard_for(lost))
    for client, url in ((visitor, "timelines/public/"), (as_up, "timelines/home/")):
        response = client.get(f"/api/v1/{url}")
        assert response.status_code == 200
        assert [row["text"] for row in response.json()["results"]] == [up.username]
        assert response["X-Shards-Missing"] == shard_for(lost)


def test_it_lists_the_people_it_has(visitor, apart, down):  # noqa: F811
    lost, up = apart
    follows.follow(follower=up, followee=lost)
    down(shard_for(lost))
    response = visitor.get(f"/api/v1/accounts/{up.username}/following/")
    assert response.status_code == 200
    assert response.json()["results"] == []
    assert response["X-Shards-Missing"] == shard_for(lost)


def test_it_pages_on_past_people_it_cannot_show(visitor, register, down):  # noqa: F811
    first, *others = [register(f"member{number}") for number in range(20)]
    for other in others:
        follows.follow(follower=first, followee=other)
    lost = next(shard_for(other) for other in others if shard_for(other) != shard_for(first))
    down(lost)
    url, seen = f"/api/v1/accounts/{first.username}/following/?page_size=2", []
    while url:
        response = visitor.get(url)
        assert response.status_code == 200
        seen += [row["username"] for row in response.json()["results"]]
        url = response.json()["next"]
    assert sorted(seen) == sorted(other.username for other in others if shard_for(other) != lost)


def test_it_answers_503_for_a_repost_whose_original_is_on_the_lost_shard(
    visitor,
    apart,
    down,  # noqa: F811
):
    author, reposter = apart
    messages.repost(account=reposter, message=author.messages.get())
    repost = reposter.messages.get(repost_of_id__isnull=False)
    down(shard_for(author))
    for path in ("", "replies/", "likes/"):
        response = visitor.get(f"/api/v1/messages/{repost.pk}/{path}")
        assert_unavailable(response, shard_for(author))


def test_it_answers_a_locked_database_503(visitor, alice):
    def locked(execute, sql, params, many, context):
        raise OperationalError("database is locked")

    with connections[shard_for(alice)].execute_wrapper(locked):
        response = visitor.get("/api/v1/accounts/alice/")
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0


def test_it_serves_members_without_the_throttles_database(as_alice, visitor, down):  # noqa: F811
    down("cache")
    assert as_alice.post("/api/v1/messages/", {"text": "x"}).status_code == 201
    login = {"username": "alice", "password": "minitwit-demo"}
    assert visitor.post("/api/v1/tokens/", login).status_code == 201


def test_it_serves_members_without_default(as_alice, visitor, down):  # noqa: F811
    as_alice.get("/api/v1/timelines/home/")
    down("default")
    assert as_alice.post("/api/v1/messages/", {"text": "x"}).status_code == 201
    assert visitor.get("/api/v1/timelines/public/").status_code == 200


def test_it_shows_a_browser_the_503_too(visitor, alice, down):  # noqa: F811
    down(shard_for(alice))
    response = visitor.get("/api/v1/accounts/alice/", HTTP_ACCEPT="text/html")
    assert response.status_code == 503
    assert "does not answer" in response.content.decode()
