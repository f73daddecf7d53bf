"""GET /api/v1/accounts/{username}/messages/"""

import re

import pytest

from timeline_api.http.pagination import Cursor
from timeline_api.services import messages

pytestmark = pytest.mark.django_db(databases="__all__")

URL = "/api/v1/accounts/alice/messages/"


def texts(response):
    return [message["text"] for message in response.json()["results"]]


def test_it_lists_that_members_messages_newest_first(visitor, alice, bob):
    for text in ("one", "two", "three"):
        messages.post(author=alice, text=text)
    messages.post(author=bob, text="not hers")
    assert texts(visitor.get(URL)) == ["three", "two", "one"]


def test_it_pages_both_ways_without_gaps_or_repeats(visitor, alice):
    for number in range(7):
        messages.post(author=alice, text=str(number))
    first = visitor.get(URL, {"page_size": 3})
    assert first.json()["previous"] is None
    second = visitor.get(first.json()["next"])
    third = visitor.get(second.json()["next"])
    assert texts(first) + texts(second) + texts(third) == ["6", "5", "4", "3", "2", "1", "0"]
    assert third.json()["next"] is None
    back = visitor.get(third.json()["previous"])
    assert texts(back) == texts(second)
    front = visitor.get(back.json()["previous"])
    assert texts(front) == texts(first)
    assert front.json()["previous"] is None
    assert front.json()["next"] is not None


def test_it_is_not_shifted_by_what_is_posted_meanwhile(visitor, alice):
    for number in range(4):
        messages.post(author=alice, text=str(number))
    first = visitor.get(URL, {"page_size": 2})
    messages.post(author=alice, text="new")
    assert texts(visitor.get(first.json()["next"])) == ["1", "0"]


def test_it_is_empty_for_who_has_written_nothing(visitor, alice):
    assert visitor.get(URL).json() == {"next": None, "previous": None, "results": []}


def test_it_gives_30_a_page(visitor, alice):
    for number in range(31):
        messages.post(author=alice, text=str(number))
    assert len(texts(visitor.get(URL))) == 30


@pytest.mark.parametrize(
    ("size", "rows"), [("2", 2), ("0", 4), ("-1", 4), ("x", 4), ("101", 4), ("9" * 5000, 4)]
)
def test_it_takes_a_page_size_as_drf_does(visitor, alice, size, rows):
    for number in range(4):
        messages.post(author=alice, text=str(number))
    response = visitor.get(URL, {"page_size": size})
    assert response.status_code == 200
    assert len(texts(response)) == rows


@pytest.mark.parametrize(("size", "cut"), [(None, 30), (2, 2), (1000, 100), ("x", 30), (0, 30)])
def test_it_says_what_page_size_it_has_cut_to(visitor, alice, size, cut):
    """In a header, and in the addresses of the neighbours."""
    query = {"cursor": Cursor(1).encode()} | ({} if size is None else {"page_size": size})
    response = visitor.get(URL, query)
    assert response["X-Page-Size"] == str(cut)
    neighbour = response.json()["previous"]
    assert re.findall("page_size=([^&]+)", neighbour) == ([] if size is None else [str(cut)])


@pytest.mark.parametrize(
    "cursor",
    ["x", "ä", "cD0tMQ==", "cD14", "cj0x", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OQ==", "\x00"],
)
def test_it_answers_404_for_a_malformed_cursor(visitor, alice, cursor):
    response = visitor.get(URL, {"cursor": cursor})
    assert response.status_code == 404
    assert response.json() == {"detail": "Invalid cursor"}


def test_it_answers_404_for_nobody(visitor, db):
    assert visitor.get("/api/v1/accounts/nobody/messages/").status_code == 404


def test_it_refuses_other_methods(as_alice):
    assert as_alice.post(URL, {"text": "x"}).status_code == 405
