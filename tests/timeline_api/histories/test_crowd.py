"""Several members and two relays at once: afterwards every count, mirror, home and notification
agrees with the facts. `CROWDS` sets how often this is done (default 2).

There is no model, as in the histories: nobody knows in which order things happened.
"""

import os
import random
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from functools import partial

import pytest
from django.db import connections

from tests.timeline_api.crowd import EXPECTED, act
from timeline_api.models import (
    Account,
    Block,
    Blocker,
    Follow,
    Follower,
    HomeEntry,
    Interaction,
    Like,
    Message,
    Notification,
    Outbox,
    Tombstone,
)
from timeline_api.relay.worker import Worker
from timeline_api.services import accounts, repairs

CROWDS = int(os.environ.get("CROWDS", "2"))
ACTIONS = 40
pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


def pause(execute, sql, params, many, context):
    """Pause in the middle of some transactions, so that others come in between."""
    answer = execute(sql, params, many, context)
    if sql.lstrip()[:6] in ("INSERT", "DELETE", "UPDATE") and random.random() < 0.15:
        time.sleep(random.random() / 50)
    return answer


@pytest.mark.parametrize("seed", range(CROWDS))
def test_it_ends_consistently(on_shard, seed, settings):
    settings.TIMELINES = {"HOME_CAP": 8, "HOME_TRIM_EVERY": 4, "FANOUT_CHUNK": 2}
    people = [on_shard(f"member{number}x", f"shard{number % 3}") for number in range(5)]
    raised, over = [], threading.Event()

    def member(number):
        chance = random.Random(f"{seed} {number}")
        for _ in range(ACTIONS):
            with suppress(*EXPECTED):
                act(chance, people)

    def relay():
        while not over.is_set():
            Worker().run_once()

    def thread(work):
        def run():
            try:
                with ExitStack() as stack:
                    for alias in connections:
                        stack.enter_context(connections[alias].execute_wrapper(pause))
                    work()
            except Exception as error:
                raised.append(error)
            finally:
                connections.close_all()

        return threading.Thread(target=run)

    relays = [thread(relay) for _ in range(2)]
    crowd = [thread(partial(member, number)) for number in range(4)]
    for each in relays + crowd:
        each.start()
    for each in crowd:
        each.join()
    over.set()
    for each in relays:
        each.join()
    assert raised == []
    check(people)
    leaver = people.pop()
    accounts.delete(account=leaver)
    check(people)


def check(people):
    """Compare everything that is derived with the facts."""
    assert Worker().drain() == 0
    assert not Outbox.objects.scatter().exists()
    for account in people:
        assert repairs.count_differences(account) == {}
        assert not repairs.home_difference(account)
    follows_ = pairs(Follow, "follower_id", "followee_id")
    blocked = pairs(Block, "account_id", "blocked_id")
    assert pairs(Follower, "follower_id", "followee_id") == follows_
    assert pairs(Blocker, "blocker_id", "account_id") == blocked
    assert not follows_ & (blocked | {(other, one) for one, other in blocked})
    rows = {row.pk: row for row in Message.objects.scatter()}
    tombstones = set(Tombstone.objects.scatter().values_list("pk", flat=True))
    facts = {("like", pk, source) for pk, source in pairs(Like, "message_id", "pk")}
    facts |= {("repost", row.repost_of_id, row.pk) for row in rows.values() if row.repost_of_id}
    assert {pk for _, pk, _ in facts} <= rows.keys()
    replies = {(row.parent_id, row.pk) for row in rows.values() if row.parent_id}
    replies |= {
        (tombstone.parent_id, tombstone.pk)
        for tombstone in Tombstone.objects.scatter()
        if tombstone.parent_id
    }
    facts |= {("reply", *pair) for pair in replies if pair[0] in rows.keys() | tombstones}
    mirrors = set(Interaction.objects.scatter().values_list("kind", "message_id", "source_id"))
    assert mirrors == facts
    assert tombstones <= {pk for kind, pk, _ in mirrors if kind == "reply"}
    counts = Counter((kind, pk) for kind, pk, _ in mirrors)
    for pk, row in rows.items():
        said = (row.like_count, row.repost_count, row.reply_count)
        assert said == tuple(counts[kind, pk] for kind in ("like", "repost", "reply"))
    standing = {"follow": set(Follow.objects.scatter().values_list("pk", flat=True))}
    standing["mention"] = set(rows)
    for kind in ("like", "repost", "reply"):
        standing[kind] = {source for of, _, source in mirrors if of == kind}
    for row in Notification.objects.scatter():
        assert row.source_id in standing[row.kind], row
        assert (row.account_id, row.actor_id) not in blocked, row
        assert (row.actor_id, row.account_id) not in blocked, row
    pinned = Account.objects.scatter().exclude(pinned_id=None).values_list("pinned_id", flat=True)
    assert set(pinned) <= rows.keys()
    entered = set(HomeEntry.objects.scatter().values_list("message_id", flat=True))
    assert entered <= rows.keys()


def pairs(model, *names):
    return set(model.objects.scatter().values_list(*names))
