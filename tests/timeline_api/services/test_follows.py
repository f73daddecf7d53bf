"""Follows: following, unfollowing, and who follows whom."""

import pytest
from django.test import override_settings

from shardrouter.exceptions import ShardUnavailable
from tests.timeline_api.ids import account_ids, ids
from timeline_api.models import Account, Follow, HomeEntry, Outbox
from timeline_api.selectors import accounts as selectors
from timeline_api.selectors import timelines
from timeline_api.selectors.rows import Relationship
from timeline_api.services import follows, messages

pytestmark = pytest.mark.django_db(databases="__all__")


def counts(account):
    account = Account.objects.get(pk=account.pk)
    return account.following_count, account.follower_count


def test_it_backfills_the_followees_messages_at_once(alice, bob):
    earlier = [messages.post(author=bob, text=str(number)) for number in range(3)]
    follows.follow(follower=alice, followee=bob)
    assert ids(timelines.home_page(alice)) == ids(earlier[::-1])
    assert Follow.objects.get(follower=alice).followee_id == bob.pk
    assert counts(alice) == (1, 0)
    event = Outbox.objects.get(account=alice)
    assert (event.kind, event.payload) == ("follow_changed", {"followee_id": bob.pk})


def test_it_backfills_the_newest_messages_alone(alice, bob):
    earlier = [messages.post(author=bob, text=str(number)) for number in range(5)]
    with override_settings(TIMELINES={"BACKFILL_MESSAGES": 2}):
        follows.follow(follower=alice, followee=bob)
    entries = HomeEntry.objects.filter(owner=alice).values_list("message_id", flat=True)
    assert set(entries) == {earlier[4].pk, earlier[3].pk}


def test_it_reads_the_followees_shard_and_writes_the_followers_own(alice, bob, asks, down):
    messages.post(author=bob, text="hello")
    with down("shard2"), down("default"):
        follows.follow(follower=alice, followee=bob)
    assert not HomeEntry.objects.using("shard1").filter(owner_id=alice.pk).exists()
    assert HomeEntry.objects.using("shard0").filter(owner_id=alice.pk).count() == 1


def test_it_changes_nothing_if_the_followees_shard_is_down(alice, bob, down):
    with down("shard1"), pytest.raises(ShardUnavailable):
        follows.follow(follower=alice, followee=bob)
    assert not Follow.objects.scatter().exists()
    assert counts(alice) == (0, 0)


def test_it_unfollows_somebody_on_a_lost_shard(alice, bob, down):
    messages.post(author=bob, text="hello")
    follows.follow(follower=alice, followee=bob)
    with down("shard1"):
        follows.unfollow(follower=alice, followee=bob)
        assert list(timelines.home_page(alice)) == []


def test_it_follows_idempotently(alice, bob, relay):
    for _ in range(2):
        follows.follow(follower=alice, followee=bob)
    assert Outbox.objects.scatter().count() == 1
    relay()
    assert (counts(alice), counts(bob)) == ((1, 0), (0, 1))


def test_it_deletes_the_entries_of_the_unfollowed_alone(alice, bob, charlie, post, relay):
    for author in (alice, bob, charlie):
        post(author)
    for author in (bob, charlie):
        follows.follow(follower=alice, followee=author)
    follows.unfollow(follower=alice, followee=bob)
    authors = [line.message.author.id for line in timelines.home_page(alice)]
    assert authors == [charlie.pk, alice.pk]
    relay()
    assert [line.message.author.id for line in timelines.home_page(alice)] == authors
    assert (counts(alice), counts(bob), counts(charlie)) == ((1, 0), (0, 0), (0, 1))


def test_it_unfollows_idempotently(alice, bob):
    follows.unfollow(follower=alice, followee=bob)
    assert not Outbox.objects.scatter().exists()
    follows.follow(follower=alice, followee=bob)
    for _ in range(2):
        follows.unfollow(follower=alice, followee=bob)
    assert counts(alice) == (0, 0)
    assert Outbox.objects.scatter().count() == 2


@pytest.mark.parametrize("change", [follows.follow, follows.unfollow])
def test_it_refuses_to_follow_oneself(alice, change):
    with pytest.raises(follows.CannotFollowSelf):
        change(follower=alice, followee=Account.objects.get(pk=alice.pk))
    assert not Follow.objects.scatter().exists()


def test_it_delivers_what_is_posted_between_backfill_and_mirror(alice, bob, relay):
    follows.follow(follower=alice, followee=bob)
    message = messages.post(author=bob, text="in between")
    relay()
    assert ids(timelines.home_page(alice)) == [message.pk]


# Reading


def test_it_knows_whom_of_these_one_follows_with_one_query(alice, bob, charlie, asks):
    follows.follow(follower=alice, followee=bob)
    with asks(shard0=1):
        relationships = selectors.relationships(alice, [bob.pk, charlie.pk, alice.pk])
    none = Relationship()
    assert relationships == {
        bob.pk: Relationship(following=True),
        charlie.pk: none,
        alice.pk: none,
    }


def test_it_lists_people_newest_follow_first(alice, bob, charlie, relay, asks):
    for followee in (bob, charlie):
        follows.follow(follower=alice, followee=followee)
    follows.follow(follower=charlie, followee=bob)
    relay()
    with asks(shard0=1, shard1=1, shard2=1):
        assert account_ids(selectors.following(alice)) == [charlie.pk, bob.pk]
    with asks(shard0=1, shard1=1, shard2=1):
        assert set(account_ids(selectors.followers(bob))) == {alice.pk, charlie.pk}
    with asks(shard0=1):
        assert list(selectors.followers(alice)) == []


def test_it_pages_through_people(alice, register):
    others = [register(f"member{number}") for number in range(5)]
    for other in others:
        follows.follow(follower=alice, followee=other)
    first = selectors.following(alice, limit=2)
    assert account_ids(first) == [others[4].pk, others[3].pk]
    second = selectors.following(alice, before_id=first.positions[-1], limit=2)
    assert account_ids(second) == [others[2].pk, others[1].pk]
    back = selectors.following(alice, after_id=second.positions[0], limit=2)
    assert list(back) == list(first)


def test_it_lists_the_people_it_can_and_names_the_lost_shard(alice, bob, charlie, down):
    for followee in (bob, charlie):
        follows.follow(follower=alice, followee=followee)
    with down("shard1"):
        page = selectors.following(alice)
    assert account_ids(page) == [charlie.pk]
    assert page.shards_missing == ("shard1",)
    assert len(page.positions) == 2
    with down("shard0"), pytest.raises(ShardUnavailable):
        selectors.following(alice)
