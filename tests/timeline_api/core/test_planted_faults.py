"""The proof proves something: each of these faults, planted on purpose, makes histories fail."""

import random
from types import SimpleNamespace

import pytest
from django.db import IntegrityError
from django.db.models import CharField, Q, Value
from django.utils import timezone

from shardrouter import atomic_for
from tests.timeline_api.core.world import CAST, World
from timeline_api import faults
from timeline_api.models import Account, Follow, Follower, HomeEntry, Message, Outbox
from timeline_api.relay import celebrities, fanout, handlers, worker
from timeline_api.selectors import timelines
from timeline_api.services import (
    blocks,
    followers,
    follows,
    homes,
    interactions,
    messages,
    notifications,
)

HISTORIES = 200
TINY = {"HOME_CAP": 3, "HOME_TRIM_EVERY": 1, "BACKFILL_MESSAGES": 2, "FANOUT_CHUNK": 1}


STEPS = ["post"] * 4 + ["follow"] * 4 + ["relay"] * 2 + ["crash", "crash", "unfollow", "delete"]
# Two of the cast are famous, and become and stop being celebrities all the time.
FAME = ["post", "follow", "relay"] * 3 + ["limit", "limit", "crash", "unfollow"]
TALK = ["post", "reply", "like", "repost", "mention"] * 2 + [
    *["follow", "follow", "relay", "relay", "crash"],
    *["edit", "unlike", "undo_repost", "delete", "delete", "leave", "block", "mute", "unblock"],
]
# Reposters come and go.
SILENCE = ["post"] + ["repost", "follow"] * 3 + ["relay", "suspend", "suspend", "unsuspend"]


def history(seed, steps):
    """Some steps of everything, more of what the faults are about."""
    chance = random.Random(seed)
    people = range(len(CAST))
    read = range(2) if steps is FAME else people
    for _ in range(30):
        action = chance.choice(steps)
        match action:
            case "post":
                yield action, chance.choice(read), 0
            case "delete" | "reply" | "like" | "unlike" | "repost" | "undo_repost" | "edit":
                yield action, chance.choice(people), chance.randrange(6)
            case "leave" | "suspend" | "unsuspend":
                yield action, chance.choice(people), 0
            case "follow" | "unfollow" | "mention" | "block" | "unblock" | "mute":
                yield action, chance.choice(people), chance.choice(read)
            case "relay":
                yield action, chance.randrange(10), chance.randrange(3)
            case "crash":
                yield action, chance.choice(faults.POINTS), chance.randrange(4)
            case "limit":
                yield action, chance.choice([0, 10_000]), 0


def live(seed, steps=STEPS):
    """One history to its end; raises where the real thing is not what the model says."""
    random.seed(seed)
    world = World()
    try:
        world.late(steps is not TALK or seed % 2, None)
        for action, *arguments in history(seed, steps):
            world.live(action, *arguments)
        world.drain()
        world.check()
    finally:
        world.clear()


def no_follow_check(monkeypatch):
    """Fan-out to everybody in the mirror, whether they still follow or not."""

    def deliver(author_id, places, follower_ids):
        with atomic_for(follower_ids[0]):
            homes.write([(owner, author_id, *place) for owner in follower_ids for place in places])

    monkeypatch.setattr(fanout, "_deliver_on_shard", deliver)


def no_dedupe(monkeypatch):
    """A fan-out that expects to be the first."""
    monkeypatch.setattr(homes, "UNIQUE", ["id"])


def cursor_before_the_effect(monkeypatch):
    """The cursor moves, and then the chunk is served: a relay that dies between loses it."""
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
    """At most once instead of at least once."""
    real = worker.handle

    def handle(event):
        Outbox.objects.filter(pk=event.pk).delete()
        faults.point("worker.before_delete")
        while not real(event):
            pass
        return True

    monkeypatch.setattr(worker, "handle", handle)


def sync_by_what_the_event_said(monkeypatch):
    """Every follow_changed adds a follower, as an event called "followed" would."""
    real = followers._set_mirror

    def set_mirror(follower_id, followee_id, follow):
        real(follower_id, followee_id, follow or Follow(pk=1, created_at=timezone.now()))

    monkeypatch.setattr(followers, "_set_mirror", set_mirror)


def counts_without_looking(monkeypatch):
    """The count changes with each event, and not with each row."""
    real = followers._set_mirror

    def set_mirror(follower_id, followee_id, follow):
        real(follower_id, followee_id, follow)
        there = Follower.objects.filter(followee_id=followee_id).count() + (follow is not None)
        Account.objects.filter(pk=followee_id).update(follower_count=there)

    monkeypatch.setattr(followers, "_set_mirror", set_mirror)


def no_catch_up(monkeypatch):
    """What is posted between the back-fill and the mirror is nobody's business."""
    monkeypatch.setattr(handlers, "_catch_up", lambda follow: None)


def deleted_messages_are_fanned_out(monkeypatch):
    """A fan-out that does not look whether its message stands, before or after."""

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


def floor_left_behind_by_the_trim(monkeypatch):
    """Entries are cut off, and nobody says from where on they are complete."""
    monkeypatch.setattr(homes, "_raise_floor", lambda owner_id, floor: None)


def history_of_ones_own_alone(monkeypatch):
    """Below the floor, one's own messages only."""
    real = timelines._Home._history

    def history(self, **place):
        mine = set(Message.objects.filter(author=self.account).values_list("pk", flat=True))
        return [pk for pk in real(self, **place) if pk in mine]

    monkeypatch.setattr(timelines._Home, "_history", history)


def unfollowing_keeps_the_entries(monkeypatch):
    """The follow goes, and what it brought stays."""

    class Kept:
        def __init__(self, manager):
            self.manager = manager

        def filter(self, **conditions):
            if set(conditions) == {"owner_id", "author_id"}:
                return self.manager.none()
            return self.manager.filter(**conditions)

    class Entries:
        objects = Kept(HomeEntry.objects)

    monkeypatch.setattr(follows, "HomeEntry", Entries)


def no_entries_after_celebrity(monkeypatch):
    """Who does not pull any more gets what comes, and not what was there."""
    monkeypatch.setattr(celebrities, "homes", SimpleNamespace(enter=lambda **entries: None))


def nobody_pulls(monkeypatch):
    """Homes are made of entries alone."""
    monkeypatch.setattr(
        timelines, "_celebrities", lambda account: Value(None, output_field=CharField())
    )


def late_followers_do_not_hear(monkeypatch):
    """Who followed while the author became a celebrity goes on as if nothing had happened."""
    monkeypatch.setattr(celebrities, "version_of", lambda author_id: 0)


def each_repost_is_shown(monkeypatch):
    """A home shows a message as often as somebody has reposted it."""
    monkeypatch.setattr(timelines, "_shown", lambda: Q())


def interactions_by_what_the_event_said(monkeypatch):
    """Each interaction_changed adds one, as an event called "liked" would."""
    monkeypatch.setattr(interactions.Fact, "standing", lambda fact: interactions.Standing.THERE)


def likes_counted_by_event(monkeypatch):
    """The count changes with each event, whether it is the first of its kind or comes again."""
    real = interactions._add

    def add(fact):
        real(fact)
        interactions._count(fact, 1)

    monkeypatch.setattr(interactions, "_add", add)


def notifications_stay(monkeypatch):
    """What was told once stays told."""
    monkeypatch.setattr(notifications, "withdraw", lambda **notification: None)


def likes_of_the_deleted_stay(monkeypatch):
    """Nobody takes the likes and reposts of a deleted message away."""
    monkeypatch.setattr(handlers, "_drop_interest", lambda *chunk: False)


def no_gaps(monkeypatch):
    """A deleted message leaves its replies to nothing."""
    monkeypatch.setattr(messages, "_leave_gap", lambda message: None)


def the_suspended_hide_what_others_repost(monkeypatch):
    """A home shows a message at the first of its reposts, whoever made that."""
    real = timelines.Exists

    def exists(rows):
        # The one condition that looks at `silenced`; it is never met.
        return real(rows.none() if "silenced" in str(rows.query.where) else rows)

    monkeypatch.setattr(timelines, "Exists", exists)


def follows_do_not_hear_of_suspensions(monkeypatch):
    """Whether somebody is suspended, only their own shard knows."""
    monkeypatch.setattr(follows, "tell_suspension", lambda **which: None)


def blocks_known_to_one_alone(monkeypatch):
    """Who is blocked goes on as if nothing had happened."""
    monkeypatch.setattr(blocks, "_set_mirror", lambda *pair: None)


PLANTED = [
    no_follow_check,
    no_dedupe,
    cursor_before_the_effect,
    event_deleted_before_its_effect,
    sync_by_what_the_event_said,
    counts_without_looking,
    no_catch_up,
    deleted_messages_are_fanned_out,
    floor_left_behind_by_the_trim,
    history_of_ones_own_alone,
    unfollowing_keeps_the_entries,
]
PLANTED_IN_TALK = [
    each_repost_is_shown,
    interactions_by_what_the_event_said,
    likes_counted_by_event,
    notifications_stay,
    likes_of_the_deleted_stay,
    no_gaps,
    blocks_known_to_one_alone,
]
PLANTED_IN_SILENCE = [
    the_suspended_hide_what_others_repost,
    follows_do_not_hear_of_suspensions,
]
PLANTED_IN_CELEBRITIES = [
    no_entries_after_celebrity,
    nobody_pulls,
    late_followers_do_not_hear,
]
# The history that noticed first, where that was none of the first five: tried before the others.
NOTICED = {
    "no_follow_check": 33,
    "cursor_before_the_effect": 14,
    "event_deleted_before_its_effect": 7,
    "sync_by_what_the_event_said": 11,
    "deleted_messages_are_fanned_out": 33,
    "unfollowing_keeps_the_entries": 18,
    "no_entries_after_celebrity": 15,
    "nobody_pulls": 6,
    "no_gaps": 18,
}


@pytest.mark.django_db(databases="__all__")
@pytest.mark.parametrize(
    "plant",
    [*PLANTED, *PLANTED_IN_CELEBRITIES, *PLANTED_IN_TALK, *PLANTED_IN_SILENCE],
    ids=lambda plant: plant.__name__,
)
def test_it_is_found(plant, monkeypatch, settings):
    settings.TIMELINES = TINY | {"RELAY_MAX_ATTEMPTS": 2}
    steps = STEPS
    if plant in PLANTED_IN_CELEBRITIES:
        steps, settings.TIMELINES = FAME, {"FANOUT_CHUNK": 1}
    elif plant in PLANTED_IN_TALK:
        steps, settings.TIMELINES = TALK, {"RELAY_MAX_ATTEMPTS": 2}
    elif plant in PLANTED_IN_SILENCE:
        steps, settings.TIMELINES = SILENCE, {}
    plant(monkeypatch)
    for seed in (NOTICED.get(plant.__name__, 0), *range(HISTORIES)):
        try:
            live(seed, steps)
        except (AssertionError, IntegrityError):
            return
    pytest.fail(f"{plant.__doc__} {HISTORIES} histories did not notice.")


@pytest.mark.django_db(databases="__all__")
@pytest.mark.parametrize("steps", [STEPS, FAME, TALK, SILENCE], ids=["", "fame", "talk", "silence"])
def test_without_a_fault_nothing_is_found(steps, settings):
    settings.TIMELINES = dict(TINY)
    for seed in range(6):
        live(seed, steps)
