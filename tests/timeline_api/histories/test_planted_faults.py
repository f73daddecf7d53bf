"""The histories prove something: each of these faults, planted on purpose, makes some fail."""

import random

import pytest
from django.db import IntegrityError
from django.db.models import CharField, Q, Value
from django.utils import timezone

from timeline_api.models import Account, Follow, Follower, HomeEntry, Message, Outbox
from timeline_api.ops import faults
from timeline_api.relay import batches, celebrities, deletions, fanout, handlers, settled, worker
from timeline_api.relay.handlers import follows as follow_handlers
from timeline_api.selectors import timelines
from timeline_api.services import (
    blocks,
    followers,
    follows,
    home_timelines,
    interactions,
    messages,
    notifications,
)

from .world import CAST, World, assert_as_modelled

pytestmark = [pytest.mark.long, pytest.mark.django_db(databases="__all__")]

HISTORIES = 200
TINY = {"HOME_CAP": 3, "HOME_TRIM_EVERY": 1, "BACKFILL_MESSAGES": 2, "FANOUT_CHUNK": 1}


STEPS = ["post"] * 4 + ["follow"] * 4 + ["relay"] * 2 + ["crash", "crash", "unfollow", "delete"]
# The relay delivers batches, while something happens to what they deliver.
BATCHES = ["post"] * 5 + ["follow"] * 2 + ["relay", "batch", "lost", "crash", "crash"]
BATCHES += ["unfollow_meanwhile", "delete_meanwhile"] * 2
# Here two of the cast have all the followers, and become celebrities and ordinary again.
FAME = ["post", "follow", "relay"] * 3 + ["limit", "limit", "crash", "unfollow"]
TALK = ["post", "reply", "like", "repost", "mention"] * 2 + [
    *["follow", "follow", "relay", "relay", "crash"],
    *["edit", "unlike", "undo_repost", "delete", "delete", "leave", "block", "mute", "unblock"],
]
# Members who repost are suspended and unsuspended.
SUSPENSION = ["post"] + ["repost", "follow"] * 3 + ["relay", "suspend", "suspend", "unsuspend"]


def history(seed, steps):
    """Yield 30 random steps with their arguments."""
    chance = random.Random(seed)
    people = range(len(CAST))
    followed = range(2) if steps in (FAME, BATCHES) else people
    for _ in range(30):
        action = chance.choice(steps)
        match action:
            case "post":
                yield action, chance.choice(followed), 0
            case (
                "delete"
                | "delete_meanwhile"
                | "reply"
                | "like"
                | "unlike"
                | "repost"
                | "undo_repost"
                | "edit"
            ):
                yield action, chance.choice(people), chance.randrange(6)
            case "leave" | "suspend" | "unsuspend":
                yield action, chance.choice(people), 0
            case (
                "follow"
                | "unfollow"
                | "unfollow_meanwhile"
                | "mention"
                | "block"
                | "unblock"
                | "mute"
            ):
                yield action, chance.choice(people), chance.choice(followed)
            case "relay" | "batch":
                yield action, chance.randrange(10), chance.randrange(3)
            case "lost":
                yield action, chance.randrange(3), 0
            case "crash":
                yield action, chance.choice(faults.POINTS), chance.randrange(4)
            case "limit":
                yield action, chance.choice([0, 10_000]), 0


def live(seed, steps=STEPS):
    """Run one history to its end. Raise AssertionError or IntegrityError if something is not as the
    model says."""
    random.seed(seed)
    world = World()
    try:
        world.late(steps is not TALK or seed % 2, None)
        for action, *arguments in history(seed, steps):
            world.perform(action, *arguments)
        world.drain()
        assert_as_modelled(world)
    finally:
        world.clear()


def insert_everywhere(deliveries):
    """Deliver to all followers of the deliveries, whether they follow or not."""
    home_timelines.insert_entries(
        [
            (owner, delivery.author_id, *place)
            for delivery in deliveries
            for owner in delivery.follower_ids
            for place in delivery.places
        ]
    )


def no_follow_check(monkeypatch):
    """Fan-out delivers to everybody in the mirror, whether they still follow or not."""
    monkeypatch.setattr(fanout, "deliver_on_shard", insert_everywhere)


def follows_checked_before_the_transaction(monkeypatch):
    """Whether they follow is read when the fan-out is planned, and not where it is written."""
    real = fanout.by_shard

    def by_shard(deliveries):
        parts = real(deliveries)
        for of_shard in parts.values():
            for number, delivery in enumerate(of_shard):
                follows = Follow.objects.filter(followee_id=delivery.author_id)
                standing = follows.filter(follower_id__in=delivery.follower_ids)
                ids = list(standing.values_list("follower_id", flat=True))
                of_shard[number] = delivery._replace(follower_ids=ids)
        return parts

    monkeypatch.setattr(fanout, "by_shard", by_shard)
    monkeypatch.setattr(fanout, "deliver_on_shard", insert_everywhere)


def batch_deleted_before_its_effect(monkeypatch):
    """The events of a batch are deleted before it is delivered."""
    real = batches.deliver

    def deliver(events):
        for event in events:
            Outbox.objects.filter(pk=event.pk).delete()
        return real(events)

    monkeypatch.setattr(batches, "deliver", deliver)


def batch_forgets_lost_shards(monkeypatch):
    """The events of a batch are finished even if a shard was down."""
    monkeypatch.setattr(batches, "missed_shards", lambda parts, down: {})


def batch_without_second_look(monkeypatch):
    """Messages that are deleted while they are delivered keep the entries that come late."""
    monkeypatch.setattr(fanout, "delete_entries_of_deleted", lambda parts, aliases: None)


def no_dedupe(monkeypatch):
    """Fan-out does not ignore entries that exist already."""

    def insert_entries(rows):
        names = ("owner_id", "author_id", "message_id", "original_id", "original_author_id")
        HomeEntry.objects.bulk_create(
            HomeEntry(**dict(zip(names, row, strict=True))) for row in rows
        )

    monkeypatch.setattr(home_timelines, "insert_entries", insert_entries)


def cursor_before_the_effect(monkeypatch):
    """The cursor moves before its chunk is delivered: a relay that dies in between loses it."""
    real = fanout.deliver

    def deliver(*, author_id, places, follower_ids):
        message_ids = [place.message_id for place in places]
        for event in Outbox.objects.filter(account_id=author_id, kind="message_posted"):
            if event.payload["message_id"] in message_ids:
                Outbox.objects.filter(pk=event.pk).update(cursor=max(follower_ids))
        faults.point("fanout.after_a_shard")
        real(author_id=author_id, places=places, follower_ids=follower_ids)

    monkeypatch.setattr(fanout, "deliver", deliver)


def event_deleted_before_its_effect(monkeypatch):
    """Events are deleted before they are handled: at most once instead of at least once."""
    real = worker.handle

    def handle(event):
        Outbox.objects.filter(pk=event.pk).delete()
        faults.point("worker.before_delete")
        while not real(event):
            pass
        return True

    monkeypatch.setattr(worker, "handle", handle)


def reconcile_by_what_the_event_says(monkeypatch):
    """Every follow_changed adds a follower, as an event called "followed" would."""
    real = followers.write_mirror

    def write_mirror(follower_id, followee_id, follow):
        real(follower_id, followee_id, follow or Follow(pk=1, created_at=timezone.now()))

    monkeypatch.setattr(followers, "write_mirror", write_mirror)


def counts_without_looking(monkeypatch):
    """The count changes with each event instead of with each row."""
    real = followers.write_mirror

    def write_mirror(follower_id, followee_id, follow):
        real(follower_id, followee_id, follow)
        there = Follower.objects.filter(followee_id=followee_id).count() + (follow is not None)
        Account.objects.filter(pk=followee_id).update(follower_count=there)

    monkeypatch.setattr(followers, "write_mirror", write_mirror)


def no_catch_up(monkeypatch):
    """Messages posted between the back-fill and the mirror are not delivered."""
    monkeypatch.setattr(follow_handlers, "catch_up", lambda follow: None)


def deleted_messages_are_fanned_out(monkeypatch):
    """A fan-out does not check whether its message is deleted, before or after."""

    def message_posted(event):
        ids = fanout.followers_after(event.account_id, 0, 100)
        for owner in ids:
            HomeEntry.objects.bulk_create(
                [
                    HomeEntry(
                        owner_id=owner,
                        message_id=event.payload["message_id"],
                        author_id=event.account_id,
                    )
                ],
                ignore_conflicts=True,
            )
        return True

    monkeypatch.setitem(handlers.HANDLERS, "message_posted", message_posted)
    monkeypatch.setattr(batches, "is_for_batch", lambda event: False)


def floor_left_behind_by_the_trim(monkeypatch):
    """Entries are trimmed, and the floor does not rise."""
    monkeypatch.setattr(home_timelines, "raise_floor", lambda owner_id, floor: None)


def own_history_alone(monkeypatch):
    """Below the floor, a home shows its owner's messages only."""
    real = timelines.HomeReader.read_history

    def history(self, **place):
        mine = set(Message.objects.filter(author=self.account).values_list("pk", flat=True))
        return [pk for pk in real(self, **place) if pk in mine]

    monkeypatch.setattr(timelines.HomeReader, "read_history", history)


def unfollowing_keeps_the_entries(monkeypatch):
    """The follow is deleted, and its entries stay."""
    monkeypatch.setattr(home_timelines, "delete_entries_of", lambda **whose: None)


def no_entries_after_celebrity(monkeypatch):
    """Followers of an author who is ordinary again get no entries of earlier messages."""
    monkeypatch.setattr(celebrities, "backfill", lambda *entries: None)


def nobody_pulls(monkeypatch):
    """Homes show entries alone, and pull no messages."""
    monkeypatch.setattr(
        timelines, "celebrity_ids_of", lambda owner: Value(None, output_field=CharField())
    )


def new_followers_miss_the_change(monkeypatch):
    """Who follows while the author becomes a celebrity, or ordinary, keeps the earlier version."""
    monkeypatch.setattr(celebrities, "current_version", lambda author_id: 0)


def each_repost_is_shown(monkeypatch):
    """A home shows a message as often as somebody has reposted it."""
    monkeypatch.setattr(timelines, "is_shown", lambda: Q())


def interactions_by_what_the_event_says(monkeypatch):
    """Each interaction_changed adds one, as an event called "liked" would."""
    monkeypatch.setattr(interactions.Fact, "state", lambda fact: interactions.FactState.EXISTS)


def interactions_are_taken_as_settled(monkeypatch):
    """An interaction_changed is finished without a look at the mirror."""
    monkeypatch.setattr(settled, "settled", list)


def likes_counted_by_event(monkeypatch):
    """The count changes with each event, also with one that is handled again."""
    real = interactions.create_mirror

    def create_mirror(fact):
        real(fact)
        interactions.change_count(fact, 1)

    monkeypatch.setattr(interactions, "create_mirror", create_mirror)


def notifications_stay(monkeypatch):
    """No notification is deleted."""
    monkeypatch.setattr(notifications, "delete", lambda **notification: None)


def likes_of_the_deleted_stay(monkeypatch):
    """The likes and reposts of a deleted message are not deleted."""
    monkeypatch.setattr(deletions, "delete_likes_and_reposts", lambda alias, **whose: False)


def no_tombstones(monkeypatch):
    """A deleted message with replies leaves nothing."""
    monkeypatch.setattr(messages, "leave_tombstone", lambda message: None)


def suspended_members_hide_later_reposts(monkeypatch):
    """A home shows a message at the first of its reposts, even if a suspended member made it."""
    real = timelines.Exists

    def exists(rows):
        # The condition on `followee_is_suspended` is never met.
        return real(rows.none() if "followee_is_suspended" in str(rows.query.where) else rows)

    monkeypatch.setattr(timelines, "Exists", exists)


def follows_miss_suspensions(monkeypatch):
    """The follows of a suspended account do not change."""
    monkeypatch.setattr(follows, "reconcile_suspension", lambda **which: None)


def blocks_without_mirrors(monkeypatch):
    """The blocked account's shard does not know of the block."""
    monkeypatch.setattr(blocks, "write_mirror", lambda *pair: None)


def entries_of_the_deleted_stay(monkeypatch):
    """The entries of a deleted message are not deleted."""
    monkeypatch.setattr(home_timelines, "delete_entries_of_message", lambda **which: False)


PLANTED = [
    no_follow_check,
    no_dedupe,
    cursor_before_the_effect,
    event_deleted_before_its_effect,
    reconcile_by_what_the_event_says,
    counts_without_looking,
    no_catch_up,
    deleted_messages_are_fanned_out,
    entries_of_the_deleted_stay,
    floor_left_behind_by_the_trim,
    own_history_alone,
    unfollowing_keeps_the_entries,
]
PLANTED_IN_BATCHES = [
    follows_checked_before_the_transaction,
    batch_deleted_before_its_effect,
    batch_forgets_lost_shards,
    batch_without_second_look,
]
PLANTED_IN_TALK = [
    each_repost_is_shown,
    interactions_by_what_the_event_says,
    interactions_are_taken_as_settled,
    likes_counted_by_event,
    notifications_stay,
    likes_of_the_deleted_stay,
    no_tombstones,
    blocks_without_mirrors,
]
PLANTED_IN_SUSPENSION = [
    suspended_members_hide_later_reposts,
    follows_miss_suspensions,
]
PLANTED_IN_CELEBRITIES = [
    no_entries_after_celebrity,
    nobody_pulls,
    new_followers_miss_the_change,
]
# The history that fails first, where that is none of the first five; it is tried before the others.
FAILS = {
    "no_follow_check": 31,
    "cursor_before_the_effect": 27,
    "reconcile_by_what_the_event_says": 11,
    "deleted_messages_are_fanned_out": 33,
    "unfollowing_keeps_the_entries": 18,
    "batch_without_second_look": 14,
    "no_entries_after_celebrity": 8,
    "nobody_pulls": 6,
    "new_followers_miss_the_change": 9,
    "no_tombstones": 18,
    "suspended_members_hide_later_reposts": 15,
}


@pytest.mark.parametrize(
    "plant",
    [
        *PLANTED,
        *PLANTED_IN_BATCHES,
        *PLANTED_IN_CELEBRITIES,
        *PLANTED_IN_TALK,
        *PLANTED_IN_SUSPENSION,
    ],
    ids=lambda plant: plant.__name__,
)
def test_it_finds_the_fault(plant, monkeypatch, settings):
    settings.TIMELINES = TINY | {"RELAY_MAX_ATTEMPTS": 2}
    steps = STEPS
    if plant in PLANTED_IN_CELEBRITIES:
        steps, settings.TIMELINES = FAME, {"FANOUT_CHUNK": 1}
    elif plant in PLANTED_IN_BATCHES:
        # Following again delivers no more than the newest message.
        steps, settings.TIMELINES = BATCHES, {"BACKFILL_MESSAGES": 1}
    elif plant in PLANTED_IN_TALK:
        steps, settings.TIMELINES = TALK, {"RELAY_MAX_ATTEMPTS": 2}
    elif plant in PLANTED_IN_SUSPENSION:
        steps, settings.TIMELINES = SUSPENSION, {}
    plant(monkeypatch)
    for seed in (FAILS.get(plant.__name__, 0), *range(HISTORIES)):
        try:
            live(seed, steps)
        except (AssertionError, IntegrityError):
            return
    pytest.fail(f"{plant.__doc__} None of {HISTORIES} histories failed.")


@pytest.mark.parametrize(
    "steps",
    [STEPS, BATCHES, FAME, TALK, SUSPENSION],
    ids=["", "batches", "fame", "talk", "suspension"],
)
def test_it_finds_nothing_without_a_fault(steps, settings):
    settings.TIMELINES = dict(TINY)
    for seed in range(6):
        live(seed, steps)
