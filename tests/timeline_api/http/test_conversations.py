"""Replies, ancestors, gaps, edits and their history."""

import pytest

from timeline_api.models import Message, Tombstone
from timeline_api.services import accounts, messages

pytestmark = pytest.mark.django_db(databases="__all__")

URL = "/api/v1/messages/"


def post(client, text="hello", **body):
    response = client.post(URL, {"text": text, **body}, format="json")
    assert response.status_code == 201, response.content
    return response.json()


def reply(client, parent, text="indeed"):
    return post(client, text, in_reply_to=parent["id"])


def texts(response):
    assert response.status_code == 200
    return [message["text"] for message in response.json()["results"]]


def test_it_names_what_a_reply_replies_to(as_alice, as_bob, visitor):
    first = post(as_alice)
    answer = reply(as_bob, first)
    assert answer["in_reply_to"] == {
        "id": first["id"],
        "username": "alice",
        "url": first["url"],
    }
    # At once: whoever answers sees it on the next page.
    assert visitor.get(f"{URL}{first['id']}/").json()["reply_count"] == 1
    assert texts(visitor.get(f"{URL}{first['id']}/replies/")) == ["indeed"]
    assert texts(visitor.get(f"{URL}{answer['id']}/ancestors/")) == ["hello"]


def test_it_lists_replies_the_oldest_first_and_pages_both_ways(as_alice, as_bob, visitor):
    first = post(as_alice)
    for number in range(7):
        reply(as_bob, first, f"reply {number}")
    page = visitor.get(f"{URL}{first['id']}/replies/?page_size=3")
    assert texts(page) == ["reply 0", "reply 1", "reply 2"]
    assert page.json()["previous"] is None
    second = visitor.get(page.json()["next"])
    assert texts(second) == ["reply 3", "reply 4", "reply 5"]
    last = visitor.get(second.json()["next"])
    assert texts(last) == ["reply 6"]
    assert last.json()["next"] is None
    assert texts(visitor.get(second.json()["previous"])) == texts(page)


def test_it_lists_the_nearest_ten_ancestors(as_alice, as_bob, visitor):
    message = post(as_alice, "0")
    for number in range(1, 25):
        message = reply(as_bob if number % 2 else as_alice, message, str(number))
    above = texts(visitor.get(f"{URL}{message['id']}/ancestors/"))
    assert above == [str(number) for number in range(14, 24)]


def test_it_keeps_ten_ancestors_however_deep_the_conversation(alice, as_alice, visitor):
    """Each reply stores its nearest ten only, so nothing grows with the depth."""
    first = messages.post(author=alice, text="0")
    row = Message.objects.get(pk=first.pk)
    row.ancestor_ids = [first.pk - number for number in range(10, 0, -1)]
    row.save(update_fields=["ancestor_ids"])
    deep = reply(as_alice, {"id": str(first.pk)})
    row = Message.objects.get(pk=int(deep["id"]))
    assert len(row.ancestor_ids) == 10
    above = visitor.get(f"{URL}{deep['id']}/ancestors/").json()["results"]
    assert [message["is_deleted"] for message in above] == [True] * 9 + [False]


def test_it_leaves_a_gap_for_a_deleted_message_with_replies(as_alice, as_bob, visitor, relay):
    first = post(as_alice, "first")
    middle = reply(as_bob, first, "middle")
    last = reply(as_alice, middle, "last")
    assert as_bob.delete(f"{URL}{middle['id']}/").status_code == 204
    relay()
    assert visitor.get(f"{URL}{middle['id']}/").status_code == 404
    (gap,) = visitor.get(f"{URL}{first['id']}/replies/").json()["results"]
    assert gap["is_deleted"] is True
    assert gap["author"] is None
    assert gap["text"] == ""
    assert gap["id"] == middle["id"]
    # One can read on from the gap, both ways.
    assert texts(visitor.get(f"{URL}{middle['id']}/replies/")) == ["last"]
    assert texts(visitor.get(f"{URL}{middle['id']}/ancestors/")) == ["first"]
    above = visitor.get(f"{URL}{last['id']}/ancestors/").json()["results"]
    assert [message["is_deleted"] for message in above] == [False, True]
    # With the last reply the gap goes.
    as_alice.delete(f"{URL}{last['id']}/")
    relay()
    assert texts(visitor.get(f"{URL}{first['id']}/replies/")) == []
    assert visitor.get(f"{URL}{first['id']}/").json()["reply_count"] == 0
    assert visitor.get(f"{URL}{middle['id']}/replies/").status_code == 404
    assert not Tombstone.objects.scatter().exists()


def test_it_leaves_no_gap_for_a_message_without_replies(as_alice, visitor):
    first = post(as_alice)
    as_alice.delete(f"{URL}{first['id']}/")
    assert visitor.get(f"{URL}{first['id']}/replies/").status_code == 404
    assert not Tombstone.objects.scatter().exists()


@pytest.mark.parametrize("parent", ["1", "9" * 19, "383463706732696673"])
def test_it_refuses_a_reply_to_a_message_that_does_not_exist(as_alice, parent):
    response = as_alice.post(URL, {"text": "hello", "in_reply_to": parent}, format="json")
    assert response.status_code == 400
    assert response.json() == {"in_reply_to": ["There is no such message."]}


@pytest.mark.parametrize("parent", ["x", "", "-1", "1.5", "1" * 20, "1\n", [], {}, True])
def test_it_refuses_a_parent_that_is_no_id(as_alice, parent):
    response = as_alice.post(URL, {"text": "hello", "in_reply_to": parent}, format="json")
    assert response.status_code == 400
    assert set(response.json()) == {"in_reply_to"}


def test_it_refuses_a_reply_to_a_deleted_message(as_alice, as_bob):
    first = post(as_alice)
    reply(as_alice, first)
    as_alice.delete(f"{URL}{first['id']}/")
    response = as_bob.post(URL, {"text": "late", "in_reply_to": first["id"]}, format="json")
    assert response.status_code == 400


def test_it_posts_a_reply_once_for_an_idempotency_key(as_alice, visitor):
    first, other = post(as_alice), post(as_alice, "other")
    again = {"HTTP_IDEMPOTENCY_KEY": "k1"}
    body = {"text": "indeed", "in_reply_to": first["id"]}
    made = [as_alice.post(URL, body, format="json", **again).json()["id"] for _ in range(2)]
    assert made[0] == made[1]
    assert visitor.get(f"{URL}{first['id']}/").json()["reply_count"] == 1
    body["in_reply_to"] = other["id"]
    assert as_alice.post(URL, body, format="json", **again).status_code == 422


def test_it_removes_a_deleted_account_from_conversations(alice, as_alice, as_bob, visitor, relay):
    first = post(as_bob)
    theirs = reply(as_alice, first)
    mine = reply(as_bob, theirs)
    accounts.delete(account=alice)
    relay()
    assert visitor.get(f"{URL}{first['id']}/").json()["reply_count"] == 0
    assert texts(visitor.get(f"{URL}{first['id']}/replies/")) == []
    left = visitor.get(f"{URL}{mine['id']}/").json()
    assert left["in_reply_to"]["username"] == ""
    above = visitor.get(f"{URL}{mine['id']}/ancestors/").json()["results"]
    assert [message["is_deleted"] for message in above] == [False, True]


# --- Editing -----------------------------------------------------------------------------------


def test_it_marks_an_edit_and_keeps_the_history(as_alice, visitor):
    first = post(as_alice, "frist")
    for text in ("first", "First!"):
        response = as_alice.patch(f"{URL}{first['id']}/", {"text": text}, format="json")
        assert response.status_code == 200
    shown = visitor.get(f"{URL}{first['id']}/").json()
    assert shown["text"] == "First!"
    assert shown["revision"] == 2
    assert shown["edited_at"] > shown["created_at"] == first["created_at"]
    history = visitor.get(f"{URL}{first['id']}/history/").json()["results"]
    assert [(row["revision"], row["text"]) for row in history] == [
        (0, "frist"),
        (1, "first"),
        (2, "First!"),
    ]
    assert history[0]["created_at"] == first["created_at"]
    assert history[2]["created_at"] == shown["edited_at"]


def test_it_makes_no_revision_for_the_same_text(as_alice):
    first = post(as_alice)
    for body in ({"text": "hello"}, {"text": "  hello "}, {}):
        answer = as_alice.patch(f"{URL}{first['id']}/", body, format="json").json()
        assert answer["revision"] == 0
        assert answer["edited_at"] is None


def test_it_answers_409_to_the_second_of_two_edits(as_alice, visitor):
    first = post(as_alice)
    url = f"{URL}{first['id']}/"
    assert as_alice.patch(url, {"text": "one", "revision": 0}, format="json").status_code == 200
    late = as_alice.patch(url, {"text": "two", "revision": 0}, format="json")
    assert late.status_code == 409
    assert "detail" in late.json()
    assert visitor.get(url).json()["text"] == "one"


@pytest.mark.parametrize(
    "body", [{"text": ""}, {"text": "x" * 281}, {"text": "\0"}, {"text": "a", "revision": -1}]
)
def test_it_changes_nothing_for_an_invalid_edit(as_alice, visitor, body):
    first = post(as_alice)
    response = as_alice.patch(f"{URL}{first['id']}/", body, format="json")
    assert response.status_code == 400
    assert visitor.get(f"{URL}{first['id']}/").json()["text"] == "hello"


def test_it_lets_only_the_author_edit_and_pin(as_alice, as_bob, visitor):
    url = f"{URL}{post(as_alice)['id']}/"
    assert as_bob.patch(url, {"text": "mine"}, format="json").status_code == 403
    assert visitor.patch(url, {"text": "mine"}, format="json").status_code == 401
    assert as_bob.put(f"{url}pin/").status_code == 403
    assert visitor.put(f"{url}pin/").status_code == 401


def test_it_names_the_pinned_message_until_it_is_deleted(as_alice, visitor):
    def pinned():
        return visitor.get("/api/v1/accounts/alice/").json()["pinned_message"]

    first, second = post(as_alice), post(as_alice)
    for message in (first, second, second):
        assert as_alice.put(f"{URL}{message['id']}/pin/").status_code == 204
        assert pinned() == message["id"]
    # Unpinning another changes nothing.
    assert as_alice.delete(f"{URL}{first['id']}/pin/").status_code == 204
    assert pinned() == second["id"]
    as_alice.delete(f"{URL}{second['id']}/")
    assert pinned() is None
