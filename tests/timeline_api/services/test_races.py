"""Two operations at once, one in the middle of the other's transaction: the result is as if one
came after the other."""

import pytest
from django.db import IntegrityError, OperationalError

from timeline_api.models import (
    Account,
    Follow,
    HomeEntry,
    IdempotencyKey,
    Interaction,
    Like,
    Message,
    Notification,
    Revision,
    Tombstone,
)
from timeline_api.ops import faults
from timeline_api.relay import fanout
from timeline_api.selectors.messages import Place
from timeline_api.services import (
    accounts,
    blocks,
    follows,
    idempotency,
    likes,
    messages,
    repairs,
)

from .interleaved import interleaved

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


@pytest.fixture
def posted(alice, bob):
    """Two messages of bob."""
    return [messages.post(author=bob, text=text) for text in ("one", "two")]


def test_it_lets_no_follow_slip_past_a_block(alice, bob, posted, relay):
    def follow():
        follows.follow(follower=alice, followee=bob)

    def block():
        blocks.block(account=bob, other=alice)
        relay()

    raised = interleaved(follow, 'INSERT INTO "timeline_api_follow"', block)
    assert raised == (None, None)
    relay()
    assert not Follow.objects.scatter().exists()
    assert repairs.count_differences(alice) == {}
    assert not repairs.home_difference(alice)


def test_it_lets_no_follow_slip_past_ones_own_block(alice, bob, relay):
    raised = interleaved(
        lambda: follows.follow(follower=alice, followee=bob),
        'INSERT INTO "timeline_api_follow"',
        lambda: blocks.block(account=alice, other=bob),
    )
    assert raised == (None, None)
    relay()
    assert not Follow.objects.scatter().exists()


def test_it_deletes_a_notification_that_is_written_during_a_block(alice, bob, posted, relay):
    raised = interleaved(
        lambda: likes.like(account=alice, message=posted[0]),
        'INSERT INTO "timeline_api_notification"',
        lambda: blocks.block(account=bob, other=alice),
    )
    assert raised == (None, None)
    relay()
    assert not Notification.objects.scatter().filter(account_id=bob.pk).exists()


def test_it_deletes_a_notification_that_is_written_during_a_mute(alice, bob, posted):
    raised = interleaved(
        lambda: likes.like(account=alice, message=posted[0]),
        'INSERT INTO "timeline_api_notification"',
        lambda: blocks.mute(account=bob, other=alice),
    )
    assert raised == (None, None)
    assert not Notification.objects.scatter().filter(account_id=bob.pk).exists()


@pytest.mark.parametrize(
    ("act", "after", "fact"),
    [
        (likes.like, 'INSERT INTO "timeline_api_like"', Like),
        (messages.repost, 'INSERT INTO "timeline_api_message"', Message),
    ],
)
def test_it_likes_and_reposts_once_for_two_at_once(alice, posted, relay, act, after, fact):
    def twice():
        act(account=alice, message=posted[0])

    assert interleaved(twice, after, twice) == (None, None)
    relay()
    mine = {"account": alice} if fact is Like else {"author": alice}
    assert fact.objects.filter(**mine).count() == 1
    row = Message.objects.get(pk=posted[0].pk)
    assert row.like_count + row.repost_count == 1
    assert Interaction.objects.scatter().count() == 1


def test_it_follows_once_for_two_at_once(alice, bob, relay):
    def follow():
        follows.follow(follower=alice, followee=bob)

    assert interleaved(follow, 'INSERT INTO "timeline_api_follow"', follow) == (None, None)
    relay()
    assert Account.objects.get(pk=alice.pk).following_count == 1
    assert Account.objects.get(pk=bob.pk).follower_count == 1


def test_it_refuses_a_name_whose_account_is_being_deleted(alice, register):
    taken = interleaved(
        lambda: accounts.delete(account=alice),
        'DELETE FROM "timeline_api_account"',
        lambda: register(alice.username),
    )
    assert taken[0] is None
    assert isinstance(taken[1], accounts.UsernameTaken)


def test_it_rebuilds_a_home_without_whom_one_unfollows_meanwhile(alice, bob, posted, relay):
    follows.follow(follower=alice, followee=bob)
    relay()
    HomeEntry.objects.filter(owner=alice, message_id=posted[0].pk).delete()
    raised = interleaved(
        lambda: follows.unfollow(follower=alice, followee=bob),
        'DELETE FROM "timeline_api_homeentry"',
        lambda: repairs.rebuild_home(alice),
    )
    assert raised == (None, None)
    assert not HomeEntry.objects.filter(owner=alice, author_id=bob.pk).exists()


def test_it_deletes_a_tombstone_with_its_last_reply(alice, bob, posted, relay):
    reply = messages.post(author=alice, text="reply", parent=posted[0])
    raised = interleaved(
        lambda: messages.delete(message=posted[0]),
        'INSERT INTO "timeline_api_tombstone"',
        lambda: messages.delete(message=reply),
    )
    assert raised == (None, None)
    relay()
    assert not Tombstone.objects.scatter().exists()
    assert not Interaction.objects.scatter().exists()


def test_it_keeps_a_tombstone_for_a_reply_that_is_being_mirrored(
    alice, bob, charlie, posted, relay
):
    reply = messages.post(author=alice, text="reply", parent=posted[0])

    def fail(name):
        if name == faults.REQUEST_BEFORE_MIRROR:
            raise OperationalError("not now")

    faults.install(fail)
    late = messages.post(author=charlie, text="late", parent=posted[0])
    faults.install(None)
    messages.delete(message=posted[0])
    raised = interleaved(
        relay,
        'INSERT INTO "timeline_api_interaction"',
        lambda: messages.delete(message=reply),
    )
    assert raised == (None, None)
    relay()
    assert Tombstone.objects.filter(pk=posted[0].pk).exists()
    assert [row.source_id for row in Interaction.objects.scatter()] == [late.pk]


@pytest.mark.parametrize("act", [likes.like, messages.repost])
def test_it_deletes_a_like_or_repost_of_a_deleted_message(alice, bob, posted, relay, act):
    messages.delete(message=Message.objects.get(pk=posted[0].pk))
    relay()
    act(account=alice, message=posted[0])
    relay()
    assert not Like.objects.scatter().exists()
    assert not Message.objects.filter(author=alice).exists()
    assert not HomeEntry.objects.scatter().filter(message_id=posted[0].pk).exists()
    assert not HomeEntry.objects.scatter().filter(original_id=posted[0].pk).exists()


def test_it_keeps_no_pin_of_a_message_that_is_being_deleted(bob, posted):
    raised = interleaved(
        lambda: messages.delete(message=posted[0]),
        'DELETE FROM "timeline_api_message"',
        lambda: messages.pin(message=posted[0]),
    )
    assert raised == (None, None)
    assert Account.objects.get(pk=bob.pk).pinned_id is None


def test_it_refuses_one_of_two_edits_at_once(bob, posted):
    def edit(text):
        messages.edit(message=posted[0], text=text, revision=0)

    first, second = interleaved(
        lambda: edit("first"), 'INSERT INTO "timeline_api_revision"', lambda: edit("second")
    )
    assert first is None
    assert isinstance(second, messages.EditConflict)
    assert Revision.objects.filter(author_id=bob.pk).count() == 1


def test_it_posts_once_for_two_with_one_key(bob):
    def post():
        messages.post(author=bob, text="once", idempotency_key="k")

    first, second = interleaved(post, 'INSERT INTO "timeline_api_message"', post)
    assert first is None
    assert second is None or isinstance(second, idempotency.IdempotencyConflict)
    assert Message.objects.filter(author=bob).count() == 1
    assert IdempotencyKey.objects.filter(account=bob).count() == 1


def test_it_deletes_an_account_that_is_posting(alice, bob, relay):
    follows.follow(follower=bob, followee=alice)
    raised = interleaved(
        lambda: messages.post(author=alice, text="last words"),
        'INSERT INTO "timeline_api_message"',
        lambda: accounts.delete(account=alice),
    )
    assert raised[1] is None
    relay()
    assert not Message.objects.scatter().exists()
    assert not HomeEntry.objects.scatter().exists()


def test_it_keeps_no_message_of_an_account_that_is_being_deleted(alice, relay):
    raised = interleaved(
        lambda: accounts.delete(account=alice),
        'DELETE FROM "timeline_api_homeentry"',
        lambda: messages.post(author=alice, text="last words"),
    )
    assert raised[0] is None
    assert raised[1] is None or isinstance(raised[1], IntegrityError)
    relay()
    assert not Message.objects.scatter().exists()
    assert not HomeEntry.objects.scatter().exists()


def test_it_deletes_an_account_whose_home_is_being_written(alice, bob, posted, relay):
    follows.follow(follower=alice, followee=bob)
    relay()
    HomeEntry.objects.filter(owner=alice).delete()
    raised = interleaved(
        lambda: fanout.deliver(
            author_id=bob.pk, places=[Place(posted[0].pk)], follower_ids=[alice.pk]
        ),
        'INSERT INTO "timeline_api_homeentry"',
        lambda: accounts.delete(account=alice),
    )
    assert raised[1] is None
    relay()
    assert not HomeEntry.objects.scatter().filter(owner_id=alice.pk).exists()
