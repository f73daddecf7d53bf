"""Random histories of posts, replies, mentions, likes, reposts, edits, deletes and follows, with
the relay run, stopped half-way, repeated, reordered, and killed at its fault points. In the end
every timeline, mirror, count and notification is as a plain model says.

`HISTORIES` sets how many are made of each kind (default 100).
"""

import os

import hypothesis
import pytest
from django.test import override_settings
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from shardrouter import shard_for
from timeline_api.models import Account
from timeline_api.ops import faults
from timeline_api.relay.worker import Worker

from .world import CAST, World, assert_as_modelled

HISTORIES = int(os.environ.get("HISTORIES", "100"))
TINY = {"HOME_CAP": 2, "HOME_TRIM_EVERY": 1, "BACKFILL_MESSAGES": 1, "FANOUT_CHUNK": 1}

pytestmark = [pytest.mark.long, pytest.mark.django_db(databases="__all__")]

people = st.integers(0, len(CAST) - 1)
choices = st.integers(0, 5)
steps = st.one_of(
    st.tuples(st.just("post"), people, st.just(0)),
    st.tuples(st.just("mention"), people, people),
    st.tuples(st.just("reply"), people, choices),
    st.tuples(st.just("edit"), people, choices),
    st.tuples(st.just("delete"), people, choices),
    st.tuples(st.just("like"), people, choices),
    st.tuples(st.just("unlike"), people, choices),
    st.tuples(st.just("repost"), people, choices),
    st.tuples(st.just("repost"), people, choices),
    st.tuples(st.just("undo_repost"), people, choices),
    st.tuples(st.sampled_from(["block", "unblock", "mute", "unmute"]), people, people),
    st.tuples(st.just("follow"), people, people),
    st.tuples(st.just("follow"), people, people),
    st.tuples(st.just("unfollow"), people, people),
    st.tuples(st.just("relay"), st.integers(0, 9), st.integers(0, 2)),
    st.tuples(st.just("batch"), st.integers(0, 9), st.integers(0, 2)),
    st.tuples(st.just("limit_batch"), st.integers(0, 3), st.just(0)),
    st.tuples(st.just("lost"), st.integers(0, 2), st.just(0)),
    st.tuples(st.just("unfollow_meanwhile"), people, people),
    st.tuples(st.just("delete_meanwhile"), people, choices),
    st.tuples(st.just("crash"), st.sampled_from(faults.POINTS), st.integers(0, 3)),
    st.tuples(st.just("leave"), people, st.just(0)),
    st.tuples(st.sampled_from(["suspend", "unsuspend"]), people, st.just(0)),
    st.tuples(st.just("late"), st.integers(0, 1), st.just(0)),
    st.tuples(st.just("limit"), st.sampled_from([0, 1, 10_000]), st.just(0)),
)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "timeline_settings",
    [{}, TINY, TINY | {"FANOUT_MAX_FOLLOWERS": 1}],
    ids=["as set", "tiny homes and chunks", "celebrities"],
)
def test_it_ends_as_the_plain_model_says(timeline_settings):
    @hypothesis.settings(
        max_examples=HISTORIES,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(steps, min_size=3, max_size=40))
    def live(history):
        with override_settings(TIMELINES=dict(timeline_settings)):
            world = World()
            try:
                for action, *arguments in history:
                    world.perform(action, *arguments)
                world.drain()
                assert_as_modelled(world)
            finally:
                world.clear()

    live()


@pytest.mark.parametrize("point", faults.POINTS)
@pytest.mark.parametrize("after", [0, 1])
def test_it_loses_nothing_when_a_relay_dies(point, after, settings):
    settings.TIMELINES = {"HOME_CAP": 2, "HOME_TRIM_EVERY": 1, "FANOUT_CHUNK": 2}
    if point.startswith("celebrity_changed"):
        settings.TIMELINES["FANOUT_MAX_FOLLOWERS"] = 0
    world = World()
    world.late(True, None)
    pairs = [(a, b) for a in range(len(CAST)) for b in range(len(CAST)) if a != b]
    for a, b in pairs[::2]:
        world.follow(a, b)
    Worker().drain()
    for number in range(len(CAST)):
        world.post(number, None)
    for a, b in pairs[1::2]:
        world.follow(a, b)
    for number in range(len(CAST)):
        world.like(number, 2)
        world.repost(number, 3)
        world.reply(number, 4)
    world.block(2, 3)
    world.block(0, 4)
    world.delete(0, 0)
    world.suspend(4, None)
    world.leave(1, None)
    assert world.crash(point, after, rounds=20)
    world.crash(point, after)
    assert Worker().drain() == 0
    assert_as_modelled(world)


def test_it_puts_the_cast_on_every_shard():
    world = World()
    for number in range(40):
        world.register(number % len(CAST))
    shards = {shard_for(account) for account in Account.objects.scatter()}
    assert shards == {"shard0", "shard1", "shard2"}
