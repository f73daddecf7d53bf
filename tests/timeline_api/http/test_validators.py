"""ETags: 304 for a client that has the answer, and never for one that would see something else."""

import random
from contextlib import suppress

import pytest
import time_machine
from django.core.cache import cache
from django.db import connections
from django.utils import timezone

from shardrouter import shard_for, shards
from tests.timeline_api.crowd import EXPECTED, act
from timeline_api.http import validators
from timeline_api.models import Account
from timeline_api.relay.worker import Worker
from timeline_api.services import accounts, blocks, follows, likes, messages, tokens

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

HOME = "/api/v1/timelines/home/?include=head,suggestions"


def etag_of(client, url=HOME):
    return client.get(url)["ETag"]


def status_with(client, etag, url=HOME):
    return client.get(url, HTTP_IF_NONE_MATCH=etag).status_code


def relay():
    Worker().drain()


@pytest.fixture(autouse=True)
def within_a_minute():
    """An ETag is for a minute at most."""
    with time_machine.travel(timezone.now().replace(second=10)):
        yield


@pytest.fixture
def message(alice, bob, as_alice):
    """A message of bob's on alice's home, which nothing else is about to change."""
    follows.follow(follower=alice, followee=bob)
    messages.post(author=bob, text="Ducks")
    written = messages.post(author=bob, text="Herons")
    relay()
    as_alice.get(HOME)  # notes that the token was used
    return written


def test_it_answers_304_while_nothing_is_committed(as_alice, message):
    first = as_alice.get(HOME)
    again = as_alice.get(HOME, HTTP_IF_NONE_MATCH=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    for response in (first, again):
        assert response["Cache-Control"] == "private, no-cache"


def test_it_answers_304_without_reading_the_page(as_alice, message, monkeypatch):
    etag = etag_of(as_alice)
    monkeypatch.setattr("timeline_api.selectors.timelines.home_page", None)
    assert status_with(as_alice, etag) == 304


def test_it_answers_304_to_head_and_to_several_tags(as_alice, message):
    several = f'"one", {etag_of(as_alice)}, W/"two"'
    assert status_with(as_alice, several) == 304
    assert as_alice.head(HOME, HTTP_IF_NONE_MATCH=several).status_code == 304
    assert as_alice.head(HOME)["ETag"] == etag_of(as_alice)


def test_it_answers_304_after_a_commit_that_is_not_on_the_page(as_alice, message, charlie):
    url = "/api/v1/timelines/home/"
    before = etag_of(as_alice, url)
    messages.post(author=charlie, text="elsewhere")
    again = as_alice.get(url, HTTP_IF_NONE_MATCH=before)
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] != before
    assert status_with(as_alice, again["ETag"], url) == 304


CHANGES = {
    "post": lambda alice, bob, message: messages.post(author=bob, text="More herons"),
    "edit": lambda alice, bob, message: messages.edit(message=message, text="Egrets"),
    "delete": lambda alice, bob, message: messages.delete(message=message),
    "like": lambda alice, bob, message: likes.like(account=alice, message=message),
    "like of another": lambda alice, bob, message: likes.like(account=bob, message=message),
    "reply": lambda alice, bob, message: messages.post(author=bob, text="And?", parent=message),
    "repost": lambda alice, bob, message: messages.repost(account=alice, message=message),
    "unfollow": lambda alice, bob, message: follows.unfollow(follower=alice, followee=bob),
    "mute": lambda alice, bob, message: blocks.mute(account=alice, other=bob),
    "block": lambda alice, bob, message: blocks.block(account=alice, other=bob),
    "be blocked": lambda alice, bob, message: blocks.block(account=bob, other=alice),
    "be followed": lambda alice, bob, message: follows.follow(follower=bob, followee=alice),
    "suspension": lambda alice, bob, message: accounts.suspend(account=bob),
    "name": lambda alice, bob, message: accounts.update_profile(account=bob, display_name="Bobby"),
    "leaving": lambda alice, bob, message: accounts.delete(account=bob),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_it_answers_anew_after_a_change_of_the_page(as_alice, alice, bob, message, change):
    before = etag_of(as_alice)
    change(alice, bob, message)
    relay()
    fresh = as_alice.get(HOME)
    assert status_with(as_alice, before) == 200
    assert fresh["ETag"] != before


def test_it_answers_nobody_with_the_page_of_another(as_alice, as_bob, visitor, message):
    public = "/api/v1/timelines/public/"
    likes.like(account=message.author, message=message)
    etag, of_visitor = etag_of(as_alice, public), etag_of(visitor, public)
    assert status_with(as_bob, etag, public) == 200
    assert status_with(visitor, etag, public) == 200
    assert status_with(as_alice, of_visitor, public) == 200
    assert status_with(as_alice, etag, f"{public}?page_size=1") == 200
    assert as_alice.get(public, HTTP_IF_NONE_MATCH=etag, HTTP_HOST="b.localhost").status_code == 200


def test_it_refuses_before_it_answers_304(as_alice, alice, message):
    etag = etag_of(as_alice)
    accounts.suspend(account=alice)
    assert status_with(as_alice, etag) == 403


def test_it_looks_again_after_a_minute(as_alice, message):
    now = timezone.now().replace(second=0)
    with time_machine.travel(now, tick=False) as clock:
        as_alice.get(HOME)
        etag = etag_of(as_alice)
        clock.shift(59)
        assert etag_of(as_alice) == etag
        clock.shift(1)
        later = as_alice.get(HOME, HTTP_IF_NONE_MATCH=etag)
        assert later.status_code == 304  # the content is the same
        assert later["ETag"] != etag


def test_it_does_not_keep_what_lacks_a_shard(as_alice, message, down):
    url = "/api/v1/timelines/public/"
    etag = etag_of(as_alice, url)
    with down("shard2"):
        lacking = as_alice.get(url)
    assert lacking["X-Shards-Missing"] == "shard2"
    assert "ETag" not in lacking
    assert etag_of(as_alice, url) == etag


def test_it_does_not_keep_what_lacks_a_part(as_alice, alice, bob, message, register, down):
    shard = next(alias for alias in shards() if alias not in (shard_for(alice), shard_for(bob)))
    names = (f"other{number}" for number in range(100))
    register(next(name for name in names if shard_for(Account(username=name)) == shard))
    cache.clear()  # the suggestions of before
    whole = as_alice.get(HOME)
    with down(shard):
        lacking = as_alice.get(HOME)
    assert lacking.json()["included"]["suggestions"] is None
    assert not lacking.has_header("X-Shards-Missing")
    assert not lacking.has_header("ETag")
    # The content is as before. What is committed may read otherwise: the last connection that
    # closes writes the log back into the file.
    assert etag_of(as_alice).split(".")[1] == whole["ETag"].split(".")[1]


def test_it_asks_no_shard_for_its_commits_before_a_write(as_alice, message, monkeypatch):
    asked = []
    monkeypatch.setattr(validators, "committed", asked.append)
    assert as_alice.post("/api/v1/messages/", {"text": "hello"}).status_code == 201
    assert asked == []


def test_it_has_no_etag_for_errors_and_for_html(as_alice, message):
    assert "ETag" not in as_alice.get("/api/v1/messages/1/")
    assert "ETag" not in as_alice.get(HOME, HTTP_ACCEPT="text/html")
    assert "ETag" not in as_alice.post("/api/v1/messages/", {"text": "hello"})


def test_it_compares_the_content_where_a_shard_cannot_tell(as_alice, message, monkeypatch):
    monkeypatch.setattr(validators, "committed", lambda alias: None)
    etag = etag_of(as_alice)
    assert etag.startswith('W/".')
    assert status_with(as_alice, etag) == 304
    likes.like(account=message.author, message=message)
    assert status_with(as_alice, etag) == 200


def test_it_takes_the_commits_before_it_reads(as_alice, alice, message, monkeypatch):
    """What is committed after the sender is read, and before the page is, is not in its ETag."""
    authenticate, name = tokens.authenticate, "Alice in a hurry"

    def and_commit(**kwargs):
        token = authenticate(**kwargs)
        accounts.update_profile(account=alice, display_name=name)
        return token

    with monkeypatch.context() as patch:
        patch.setattr(tokens, "authenticate", and_commit)
        before = as_alice.get(HOME)
    after = as_alice.get(HOME, HTTP_IF_NONE_MATCH=before["ETag"])
    assert after.status_code == 200
    assert after.json()["included"]["head"]["account"]["display_name"] == name


class Cached:
    """A client that keeps every answer with its ETag, and asks with it."""

    def __init__(self, client):
        self.client, self.kept, self.hits = client, {}, 0

    def get(self, url):
        etag, body = self.kept.get(url, ("", b""))
        response = self.client.get(url, HTTP_IF_NONE_MATCH=etag)
        if response.status_code == 304:
            self.hits += 1
            self.kept[url] = response["ETag"], body
            return 200, body
        if response.has_header("ETag"):
            self.kept[url] = response["ETag"], response.content
        return response.status_code, response.content


@pytest.mark.parametrize("seed", range(3))
def test_it_shows_the_same_with_and_without_a_cache(register, client_of, visitor, seed):
    chance = random.Random(seed)
    people = [register(f"member{number}") for number in range(4)]
    clients = [client_of(each) for each in people] + [visitor]
    cached = [Cached(client) for client in clients]
    urls = [HOME, "/api/v1/timelines/public/?include=head,trending", "/api/v1/notifications/"]
    urls += [f"/api/v1/accounts/{each.username}/messages/?include=account" for each in people]
    for _ in range(40):
        with suppress(*EXPECTED):
            act(chance, people)
        if chance.random() < 0.5:
            relay()
        for client, with_cache in zip(clients, cached, strict=True):
            for url in chance.sample(urls, 4):
                plain = client.get(url)
                assert with_cache.get(url) == (plain.status_code, plain.content), url
    assert sum(each.hits for each in cached) > 50
    connections.close_all()
