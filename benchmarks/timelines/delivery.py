"""What a post costs a processor: in the service, and in the relay that delivers it to followers."""

import time
import uuid
from collections.abc import Callable

from benchmarks import measuring
from benchmarks.timelines import run, service

# Seconds of CPU: of posting, and of delivering to FOLLOWERS.
POST_LIMIT = 0.003
DELIVERY_LIMIT = 0.0015
FOLLOWERS = 50


def measure(members: int, posts: int, rounds: int) -> list[measuring.Row]:
    """Post `posts` messages in each round, and deliver them when all are posted."""
    with service():
        from benchmarks.timelines.crowd import make_crowd
        from timeline_api.relay.worker import Worker
        from timeline_api.services import messages

        crowd = make_crowd(members, min(FOLLOWERS, members - 1))
        posting, delivering = [], []

        def post_all() -> None:
            for number in range(posts):
                author = crowd[number % members]
                messages.post(author=author, text="hello", idempotency_key=uuid.uuid4().hex)

        def deliver_all() -> None:
            while Worker().run_once():
                pass

        for number in range(rounds + 1):
            taken = _cpu_seconds(post_all) / posts, _cpu_seconds(deliver_all) / posts
            if number:  # the first is to warm up
                posting.append(taken[0])
                delivering.append(taken[1])
    return [
        _row("a post, in the service, with its key", posting, POST_LIMIT),
        _row(
            f"a post to {FOLLOWERS} followers, in the relay, {posts} waiting",
            delivering,
            DELIVERY_LIMIT,
        ),
    ]


def _cpu_seconds(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _row(what: str, taken: list[float], limit: float) -> measuring.Row:
    return measuring.timed(
        what,
        "the limit",
        [(seconds, limit) for seconds in taken],
        limit=1,
        shown=lambda seconds: f"{measuring.shown(seconds)} CPU",
    )


if __name__ == "__main__":
    run(measure)
