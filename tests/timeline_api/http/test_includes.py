"""?include=: further parts of a page in the response of its list."""

import pytest

from shardrouter import shard_for
from tests.timeline_api.lost import lost
from timeline_api.services import blocks, follows, messages

pytestmark = pytest.mark.django_db(databases="__all__")

HOME = "/api/v1/timelines/home/"
PUBLIC = "/api/v1/timelines/public/"
BOB = "/api/v1/accounts/bob/messages/"


def test_it_adds_what_the_parts_own_endpoints_answer(as_alice, alice, bob, charlie):
    messages.post(author=bob, text="two #herons")
    follows.follow(follower=alice, followee=bob)
    follows.follow(follower=bob, followee=charlie)
    parts = {
        HOME: {"head": "notifications/unread/", "suggestions": "suggestions/"},
        PUBLIC: {"head": "notifications/unread/", "trending": "tags/trending/"},
        BOB: {"account": "accounts/bob/", "head": "notifications/unread/"},
    }
    for path, names in parts.items():
        plain = as_alice.get(path).json()
        full = as_alice.get(f"{path}?include={','.join(names)}").json()
        included = full.pop("included")
        own = {name: as_alice.get(f"/api/v1/{url}").json() for name, url in names.items()}
        assert included == {name: body.get("results", body) for name, body in own.items()}
        assert full["results"] == plain["results"]
    assert "included" not in plain


def test_it_names_what_it_does_not_know(as_alice):
    response = as_alice.get(f"{HOME}?include=head,trending")
    assert response.status_code == 400
    assert response.json() == {
        "include": ["There is no such part: trending. Choose from head, suggestions."]
    }


def test_it_has_no_head_for_a_visitor(visitor):
    body = visitor.get(f"{PUBLIC}?include=head,trending").json()
    assert body["included"] == {"head": None, "trending": []}


def test_it_has_the_pinned_message_for_those_who_may_see_it(visitor, as_alice, alice, bob):
    included = f"{BOB}?include=pinned"
    assert visitor.get(included).json()["included"] == {"pinned": None}
    message = messages.post(author=bob, text="read me first")
    messages.pin(message=message)
    assert as_alice.get(included).json()["included"]["pinned"]["text"] == "read me first"
    blocks.block(account=bob, other=alice)
    assert as_alice.get(included).json()["included"] == {"pinned": None}
    messages.delete(message=message)
    assert visitor.get(included).json()["included"] == {"pinned": None}


def test_it_keeps_to_the_cursor_of_its_list(as_alice, alice):
    for number in range(3):
        messages.post(author=alice, text=f"number {number}")
    first = as_alice.get(f"{HOME}?include=head&page_size=2").json()
    second = as_alice.get(first["next"]).json()
    assert [row["text"] for row in second["results"]] == ["number 0"]
    assert set(second["included"]) == {"head"}


def test_it_does_without_a_part_whose_shard_is_lost(register, client_of):
    reader, *others = [register(f"member{number}") for number in range(12)]
    other = next(account for account in others if shard_for(account) != shard_for(reader))
    client = client_of(reader)
    assert client.get(f"{HOME}?include=suggestions").json()["included"]["suggestions"]
    with lost(shard_for(other)):
        response = client.get(f"{HOME}?include=head,suggestions")
    assert response.status_code == 200
    assert response.json()["included"]["suggestions"] is None
    assert response.json()["included"]["head"]["count"] == 0


@pytest.mark.parametrize(
    ("name", "followed"), [("friend", False), ("other", True)], ids=["new", "followed"]
)
def test_it_suggests_nobody_whom_one_follows_by_now(as_alice, register, name, followed):
    people = {each: register(each) for each in ("friend", "other")}
    del people[name]

    def suggested():
        body = as_alice.get(f"{HOME}?include=suggestions").json()
        return {row["username"] for row in body["included"]["suggestions"]}

    assert suggested() == {"friend", "other"}
    act = "follow" if followed else "mute"
    as_alice.put(f"/api/v1/accounts/{name}/{act}/")
    assert suggested() == set(people)
