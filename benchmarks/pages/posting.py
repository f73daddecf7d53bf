"""Posting: how many a second and whether all arrive, and what the relay takes meanwhile."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle

from benchmarks.pages import crowd
from benchmarks.pages.bench import Bench
from benchmarks.pages.load import Request, Tally
from benchmarks.pages.measured import Measured, alternate, shown, tell
from benchmarks.pages.processes import Meter, cpu
from benchmarks.pages.reading import home_page, note_memory
from benchmarks.pages.sites import Site

CROWD = 32  # clients that post at the same time
CROWD_WINDOWS = 15  # windows of measuring: a minute
POSTS_A_SECOND = 200
PATIENCE = 900  # seconds for the relay to catch up, however far it is behind


def post(bench: Bench) -> None:
    """Posting by the form of the site."""
    began = time.time()
    sides = {site.name: _poster(bench, site) for site in (bench.ours, bench.split, bench.flask)}
    table = bench.tables["post"] = alternate("post", sides, bench.options.rounds)
    _check_delivery(bench, table["ours"], began)
    note_memory(bench)


def crowded(bench: Bench) -> None:
    """32 clients who post for a minute."""
    began = time.time()
    seconds = CROWD_WINDOWS * bench.options.seconds
    measured = _post(bench, bench.ours, CROWD, seconds)
    tell(f"crowded: {shown(measured)}")
    _check_delivery(bench, measured, began)
    bench.tables["crowded"] = {"ours": measured}
    note_memory(bench)


def _poster(bench: Bench, site: Site):
    return lambda: _post(bench, site, bench.options.connections, bench.options.seconds)


def _post(bench: Bench, site: Site, connections: int, seconds: float) -> Measured:
    """Post for some seconds. The CPU is that of delivering too, until nothing waits."""
    meter = Meter(site.groups())
    with site.load(connections) as load, meter:
        tally = load.run(_posts(bench, site), seconds=seconds)
        site.settle(PATIENCE)
    return Measured.of(tally, meter.seconds)


def _posts(bench: Bench, site: Site) -> Iterator[Request]:
    return (site.post(name, bench.text()) for name in cycle(crowd.members()))


def _check_delivery(bench: Bench, measured: Measured, since: float) -> None:
    """Count as wrong whatever is in a home too few: each member has 50 followers."""
    posted = measured.answers - sum(measured.wrong.values())
    missing = posted * crowd.FOLLOWEES - bench.ours.delivered(since)
    if missing > 0:
        measured.wrong["not delivered"] = missing


def relay(bench: Bench) -> None:
    """Homes alone; while 200 posts a second come with the relay stopped; and with it at work."""
    sides = {
        "homes": lambda: _homes(bench),
        "homes, posts": lambda: _homes_and_posts(bench, stopped=True),
        "homes, posts, relay": lambda: _homes_and_posts(bench, stopped=False),
    }
    bench.facts["relay"] = []
    bench.tables["relay"] = alternate("relay", sides, bench.options.rounds)
    note_memory(bench)


def _homes(bench: Bench) -> Measured:
    meter = Meter(bench.ours.groups())
    with meter:
        tally = _read_homes(bench)
    return Measured.of(tally, meter.seconds)


def _read_homes(bench: Bench) -> Tally:
    members = enumerate(crowd.members())
    requests = [home_page(bench.ours, number, name, None) for number, name in members]
    with bench.ours.load(bench.options.connections) as load:
        return load.run(cycle(requests), seconds=bench.options.seconds)


def _homes_and_posts(bench: Bench, *, stopped: bool) -> Measured:
    """Read homes beside posts through the API; note the relay's CPU a post and its lag."""
    ours, meter = bench.ours, Meter(bench.ours.groups())
    relay_pids = ours.groups()["relay"]
    with _stopped(relay_pids if stopped else []), ThreadPoolExecutor(2) as threads, meter:
        before = cpu(relay_pids)
        posting = threads.submit(_post_steadily, bench)
        reading = threads.submit(_read_homes, bench)
        lag = 0.0
        while not (posting.done() and reading.done()):
            lag = max(lag, ours.lag())
            time.sleep(0.1)
    ours.settle(PATIENCE)
    posts = posting.result()
    if not stopped:
        taken = 1000 * (cpu(relay_pids) - before) / max(1, posts.answers)
        fact = {"cpu": taken, "lag": lag, "rate": posts.rate, "wrong": dict(posts.wrong)}
        bench.facts["relay"].append(fact)
        tell(f"relay: {taken:.2f} ms a post, at most {lag:.2f} s behind, {posts.rate:.0f} posts/s")
    return Measured.of(reading.result(), meter.seconds)


def _post_steadily(bench: Bench) -> Tally:
    api = bench.ours.api
    with api.load(bench.options.connections) as load:
        posts = _posts(bench, api)
        return load.run(posts, seconds=bench.options.seconds, rate=POSTS_A_SECOND)


@contextmanager
def _stopped(pids: list[int]) -> Iterator[None]:
    """These processes stand still."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
