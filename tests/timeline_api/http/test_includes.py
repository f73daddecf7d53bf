"""?include=: further parts of a page in the response of its list."""

import pytest
import yaml

from shardrouter import shard_for
from tests.timeline_api.lost import lost
from timeline_api.models import Message
from timeline_api.services import accounts, blocks, follows, messages

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


# What takes ?include=, and with which parts; "1" is the id of a message of bob's.
PARTS = {
    "timelines/home/": {"suggestions"},
    "timelines/public/": {"trending"},
    "accounts/{username}/": set(),
    "accounts/{username}/messages/": {"account", "pinned"},
    "accounts/{username}/followers/": set(),
    "accounts/{username}/following/": set(),
    "blocks/": set(),
    "mutes/": set(),
    "search/messages/": set(),
    "search/accounts/": set(),
    "tags/trending/": set(),
    "tags/{tag}/messages/": set(),
    "messages/{id}/": set(),
    "messages/{id}/history/": {"message"},
    "messages/{id}/replies/": {"message", "ancestors", "account"},
    "messages/{id}/likes/": set(),
    "messages/{id}/reposts/": set(),
    "notifications/": set(),
    "tokens/": set(),
}


def test_it_documents_what_takes_it(visitor):
    schema = yaml.safe_load(visitor.get("/api/schema/").content)
    found = {}
    for path, methods in schema["paths"].items():
        for parameter in methods.get("get", {}).get("parameters", ()):
            if parameter["name"] == "include":
                found[path.removeprefix("/api/v1/")] = set(parameter["schema"]["items"]["enum"])
                assert "400" in methods["get"]["responses"]
    assert found == {path: {"head", *names} for path, names in PARTS.items()}


@pytest.mark.parametrize("path", PARTS)
def test_it_has_a_head_for_what_a_page_is_about(as_alice, bob, path):
    message = messages.post(author=bob, text="herons for @alice")
    url = "/api/v1/" + path.format(username="bob", tag="herons", id=message.pk) + "?q=herons"
    head = as_alice.get("/api/v1/notifications/unread/").json()
    plain, full = as_alice.get(url).json(), as_alice.get(f"{url}&include=head").json()
    assert full.pop("included") == {"head": head}
    # The links to other pages keep the parameter.
    assert {**full, "next": None} == {**plain, "next": None}
    assert as_alice.get(f"{url}&include=nothing").status_code == 400


def replies_to(client, message_id, parts="message,ancestors,account"):
    response = client.get(f"/api/v1/messages/{message_id}/replies/?include={parts}")
    assert response.status_code == 200
    return response.json()["included"]


def test_it_has_a_conversation_as_its_own_endpoints_answer(visitor, as_alice, alice, bob, charlie):
    first = messages.post(author=bob, text="one")
    second = messages.post(author=charlie, text="two", parent=first)
    third = messages.post(author=alice, text="three", parent=second)
    for client in (visitor, as_alice):
        for message in (first, second, third):
            own = f"/api/v1/messages/{message.pk}/"
            assert replies_to(client, message.pk) == {
                "message": client.get(own).json(),
                "ancestors": client.get(f"{own}ancestors/").json()["results"],
                "account": client.get(f"/api/v1/accounts/{message.author.username}/").json(),
            }
            history = client.get(f"{own}history/?include=message").json()["included"]
            assert history == {"message": client.get(own).json()}


def test_it_has_the_repost_that_was_asked_for(visitor, alice, bob):
    original = messages.post(author=bob, text="one")
    messages.repost(account=alice, message=original)
    repost = Message.objects.get(author=alice, repost_of_id=original.pk)
    message = replies_to(visitor, repost.pk)["message"]
    assert message == visitor.get(f"/api/v1/messages/{repost.pk}/").json()
    assert message["repost_of"]["id"] == str(original.pk)


def test_it_has_a_gap_in_the_place_of_a_deleted_message(visitor, as_alice, alice, bob):
    message = messages.post(author=bob, text="one")
    messages.post(author=bob, text="two", parent=message)
    blocks.block(account=bob, other=alice)
    assert replies_to(visitor, message.pk)["message"]["text"] == "one"
    # Of one by whom the reader is blocked there is nothing, as at its own address.
    hidden = as_alice.get(f"/api/v1/messages/{message.pk}/replies/?include=message")
    assert hidden.status_code == 404
    messages.delete(message=message)
    gap = replies_to(visitor, message.pk)["message"]
    assert (gap["id"], gap["is_deleted"], gap["author"]) == (str(message.pk), True, None)


def test_it_has_no_account_of_an_author_who_has_left(visitor, bob, charlie, relay):
    message = messages.post(author=bob, text="one")
    messages.post(author=charlie, text="two", parent=message)
    messages.delete(message=message)
    assert replies_to(visitor, message.pk, "account")["account"]["username"] == "bob"
    accounts.delete(account=bob)
    relay()
    response = visitor.get(f"/api/v1/messages/{message.pk}/replies/?include=account")
    assert response.status_code == 404
