"""Posting over HTTP, through nginx and three API instances: requests a second and latency, compared
with reading a profile in the same way.
"""

import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import requests

from benchmarks import measuring
from benchmarks.timelines import run
from tests.stack import Stack, new_member

CLIENTS = (1, 3, 6)
SHARDS = ("shard0,shard1,shard2", "shard0")
SYNCHRONOUS = ("FULL", "NORMAL")
# A post is a token check, five writes and a commit that waits for the disk; a read is two queries.
LIMIT = 2.5


def measure(seconds: int, stacks: int = 2) -> list[measuring.Row]:
    """Return the rows for each number of shards, SQLITE_SYNCHRONOUS and number of clients.

    `stacks` limits the first two to that many choices; each client posts for `seconds`.
    """
    rows = []
    for shards in SHARDS[:stacks]:
        for synchronous in SYNCHRONOUS[:stacks]:
            with tempfile.TemporaryDirectory() as folder:
                stack = Stack(
                    Path(folder),
                    SHARDS=shards,
                    SQLITE_SYNCHRONOUS=synchronous,
                    THROTTLE_REGISTER="",
                    THROTTLE_POST="",
                    LOG_LEVEL="WARNING",
                )
                stack.start()
                try:
                    count = shards.count(",") + 1
                    named = f"{count} shard{'s' * (count > 1)}, {synchronous}"
                    rows += [_row(stack, named, number, seconds) for number in CLIENTS]
                finally:
                    stack.stop()
    return rows


def _row(stack: Stack, named: str, clients: int, seconds: int) -> measuring.Row:
    names = [f"poster{clients}_{number}" for number in range(clients)]
    members = [new_member(stack.api, name) for name in names]

    def post(member: requests.Session, name: str) -> requests.Response:
        return member.post(f"{stack.api}/messages/", json={"text": f"hello of {name}"}, timeout=20)

    def read(member: requests.Session, name: str) -> requests.Response:
        return member.get(f"{stack.api}/accounts/{name}/", timeout=20)

    parts = list(zip(members, names, strict=True))
    _load(read, parts, 1)
    posts, reads = _load(post, parts, seconds), _load(read, parts, seconds)
    ratio = statistics.median(posts) / statistics.median(reads)
    return measuring.Row(
        f"posting, {clients} client{'s' * (clients > 1)}; {named}",
        "reading a profile",
        _shown(posts, seconds),
        _shown(reads, seconds),
        ratio,
        ratio,
        ratio,
        LIMIT,
    )


def _load(
    ask: Callable[[requests.Session, str], requests.Response],
    parts: list[tuple[requests.Session, str]],
    seconds: float,
) -> list[float]:
    """Return the seconds of each request, with all clients sending one after the other."""
    took: list[float] = []
    ends = time.perf_counter() + seconds

    def client(member: requests.Session, name: str) -> None:
        while (began := time.perf_counter()) < ends:
            assert ask(member, name).ok
            took.append(time.perf_counter() - began)

    threads = [threading.Thread(target=client, args=part) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


def _shown(took: list[float], seconds: float) -> str:
    middle, late = statistics.median(took), statistics.quantiles(took, n=100)[98]
    rate = len(took) / seconds
    return f"{rate:,.0f}/s, p50 {measuring.shown(middle)}, p99 {measuring.shown(late)}"


if __name__ == "__main__":
    run(measure)
