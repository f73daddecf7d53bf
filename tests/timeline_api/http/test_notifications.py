"""GET /api/v1/notifications/: what it lists, and what deletes it."""

import pytest
import time_machine

from timeline_api.services import accounts, follows, likes, messages

pytestmark = pytest.mark.django_db(databases="__all__")

URL = "/api/v1/notifications/"


@pytest.fixture
def message(alice):
    return messages.post(author=alice, text="hello")


def told(client):
    page = client.get(URL)
    assert page.status_code == 200
    return [
        (row["kind"], [who["username"] for who in row["accounts"]], row["account_count"])
        for row in page.json()["results"]
    ]


def unread(client):
    return client.get(f"{URL}unread/").json()["count"]


def test_it_tells_of_what_others_do(alice, bob, as_alice, as_bob, message, relay):
    follows.follow(follower=bob, followee=alice)
    likes.like(account=bob, message=message)
    messages.repost(account=bob, message=message)
    answer = messages.post(author=bob, text="indeed", parent=message)
    messages.post(author=bob, text="hello @ALICE and @nobody")
    relay()
    rows = {row["kind"]: row for row in as_alice.get(URL).json()["results"]}
    assert set(rows) == {"follow", "like", "repost", "reply", "mention"}
    assert rows["like"]["message"]["id"] == str(message.pk)
    assert rows["repost"]["message"]["text"] == "hello"
    assert rows["reply"]["message"]["id"] == str(answer.pk)
    assert rows["mention"]["message"]["mentions"] == ["alice"]
    assert rows["follow"]["message"] is None
    assert all(row["accounts"][0]["username"] == "bob" for row in rows.values())
    assert unread(as_alice) == 5
    assert told(as_bob) == []


def test_it_never_tells_twice_nor_of_ones_own_deeds(alice, bob, as_alice, message, relay):
    for _ in range(3):
        likes.like(account=bob, message=message)
        likes.like(account=alice, message=message)
        follows.follow(follower=bob, followee=alice)
        relay()
    messages.post(author=alice, text="I, @alice")
    relay()
    assert sorted(told(as_alice)) == [("follow", ["bob"], 1), ("like", ["bob"], 1)]


def test_it_notifies_once_of_a_reply_with_a_mention(alice, bob, charlie, as_alice, message, relay):
    messages.post(author=bob, text="@alice indeed", parent=message)
    relay()
    assert told(as_alice) == [("reply", ["bob"], 1)]


def test_it_groups_what_several_did_on_one_day(register, alice, as_alice, message):
    with time_machine.travel("2026-11-24T09:00:00Z") as clock:
        fans = [register(f"fan{number}") for number in range(5)]
        for fan in fans:
            clock.shift(60)
            likes.like(account=fan, message=message)
        clock.shift(24 * 60 * 60)
        likes.like(account=register("late"), message=message)
    assert told(as_alice) == [
        ("like", ["late"], 1),
        ("like", ["fan4", "fan3", "fan2"], 5),
    ]


def test_it_goes_when_what_it_tells_of_is_undone(alice, bob, as_alice, message, relay):
    likes.like(account=bob, message=message)
    follows.follow(follower=bob, followee=alice)
    answer = messages.post(author=bob, text="indeed", parent=message)
    mention = messages.post(author=bob, text="@alice!")
    relay()
    assert unread(as_alice) == 4
    likes.unlike(account=bob, message=message)
    follows.unfollow(follower=bob, followee=alice)
    messages.delete(message=answer)
    messages.edit(message=mention, text="nobody")
    relay()
    assert told(as_alice) == []
    assert unread(as_alice) == 0


def test_it_notifies_those_whom_an_edit_mentions(alice, bob, charlie, as_alice, client_of, relay):
    message = messages.post(author=bob, text="@alice!")
    messages.edit(message=message, text="@charlie!")
    relay()
    assert told(as_alice) == []
    assert told(client_of(charlie)) == [("mention", ["bob"], 1)]


def test_it_deletes_what_a_deleted_account_caused(alice, bob, as_alice, message, relay):
    likes.like(account=bob, message=message)
    follows.follow(follower=bob, followee=alice)
    messages.post(author=bob, text="@alice!")
    relay()
    accounts.delete(account=bob)
    relay()
    assert told(as_alice) == []


def test_it_marks_all_or_those_up_to_one_as_read(register, alice, as_alice, message):
    for number in range(3):
        with time_machine.travel(f"2026-11-2{number}T09:00:00Z"):
            likes.like(account=register(f"fan{number}"), message=message)
    rows = as_alice.get(URL).json()["results"]
    assert [row["is_read"] for row in rows] == [False] * 3
    until = {"until": rows[1]["id"]}
    assert as_alice.post(f"{URL}read/", until, format="json").status_code == 204
    assert [row["is_read"] for row in as_alice.get(URL).json()["results"]] == [False, True, True]
    assert unread(as_alice) == 1
    for _ in range(2):
        assert as_alice.post(f"{URL}read/").status_code == 204
        assert unread(as_alice) == 0


def test_it_comes_in_pages(register, alice, as_alice, message):
    for number in range(5):
        with time_machine.travel(f"2026-11-1{number}T09:00:00Z"):
            likes.like(account=register(f"fan{number}"), message=message)
    page = as_alice.get(f"{URL}?page_size=2")
    names = [row["accounts"][0]["username"] for row in page.json()["results"]]
    assert names == ["fan4", "fan3"]
    second = as_alice.get(page.json()["next"]).json()
    assert [row["accounts"][0]["username"] for row in second["results"]] == ["fan2", "fan1"]
    first = as_alice.get(second["previous"]).json()
    assert [row["accounts"][0]["username"] for row in first["results"]] == names


@pytest.mark.parametrize("until", ["x", "-1", "", [], "9" * 20])
def test_it_refuses_a_place_that_is_no_id(as_alice, until):
    response = as_alice.post(f"{URL}read/", {"until": until}, format="json")
    assert response.status_code == 400


def test_it_requires_a_login(visitor):
    for response in (visitor.get(URL), visitor.get(f"{URL}unread/"), visitor.post(f"{URL}read/")):
        assert response.status_code == 401
