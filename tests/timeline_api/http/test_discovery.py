"""Tags, trending tags, and suggestions."""

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.core.management import call_command
from django.utils import timezone

from timeline_api.domain import entities
from timeline_api.services import accounts, follows, messages

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture(autouse=True)
def fresh_cache(db):
    cache.clear()


def tagged(client, tag):
    response = client.get(f"/api/v1/tags/{tag}/messages/")
    assert response.status_code == 200
    return [message["text"] for message in response.json()["results"]]


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#one and #Two.", ["one", "two"]),
        ("#ONE #one", ["one"]),
        ("#हिन्दी #日本語 #عربي #עברית #ไทย", ["हिन्दी", "日本語", "عربي", "עברית", "ไทย"]),
        ("#straße #STRASSE", ["strasse"]),
        ("#ｗｉｄｅ", ["wide"]),
        ("#a_b-c", ["a_b"]),
        ("#1 #2026 #1a", ["1a"]),
        ("a#b https://a.b/#c &#39; ##d # e", []),
        ("#می\u200cخواهم", ["می\u200cخواهم"]),
    ],
)
def test_it_reads_tags_of_any_script(text, tags):
    assert entities.tags_in(text) == tags


def test_it_says_where_entities_are(as_alice, bob):
    text = "👍 @BOB, @nobody: #Tag"
    answer = as_alice.post("/api/v1/messages/", {"text": text}, format="json").json()
    assert answer["entities"] == [
        {"type": "mention", "start": 2, "end": 6, "value": "BOB"},
        {"type": "tag", "start": 17, "end": 21, "value": "tag"},
    ]
    assert answer["mentions"] == ["bob"]
    assert text[2:6] == "@BOB"


def test_it_lists_the_messages_of_a_tag_from_all_shards(register, visitor):
    for number in range(6):
        messages.post(author=register(f"writer{number}"), text=f"{number} #Birds")
    assert tagged(visitor, "birds") == [f"{number} #Birds" for number in range(5, -1, -1)]
    assert tagged(visitor, "BIRDS") == tagged(visitor, "birds")
    page = visitor.get("/api/v1/tags/birds/messages/?page_size=4").json()
    rest = visitor.get(page["next"]).json()["results"]
    assert [message["text"][0] for message in rest] == ["1", "0"]
    assert tagged(visitor, "nothing") == []


def test_it_follows_edits_and_deletions(alice, visitor):
    message = messages.post(author=alice, text="#one")
    messages.edit(message=message, text="#two")
    assert tagged(visitor, "one") == []
    assert tagged(visitor, "two") == ["#two"]
    messages.delete(message=message)
    assert tagged(visitor, "two") == []


def test_it_lists_trending_tags(register, visitor):
    messages.post(author=register("early"), text="#old")
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        for number in range(3):
            messages.post(author=register(f"writer{number}"), text="#birds #b" + str(number))
        messages.post(author=register("late"), text="#ducks #birds")
        messages.post(author=register("later"), text="#ducks")
        trends = visitor.get("/api/v1/tags/trending/").json()["results"]
    assert trends[:2] == [
        {"tag": "birds", "message_count": 4},
        {"tag": "ducks", "message_count": 2},
    ]
    assert "old" not in {trend["tag"] for trend in trends}


def test_it_suggests_accounts_to_follow(register, client_of, alice, as_alice, visitor):
    people = {name: register(name) for name in ("friend", "popular", "known", "blocked", "liked")}
    for number in range(4):
        follows.follow(follower=register(f"fan{number}"), followee=people["popular"])

    def suggested(client):
        response = client.get("/api/v1/suggestions/")
        assert response.status_code == 200
        return [row["username"] for row in response.json()["results"]]

    call_command("relay", "--drain", verbosity=0)
    assert suggested(as_alice)[0] == "popular"
    follows.follow(follower=alice, followee=people["friend"])
    follows.follow(follower=people["friend"], followee=people["known"])
    as_alice.put("/api/v1/accounts/blocked/block/")
    found = suggested(as_alice)
    assert found[:2] == ["known", "popular"]
    assert not {"alice", "friend", "blocked"} & set(found)
    assert visitor.get("/api/v1/suggestions/").status_code == 401


def test_it_completes_names_of_all_shards(register, as_alice, visitor):
    for name in ("al", "Alder", "al_x", "bob_al", "alz", "amy"):
        register(name)
    accounts.suspend(account=register("alone"))
    url = "/api/v1/names/"

    def found(prefix):
        return [
            each["username"] for each in as_alice.get(url, {"prefix": prefix}).json()["results"]
        ]

    assert sorted(found("AL"), key=str.lower) == sorted(
        ["al", "al_x", "Alder", "alice", "alz"], key=str.lower
    )
    assert found("al_") == ["al_x"]
    assert [found(prefix) for prefix in ("", "%", "a%")] == [[], [], []]
    assert visitor.get(url, {"prefix": "al"}).status_code == 401
