"""Bars: what the numbers must reach, most of them as ratios to the peers of the same run."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.pages.bench import Bench
from benchmarks.pages.measured import Measured

MORE, LESS = "≥", "≤"


@dataclass(frozen=True)
class Bar:
    """What was measured, and what it must reach (≥) or keep within (≤)."""

    what: str
    measured: float
    sense: str
    limit: float

    @property
    def held(self) -> bool:
        if self.sense == MORE:
            return self.measured >= self.limit
        return self.measured <= self.limit

    @property
    def verdict(self) -> str:
        return "PASS" if self.held else "FAIL"


def bars(bench: Bench) -> list[Bar]:
    """The bars of all that was measured."""
    found = [*_pages(bench), *_posts(bench), *_api(bench), *_flat(bench), *_relay(bench)]
    found += [*_rows(bench), *_growth(bench), *_memory(bench)]
    if bench.tables:
        tables = [side for table in bench.tables.values() for side in table.values()]
        wrong = sum(sum(side.wrong.values()) for side in tables)
        found.append(Bar("answers that were not as they must be", wrong, LESS, 0))
    return found


def _times(what: str, ours: Measured, peer: Measured, name: str, limit: float) -> Bar:
    return Bar(f"{what}: × {name}", ours.rate / max(peer.rate, 1e-9), MORE, limit)


def _pages(bench: Bench) -> Iterator[Bar]:
    for page in ("home", "public", "profile"):
        if table := bench.tables.get(f"{page}, after a change"):
            what = f"{page}, after a change"
            yield _times(what, table["ours"], table["split"], "split MiniTwit", 1.2)
            yield _times(what, table["ours"], table["flask"], "Flask's MiniTwit", 0.4)
        if table := bench.tables.get(f"{page}, unchanged"):
            what = f"{page}, unchanged"
            yield _times(what, table["ours"], table["flask"], "Flask's MiniTwit", 0.7)
    if table := bench.tables.get("visitor"):
        yield _times("visitor", table["ours"], table["flask"], "Flask's MiniTwit", 10)


def _posts(bench: Bench) -> Iterator[Bar]:
    if table := bench.tables.get("post"):
        yield _times("post", table["ours"], table["split"], "split MiniTwit", 1)
        yield Bar("post: failed or not delivered", sum(table["ours"].wrong.values()), LESS, 0)
    if table := bench.tables.get("crowded"):
        ours = table["ours"]
        failed = sum(ours.wrong.values())
        yield Bar("32 clients post: failed or not delivered", failed, LESS, 0)
        yield Bar("32 clients post: p99 ÷ p50", ours.p99 / max(ours.p50, 1e-9), LESS, 10)


def _api(bench: Bench) -> Iterator[Bar]:
    if table := bench.tables.get("api"):
        yield _times("the API's home", table["API home"], table["DRF hello"], "DRF hello", 0.5)


def _flat(bench: Bench) -> Iterator[Bar]:
    if not (table := bench.tables.get("flat")):
        return
    for side in ("10 followees", "1,000 followees"):
        if small := table.get(f"{side}, ours, small"):
            ratio = small.rate / table[f"{side}, ours"].rate
            yield Bar(f"home of {side}: few messages ÷ many", ratio, LESS, 1.2)
    ratio = table["10 followees, ours"].rate / table["1,000 followees, ours"].rate
    yield Bar("home of 10 followees ÷ of 1,000", ratio, LESS, 1.2)


def _relay(bench: Bench) -> Iterator[Bar]:
    if not (table := bench.tables.get("relay")):
        return
    for what, key, limit in (
        ("relay: ms of CPU a post to 50 followers", "cpu", 1.5),
        ("relay: seconds behind at 200 posts a second", "lag", 1),
    ):
        yield Bar(what, statistics.median(fact[key] for fact in bench.facts["relay"]), LESS, limit)
    ratio = table["homes, posts, relay"].rate / table["homes, posts"].rate
    yield Bar("homes beside posts: relay at work ÷ stopped", ratio, MORE, 0.9)


def _rows(bench: Bench) -> Iterator[Bar]:
    if filled := bench.facts.get("filled ours"):
        yield Bar("bytes on disk a message", filled["bytes_a_message"], LESS, 900)
        if size := filled.get("bytes_an_entry"):
            yield Bar("bytes on disk a home entry", size, LESS, 60)


def _growth(bench: Bench) -> Iterator[Bar]:
    for what, sizes in bench.facts.get("growth", {}).items():
        yield Bar(f"{what}: ms", sizes["ours"], LESS, 50)
        if small := sizes.get("ours, small"):
            yield Bar(f"{what}: many messages ÷ few", sizes["ours"] / small, LESS, 2)


def _memory(bench: Bench) -> Iterator[Bar]:
    for when, limit in (("at rest", 300), ("under load", 450)):
        if (taken := bench.facts.get(f"memory {when}")) is not None:
            yield Bar(f"MB of memory {when}", taken, LESS, limit)
