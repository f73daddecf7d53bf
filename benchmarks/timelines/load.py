"""Many clients who post at once, while the relay delivers to fifty followers of each."""

import os
import statistics
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import django
import requests

from benchmarks import measuring
from benchmarks.timelines import run
from tests.stack import Stack

FOLLOWERS = 50
# p99 as a multiple of p50, and how far behind the relay may be (seconds).
TAIL, LAG = 10, 1.0


def measure(members: int, clients: int, seconds: int) -> list[measuring.Row]:
    """Let `clients` members post one message after the other."""
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder), THROTTLE_POST="", LOG_LEVEL="WARNING")
        stack.start()
        try:
            texts = _tokens(stack, members, clients)
            statuses, took, lags = _load(stack, texts, seconds)
        finally:
            stack.stop()
    middle, late = statistics.median(took), statistics.quantiles(took, n=100)[98]
    failed = sum(count for status, count in statuses.items() if status != 201)
    load = f"{clients} clients post {len(took) / seconds:,.0f} a second"
    return [
        _row(f"{load}: p99", "p50", late, middle, TAIL),
        measuring.Row(
            f"{load}: answers other than 201",
            "none",
            f"{failed} of {len(took):,}",
            "0",
            *[float(failed)] * 3,
            limit=0,
        ),
        _row(f"{load}: the relay is behind by at most", "the limit", max(lags), LAG, 1),
    ]


def _row(what: str, against: str, ours: float, base: float, limit: float) -> measuring.Row:
    pairs = [(ours, base)]
    return measuring.timed(what, against, pairs, limit=limit, shown=measuring.shown)


def _tokens(stack: Stack, members: int, clients: int) -> list[str]:
    """Write the crowd into the stack's databases. Return the tokens of the first members."""
    os.environ.update(stack.environment, DJANGO_SETTINGS_MODULE="twitsite.settings.api")
    django.setup()
    from benchmarks.timelines.crowd import make_crowd
    from timeline_api.services import tokens

    crowd = make_crowd(members, min(FOLLOWERS, members - 1))
    return [tokens.issue(account=account)[1] for account in crowd[:clients]]


def _load(
    stack: Stack, texts: list[str], seconds: float
) -> tuple[Counter[int], list[float], list[float]]:
    """Return the statuses, the seconds that each request took, and the relay's lags."""
    from timeline_api.selectors import outbox

    statuses, took, lags = Counter(), [], []
    ends = time.perf_counter() + seconds

    def client(text: str) -> None:
        session = requests.Session()
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {text}"
        while (began := time.perf_counter()) < ends:
            answer = session.post(f"{stack.api}/messages/", json={"text": "hello"}, timeout=20)
            statuses[answer.status_code] += 1
            took.append(time.perf_counter() - began)

    threads = [threading.Thread(target=client, args=[text]) for text in texts]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        lags.append(max(lag.seconds_behind for lag in outbox.lags()))
        time.sleep(0.2)
    return statuses, took, lags


if __name__ == "__main__":
    run(measure)
