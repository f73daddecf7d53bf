"""Settled interactions: the relay only sees that a request has written the mirror."""

import pytest
from django.db import OperationalError

from timeline_api.models import Interaction, Like, Message, Outbox
from timeline_api.ops import faults
from timeline_api.relay import settled, worker
from timeline_api.relay.worker import Worker
from timeline_api.services import likes, messages

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def liked(alice, bob, charlie, post, relay):
    """A message of alice that bob and charlie like, repost and reply to; its events wait."""
    message = post(alice)
    relay()
    message.author = alice
    for account in (bob, charlie):
        likes.like(account=account, message=message)
        messages.repost(account=account, message=message)
        messages.post(author=account, text="hello", parent=message)
    return message


def interactions_waiting():
    return list(Outbox.objects.scatter().filter(kind="interaction_changed"))


def test_it_finishes_what_requests_have_mirrored(liked, monkeypatch, asks):
    handled = []
    monkeypatch.setattr(worker, "handle", lambda event: handled.append(event) or True)
    waiting = interactions_waiting()
    # Mirrors and message on shard0; likes, reposts and replies where they were made.
    with asks(shard0=2, shard1=2, shard2=2):
        assert settled.settled(waiting) == waiting
    assert len(waiting) == 6
    assert Worker().run_once() == 6 + 4  # and the posts
    assert handled == []
    assert not Outbox.objects.scatter().exists()


def test_it_leaves_to_the_handler_what_is_not_mirrored(liked, alice, bob, relay):
    message = messages.post(author=alice, text="more")

    def fail(name):
        if name == faults.REQUEST_BEFORE_MIRROR:
            raise OperationalError("not now")

    faults.install(fail)
    likes.like(account=bob, message=message)
    faults.install(None)
    waiting = interactions_waiting()
    assert len(settled.settled(waiting)) == len(waiting) - 1
    relay()
    assert Message.objects.get(pk=message.pk).like_count == 1


@pytest.mark.parametrize("gone", [Like, Message, Interaction])
def test_it_leaves_to_the_handler_what_is_gone(liked, bob, gone):
    waiting = interactions_waiting()
    if gone is Like:
        Like.objects.filter(account=bob).delete()
        missing = 1
    elif gone is Interaction:
        Interaction.objects.filter(author_id=liked.author_id, kind="reply").delete()
        missing = 2
    else:
        Message.objects.filter(pk=liked.pk).delete()
        missing = 6
    assert len(settled.settled(waiting)) == 6 - missing


def test_it_handles_them_singly_when_a_shard_is_lost(liked, down):
    with down("shard0"):
        assert Worker().run_once() == 4  # posts that nobody follows
    assert len(interactions_waiting()) == 6
    assert Worker().run_once(early=True) == 6
    assert not Outbox.objects.scatter().exists()
