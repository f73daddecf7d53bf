"""GET /api/v1/timelines/public/ and /home/"""

import pytest

from timeline_api.services import follows, messages

pytestmark = pytest.mark.django_db(databases="__all__")

PUBLIC = "/api/v1/timelines/public/"
HOME = "/api/v1/timelines/home/"


def texts(response):
    assert response.status_code == 200
    return [message["text"] for message in response.json()["results"]]


@pytest.fixture
def crowd(register):
    """Twelve members, on all three shards, wrote two messages each: their texts, newest first.

    Within one millisecond the order is that of the ids.
    """
    accounts = [register(f"member{number}") for number in range(12)]
    posted = [
        messages.post(author=account, text=f"{account.username} {round_}")
        for round_ in range(2)
        for account in accounts
    ]
    return [message.text for message in sorted(posted, key=lambda message: -message.pk)]


def test_it_shows_everybodys_newest_first(visitor, crowd):
    shown = texts(visitor.get(PUBLIC))
    assert shown == crowd


def test_it_shows_each_message_with_its_author(visitor, alice):
    message = messages.post(author=alice, text="hello <b> 🐦")
    (shown,) = visitor.get(PUBLIC).json()["results"]
    assert shown.pop("created_at").endswith("Z")
    assert shown == {
        "id": str(message.pk),
        "text": "hello <b> 🐦",
        "url": f"http://testserver/api/v1/messages/{message.pk}/",
        "author": {
            "id": str(alice.pk),
            "username": "alice",
            "display_name": "",
            "avatar_url": None,
            "url": "http://testserver/api/v1/accounts/alice/",
        },
        "edited_at": None,
        "revision": 0,
        "mentions": [],
        "entities": [],
        "in_reply_to": None,
        "repost_of": None,
        "reply_count": 0,
        "like_count": 0,
        "repost_count": 0,
        "is_deleted": False,
    }


@pytest.mark.parametrize("size", [1, 5, 7, 24])
def test_it_pages_over_all_shards(visitor, crowd, size):
    url, shown = f"{PUBLIC}?page_size={size}", []
    while url:
        response = visitor.get(url)
        shown += texts(response)
        url = response.json()["next"]
    assert shown == crowd


def test_it_pages_back(visitor, crowd):
    first = visitor.get(PUBLIC, {"page_size": 5})
    second = visitor.get(first.json()["next"])
    assert texts(visitor.get(second.json()["previous"])) == texts(first)


def test_it_shows_a_member_their_own_and_those_they_follow(as_alice, alice, bob, charlie):
    posted = [messages.post(author=author, text=f"{author}'s") for author in (alice, bob)]
    newest_first = [message.text for message in sorted(posted, key=lambda message: -message.pk)]
    messages.post(author=charlie, text="charlie's")
    follows.follow(follower=alice, followee=bob)
    assert texts(as_alice.get(HOME)) == newest_first


def test_it_shows_followers_a_new_message_after_the_relay(as_alice, alice, bob, relay):
    follows.follow(follower=alice, followee=bob)
    relay()
    messages.post(author=bob, text="news")
    relay()
    assert texts(as_alice.get(HOME)) == ["news"]


def test_it_pages_the_home_timeline_both_ways(as_alice, alice, bob):
    posted = [
        messages.post(author=author, text=f"{author} {number}")
        for number in range(3)
        for author in (alice, bob)
    ]
    newest_first = [message.text for message in sorted(posted, key=lambda message: -message.pk)]
    follows.follow(follower=alice, followee=bob)
    first = as_alice.get(HOME, {"page_size": 4})
    second = as_alice.get(first.json()["next"])
    assert texts(first) + texts(second) == newest_first
    assert second.json()["next"] is None
    assert texts(as_alice.get(second.json()["previous"])) == texts(first)


def test_it_wants_a_login_for_the_home_timeline(visitor, db):
    response = visitor.get(HOME)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'
    assert "detail" in response.json()


@pytest.mark.parametrize("url", [PUBLIC, HOME])
def test_it_answers_404_for_a_malformed_cursor(as_alice, url):
    response = as_alice.get(url, {"cursor": "%%%"})
    assert response.status_code == 404
    assert response.json() == {"detail": "Invalid cursor"}


@pytest.mark.parametrize("url", [PUBLIC, HOME])
def test_it_refuses_other_methods(as_alice, url):
    for method in ("post", "put", "patch", "delete"):
        assert getattr(as_alice, method)(url).status_code == 405


def test_it_answers_head(visitor, db):
    response = visitor.head(PUBLIC)
    assert response.status_code == 200
    assert response.content == b""
