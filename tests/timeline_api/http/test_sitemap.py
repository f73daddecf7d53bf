"""GET /api/v1/sitemap/"""

from datetime import datetime, timedelta

import pytest

from tests.timeline_api.lost import lost
from timeline_api.selectors import sitemap
from timeline_api.services import accounts, messages

pytestmark = pytest.mark.django_db(databases="__all__")

URL = "/api/v1/sitemap/"


def test_it_lists_the_newest_messages_and_the_trending_tags(visitor, alice, bob, charlie, post):
    first = post(alice, "one #herons")
    second = post(bob, "two")
    messages.repost(account=alice, message=second)
    post(charlie, "hidden")
    accounts.suspend(account=charlie)
    body = visitor.get(URL).json()
    assert [(row["id"], row["username"]) for row in body["messages"]] == [
        (str(second.pk), bob.username),
        (str(first.pk), alice.username),
    ]
    assert body["trending"] == [{"tag": "herons", "message_count": 1}]


def test_it_says_when_each_was_written_or_last_edited(visitor, alice, post):
    written, edited = post(alice, "written"), post(alice, "typo")
    edited = messages.edit(message=edited, text="fixed")
    times = [
        datetime.fromisoformat(row["modified_at"]) for row in visitor.get(URL).json()["messages"]
    ]
    assert times[0] == edited.edited_at
    assert abs(times[1] - written.created_at) < timedelta(seconds=1)


def test_it_asks_each_shard_once(alice, bob, post, asks):
    rows = [post(author, "hello") for author in (alice, bob, alice)]
    with asks(shard0=1, shard1=1, shard2=1):
        addresses, missing = sitemap.newest_messages(2)
    assert [address.id for address in addresses] == [rows[2].pk, rows[1].pk]
    assert missing == ()


def test_it_names_a_lost_shard_and_lists_the_others(visitor, on_shard, post):
    rows = [post(on_shard("writer", alias), "hello") for alias in ("shard0", "shard1")]
    with lost("shard1"):
        response = visitor.get(URL)
    assert response["X-Shards-Missing"] == "shard1"
    assert [row["id"] for row in response.json()["messages"]] == [str(rows[0].pk)]
