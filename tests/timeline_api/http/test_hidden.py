"""What one who has blocked or is blocked sees: every path under a message and an account."""

import json

import pytest

from tests.paths import paths
from timeline_api.models import Message
from timeline_api.services import blocks, follows, likes, messages

pytestmark = pytest.mark.django_db(databases="__all__")

MESSAGE, ACCOUNT = "api/v1/messages/<id>/", "api/v1/accounts/<username>/"
# What an account says of itself to everybody: its profile, which says that it blocks, and its
# picture, which here it has not.
OPEN = {"": 200, "avatar/": 404}


def below(prefix):
    return [path for path in paths("twitsite.urls_api") if path.template.startswith(prefix)]


@pytest.fixture
def hidden(alice, bob, charlie, relay):
    """alice's message, its reply, and a gap of hers. Her lists have charlie in them."""
    message = messages.post(author=alice, text="a heron, said alice")
    messages.edit(message=message, text="two herons, said alice")
    gone = messages.post(author=alice, text="gone", parent=message)
    for parent in (message, gone):
        messages.post(author=charlie, text="three, says charlie", parent=parent)
    messages.delete(message=gone)
    likes.like(account=charlie, message=message)
    messages.repost(account=charlie, message=message)
    repost = Message.objects.get(author=charlie, repost_of_id=message.pk)
    follows.follow(follower=charlie, followee=alice)
    follows.follow(follower=alice, followee=charlie)
    relay()
    return [message.pk, gone.pk, repost.pk]


@pytest.fixture(params=["blocks", "is blocked by"])
def blocked(request, hidden, alice, bob, relay):
    """bob has blocked alice, or she him."""
    one, other = (bob, alice) if request.param == "blocks" else (alice, bob)
    blocks.block(account=one, other=other)
    relay()


def test_it_shows_nothing_below_a_message(visitor, as_bob, hidden, blocked):
    assert len(below(MESSAGE)) >= 10
    for path in below(MESSAGE):
        for pk in hidden:
            url = path.filled({"id": pk})
            answer = as_bob.get(url)
            assert answer.status_code in (404, 405), url
            assert "herons" not in json.dumps(answer.json())
            assert visitor.get(url).status_code in (200, 404, 405)


def test_it_shows_nothing_below_an_account(as_bob, alice, blocked):
    assert len(below(ACCOUNT)) >= 10
    for path in below(ACCOUNT):
        answer = as_bob.get(path.filled({"username": "alice"}))
        name = path.template.removeprefix(ACCOUNT)
        if name == "messages/":
            assert answer.json()["results"] == []
        elif name in OPEN:
            assert answer.status_code == OPEN[name]
        else:
            assert answer.status_code in (403, 405), name
        assert "heron" not in json.dumps(answer.json())
        assert "charlie" not in json.dumps(answer.json())


def test_it_shows_everything_without_a_block(as_bob, as_alice, hidden):
    for client in (as_bob, as_alice):
        for path in (*below(MESSAGE), *below(ACCOUNT)):
            answer = client.get(path.filled({"id": hidden[0], "username": "alice"}))
            assert answer.status_code in (200, 405) or path.template.endswith(
                ("avatar/", "export/")
            ), path
