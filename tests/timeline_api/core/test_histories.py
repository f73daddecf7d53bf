"""Random histories of posts, deletes, follows and unfollows, with the relay run, stopped half-way,
run twice, out of order, and killed at its fault points: in the end every timeline, mirror and count
is what a plain model says.

`HISTORIES` sets how many are made (default 120 of each kind; more for a longer run).
"""

import os
import random

import hypothesis
import pytest
from django.conf import settings
from django.test import override_settings
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from shardrouter import shard_for
from timeline_api import faults
from timeline_api.models import Account, Follow, Follower, HomeEntry, Message, Outbox
from timeline_api.relay import handlers
from timeline_api.relay.worker import Worker
from timeline_api.selectors import timelines
from timeline_api.services import accounts, follows, messages, repairs

HISTORIES = int(os.environ.get("HISTORIES", "120"))
CAST = ["alice", "bob", "charlie", "dana", "erin"]

TINY = {"HOME_CAP": 2, "HOME_TRIM_EVERY": 1, "BACKFILL_MESSAGES": 1, "FANOUT_CHUNK": 1}

people = st.integers(0, len(CAST) - 1)
steps = st.one_of(
    st.tuples(st.just("post"), people, st.just(0)),
    st.tuples(st.just("delete"), people, st.integers(0, 5)),
    st.tuples(st.just("follow"), people, people),
    st.tuples(st.just("follow"), people, people),
    st.tuples(st.just("unfollow"), people, people),
    st.tuples(st.just("relay"), st.integers(0, 9), st.integers(0, 2)),
    st.tuples(st.just("crash"), st.sampled_from(faults.POINTS), st.integers(0, 3)),
    st.tuples(st.just("leave"), people, st.just(0)),
    st.tuples(st.just("limit"), st.sampled_from([0, 1, 10_000]), st.just(0)),
)


class Crash(BaseException):
    """What kills a relay: nothing of its own may catch it."""


class World:
    """The real thing and a plain model of it, side by side."""

    def __init__(self):
        self.accounts = {}
        self.posted = {}
        self.following = set()
        self.events_seen = []
        for number in range(len(CAST)):
            self.register(number)

    def register(self, number):
        self.accounts[number] = accounts.register(
            username=f"{CAST[number]}{random.randrange(10**9)}",
            email="a@example.org",
            password="x",
        )

    def post(self, number, _):
        message = messages.post(author=self.accounts[number], text="hello")
        self.posted[message.pk] = number
        # One reads one's own writes, whatever the relay has done.
        assert message.pk in self.home(number)

    def delete(self, number, choice):
        mine = sorted(pk for pk, author in self.posted.items() if author == number)
        if mine:
            pk = mine[choice % len(mine)]
            messages.delete(message=Message.objects.get(pk=pk))
            del self.posted[pk]
            assert pk not in self.home(number)

    def follow(self, number, other):
        if number != other:
            follows.follow(follower=self.accounts[number], followee=self.accounts[other])
            theirs = {pk for pk, author in self.posted.items() if author == other}
            if (number, other) not in self.following:
                # Whom one follows now, one reads from now on, also what was there before.
                assert theirs <= set(self.home(number))
            self.following.add((number, other))

    def unfollow(self, number, other):
        if number != other:
            follows.unfollow(follower=self.accounts[number], followee=self.accounts[other])
            self.following.discard((number, other))
            assert not {self.posted[pk] for pk in self.home(number)} & {other}

    def leave(self, number, _):
        accounts.remove(account=self.accounts[number])
        self.posted = {pk: author for pk, author in self.posted.items() if author != number}
        self.following = {pair for pair in self.following if number not in pair}
        self.register(number)

    def relay(self, stop_after, how):
        """Deliver some events: in order, backwards, or twice and left in the outbox."""
        events = list(Outbox.objects.scatter().order_by("id" if how == 0 else "-id")[:stop_after])
        for event in events:
            done = handlers.handle(event)
            self.events_seen.append(event)
            if done and how != 2:
                Outbox.objects.filter(pk=event.pk).delete()

    def crash(self, point, after, rounds=1):
        """Run a relay that dies when it has passed `point` more than `after` times; whether it
        did within `rounds`."""
        passed = 0

        def die(name):
            nonlocal passed
            passed += name == point
            if passed > after:
                raise Crash

        faults.install(die)
        try:
            for _ in range(rounds):
                Worker().run_once(early=True)
        except Crash:
            return True
        finally:
            faults.install(None)
        return False

    def limit(self, followers, _):
        """From now on whoever has more followers is a celebrity."""
        settings.TIMELINES["FANOUT_MAX_FOLLOWERS"] = followers

    def drain(self):
        for event in reversed(self.events_seen):
            # Every event once more, late and out of order: it must not bring anything back.
            event.cursor = 0
            while not handlers.handle(event):
                pass
        assert Worker().drain() == 0

    def home(self, number):
        page = timelines.home_page(self.accounts[number], limit=1000)
        return [message.pk for message in page]

    def check(self):
        for number, account in self.accounts.items():
            account = Account.objects.get(pk=account.pk)
            followees = {other for follower, other in self.following if follower == number}
            expected = sorted(
                (pk for pk, author in self.posted.items() if author in followees | {number}),
                reverse=True,
            )
            assert self.home(number) == expected
            pulled = self.check_celebrities(account)
            entries = account.home_entries.filter(message_id__gte=account.home_floor)
            entries = entries.exclude(author_id__in=pulled)
            assert sorted(entries.values_list("message_id", flat=True), reverse=True) == [
                pk
                for pk in expected
                if pk >= account.home_floor and self.accounts[self.posted[pk]].pk not in pulled
            ]
            self.page_through(number, expected)
            assert not repairs.home_difference(account)
            assert repairs.count_differences(account) == {}
            assert account.following_count == len(followees)
            fans = {follower for follower, other in self.following if other == number}
            assert account.follower_count == len(fans)
            assert set(account.followers.values_list("follower_id", flat=True)) == {
                self.accounts[fan].pk for fan in fans
            }
            mine = [pk for pk, author in self.posted.items() if author == number]
            assert account.message_count == len(mine)
        assert [message.pk for message in timelines.public_page(limit=1000)] == sorted(
            self.posted, reverse=True
        )
        assert Follow.objects.scatter().count() == len(self.following)
        assert Follower.objects.scatter().count() == len(self.following)

    def check_celebrities(self, account):
        """Follows know what the followees are; gives the celebrities, who need no entries."""
        follows = list(account.follows.all())
        followees = Account.objects.in_bulk([follow.followee_id for follow in follows])
        for follow in follows:
            followee = followees[follow.followee_id]
            assert follow.pull_version == followee.pull_version == followee.pull_version_told
            assert follow.pulled == followee.pulled
        return [follow.followee_id for follow in follows if follow.pulled]

    def page_through(self, number, expected):
        """Down to the end and back, in pages of three: no seam, nothing twice."""
        account, down, place = self.accounts[number], [], None
        while page := timelines.home_page(account, before_id=place, limit=3):
            down += [message.pk for message in page]
            place = page[-1].pk
        assert down == expected
        up, place = [], 0
        while page := timelines.home_page(account, after_id=place, limit=3):
            up = [message.pk for message in page] + up
            place = page[0].pk
        assert up == expected

    def clear(self):
        for model in (Outbox, HomeEntry, Follow, Follower, Message, Account):
            model.objects.scatter(writes=True).delete()


@pytest.mark.django_db(databases="__all__")
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
                    getattr(world, action)(*arguments)
                world.drain()
                world.check()
            finally:
                world.clear()

    live()


@pytest.mark.django_db(databases="__all__")
@pytest.mark.parametrize("point", faults.POINTS)
@pytest.mark.parametrize("after", [0, 1])
def test_a_relay_that_dies_anywhere_loses_nothing(point, after, settings):
    settings.TIMELINES = {"HOME_CAP": 2, "HOME_TRIM_EVERY": 1, "FANOUT_CHUNK": 2}
    if point.startswith("pulls_changed"):
        settings.TIMELINES["FANOUT_MAX_FOLLOWERS"] = 0
    world = World()
    pairs = [(a, b) for a in range(len(CAST)) for b in range(len(CAST)) if a != b]
    for a, b in pairs[::2]:
        world.follow(a, b)
    Worker().drain()
    for number in range(len(CAST)):
        world.post(number, None)
    for a, b in pairs[1::2]:
        world.follow(a, b)
    world.delete(0, 0)
    world.leave(1, None)
    assert world.crash(point, after, rounds=20)
    world.crash(point, after)
    assert Worker().drain() == 0
    world.check()


@pytest.mark.django_db(databases="__all__")
def test_the_cast_can_live_on_every_shard():
    world = World()
    for number in range(40):
        world.register(number % len(CAST))
    shards = {shard_for(account) for account in Account.objects.scatter()}
    assert shards == {"shard0", "shard1", "shard2"}
