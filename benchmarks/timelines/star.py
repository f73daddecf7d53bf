"""A post to many followers: how long its author waits, and how long other deliveries take."""

import os
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import django
import requests

from benchmarks import measuring
from benchmarks.timelines import run
from tests.stack import Stack, new_member

POST_LIMIT = 1.2
DELIVERY_SECONDS = 5.0


def measure(followers: int, posts: int) -> list[measuring.Row]:
    """Compare the author's request with another member's, and deliveries with DELIVERY_SECONDS."""
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(
            Path(folder),
            FANOUT_MAX_FOLLOWERS=str(10 * followers),
            THROTTLE_POST="",
            LOG_LEVEL="WARNING",
        )
        stack.start()
        try:
            star = _star(stack, followers)
            return _measure(stack, star, followers, posts)
        finally:
            stack.stop()


def _star(stack: Stack, followers: int) -> requests.Session:
    """Write the author and the followers into the databases. Return the author's session."""
    os.environ.update(stack.environment, DJANGO_SETTINGS_MODULE="twitsite.settings.api")
    django.setup()
    from timeline_api.population.loading import write
    from timeline_api.population.population import Population
    from timeline_api.services import tokens

    crowd = Population(datetime.now(UTC))
    crowd.add_account("star", "!", 100)
    for number in range(followers):
        crowd.add_account(f"fan{number}", "!", 50)
        crowd.add_follow(f"fan{number}", "star", 1)
    write(crowd, lambda rows: None)
    _, token = tokens.issue(account=crowd.accounts["star"])
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {token}"
    return session


def _measure(
    stack: Stack, star: requests.Session, followers: int, posts: int
) -> list[measuring.Row]:
    from timeline_api.models import Outbox

    writer, reader = new_member(stack.api, "writer"), new_member(stack.api, "reader")
    followed = reader.put(f"{stack.api}/accounts/writer/follow/", timeout=20)
    assert followed.ok, followed.text
    for member in (star, writer):  # a connection, and the token's first use
        assert member.get(f"{stack.api}/timelines/home/", timeout=20).ok
    pairs, deliveries = [], []
    for _ in range(posts):
        theirs = _post(stack, star)[1]
        message, mine = _post(stack, writer)
        pairs.append((theirs, mine))
        deliveries.append(_until_delivered(stack, reader, message))
    while Outbox.objects.scatter().exists():
        message, _ = _post(stack, writer)
        deliveries.append(_until_delivered(stack, reader, message))
    late = max(deliveries) if len(deliveries) < 100 else statistics.quantiles(deliveries, n=100)[98]
    return [
        measuring.timed(
            f"a post to {followers:,} followers: the author's request",
            "another member's",
            pairs,
            limit=POST_LIMIT,
            shown=measuring.shown,
        ),
        measuring.timed(
            f"meanwhile another's post is delivered: p99 of {len(deliveries)}, "
            f"p50 {measuring.shown(statistics.median(deliveries))}",
            "the limit",
            [(late, DELIVERY_SECONDS)],
            limit=1,
            shown=measuring.shown,
        ),
    ]


def _post(stack: Stack, member: requests.Session) -> tuple[str, float]:
    """Post a message. Return its id and the seconds that it took."""
    began = time.perf_counter()
    answer = member.post(f"{stack.api}/messages/", json={"text": "hello"}, timeout=20)
    took = time.perf_counter() - began
    assert answer.status_code == 201, answer.text
    return answer.json()["id"], took


def _until_delivered(stack: Stack, reader: requests.Session, message: str) -> float:
    """Return the seconds until the message is in the reader's home."""
    began = time.perf_counter()
    while True:
        home = reader.get(f"{stack.api}/timelines/home/?page_size=3", timeout=20).json()
        if message in [row["id"] for row in home["results"]]:
            return time.perf_counter() - began
        assert time.perf_counter() - began < 60, "never delivered"
        time.sleep(0.01)


if __name__ == "__main__":
    run(measure)
