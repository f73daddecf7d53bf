"""Reading: pages, each after a change and unchanged, ours and the peers' in turn."""

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import cycle

from benchmarks.pages import crowd
from benchmarks.pages.bench import NUMBERED, Bench
from benchmarks.pages.load import Load, Request, Tally
from benchmarks.pages.measured import Measured, alternate, tell
from benchmarks.pages.processes import Meter
from benchmarks.pages.sites import Site

# Given a site, a reader's number and name, and the wave and texts of the last change (or None).
Page = Callable[[Site, int, str, "Change | None"], Request]
MEMBERS = list(enumerate(crowd.members()))
# Changing takes its time too: a window ends after so many times its seconds, full or not.
PATIENCE = 4
TRIES = 20


class Change:
    """A wave of posts: every reader follows the author of one of them."""

    def __init__(self, bench: Bench, site: Site) -> None:
        self.wave = bench.wave()
        self.texts = {pen: bench.text() for pen in crowd.pens_of(self.wave)}
        with site.load(1) as load:
            for pen, text in self.texts.items():
                _insist(load, site.post(_pen(pen), text))
        site.settle()

    def of(self, reader: int) -> tuple[str, str]:
        """The name of the pen that this reader follows, and the end of what it has written: a tag
        in the middle is a link on a page."""
        pen = crowd.pen_of(reader, self.wave)
        return _pen(pen), self.texts[pen][-NUMBERED:]


def _insist(load: Load, request: Request) -> None:
    """Send a request until it succeeds: what changes a page is not what is measured."""
    for _ in range(TRIES):
        wrong = load.run([request]).wrong
        if not wrong:
            return
        tell(f"a post between readings: {dict(wrong)}")
    raise SystemExit(f"A post was refused {TRIES} times.")


def _pen(number: int) -> str:
    return crowd.pens()[number - crowd.MEMBERS]


def home_page(site: Site, number: int, name: str, change: Change | None) -> Request:
    """Their own timeline; the followee's new message must be on it."""
    return site.page("/", name, [change.of(number)[1]] if change else ())


def public_page(site: Site, number: int, name: str, change: Change | None) -> Request:
    return site.page("/public", name)


def profile_page(site: Site, number: int, name: str, change: Change | None) -> Request:
    """The page of the next member; after a change, of the followee who has just posted."""
    if change:
        pen, text = change.of(number)
        return site.page(f"/{pen}", name, [text])
    return site.page(f"/{crowd.members()[(number + 1) % crowd.MEMBERS]}", name)


def after_changes(
    bench: Bench, site: Site, page: Page, readers: list[tuple[int, str]] = MEMBERS
) -> Measured:
    """Read while each read is its reader's first after a change: a wave of posts, until it is
    delivered, and then each reader once, again and again. Only the reading is measured."""
    tally, meter, seconds = Tally(), Meter(site.groups()), bench.options.seconds
    ends = time.monotonic() + PATIENCE * seconds
    with site.load(bench.options.connections) as load:
        while not tally.answers or (tally.elapsed < seconds and time.monotonic() < ends):
            change = Change(bench, site)
            requests = [page(site, number, name, change) for number, name in readers]
            with meter:
                tally.merge(load.run(requests))
    return Measured.of(tally, meter.seconds)


def unchanged(
    bench: Bench, site: Site, page: Page, readers: list[tuple[int, str]] = MEMBERS
) -> Measured:
    """Read what has not changed since each reader's last read, which came before."""
    requests = [page(site, number, name, None) for number, name in readers]
    return steadily(bench, site, requests, warm=True)


def steadily(bench: Bench, site: Site, requests: list[Request], *, warm: bool = False) -> Measured:
    """The same requests again and again; `warm` sends them twice before measuring."""
    meter = Meter(site.groups())
    with site.load(bench.options.connections) as load:
        if warm:
            load.run(requests * 2)
        with meter:
            tally = load.run(cycle(requests), seconds=bench.options.seconds)
    return Measured.of(tally, meter.seconds)


def _read(bench: Bench, scenario: str, page: Page, floors: Iterable[Site] = ()) -> None:
    """Both ways of reading a page, of ours and of the peers."""
    sites = [bench.ours, bench.split, bench.flask]
    for how, measure, more in (
        ("after a change", after_changes, ()),
        ("unchanged", unchanged, floors),
    ):
        named = f"{scenario}, {how}"
        sides = {site.name: _bound(measure, bench, site, page) for site in [*sites, *more]}
        bench.tables[named] = alternate(named, sides, bench.options.rounds)
    note_memory(bench)


def _bound(measure: Callable[..., Measured], *arguments: object) -> Callable[[], Measured]:
    return lambda: measure(*arguments)


def home(bench: Bench) -> None:
    """My timeline, and what it costs when its data cost nothing."""
    _read(bench, "home", home_page, [bench.memory])


def public(bench: Bench) -> None:
    """Everybody's messages, signed in."""
    _read(bench, "public", public_page)


def profile(bench: Bench) -> None:
    """A member's page, signed in."""
    _read(bench, "profile", profile_page)


def visitor(bench: Bench) -> None:
    """Everybody's messages, for whoever is not signed in."""
    sides = {
        site.name: _bound(steadily, bench, site, [site.page("/public")])
        for site in (bench.ours, bench.split, bench.flask)
    }
    bench.tables["visitor"] = alternate("visitor", sides, bench.options.rounds)
    note_memory(bench)


def api(bench: Bench) -> None:
    """The API's home, beside frameworks that say hello."""
    ours = bench.ours.api
    homes = [ours.page("/api/v1/timelines/home/", name) for name in crowd.members()]
    sides = {"API home": _bound(steadily, bench, ours, homes)}
    for floor in (bench.hello_drf, bench.hello_django):
        sides[floor.name] = _bound(steadily, bench, floor, [floor.plain("/")])
    bench.tables["api"] = alternate("api", sides, bench.options.rounds)


def flat(bench: Bench) -> None:
    """A home after a change: of whoever follows 10 and 1,000, with few messages and with many."""
    sides = {}
    for site in sizes(bench):
        for label, names, first in (("10", crowd.few(), 0), ("1,000", crowd.many(), crowd.READERS)):
            start = crowd.MEMBERS + crowd.PENS + first
            readers = list(enumerate(names, start))
            side = f"{label} followees, {site.name}"
            sides[side] = _bound(after_changes, bench, site, home_page, readers)
    bench.tables["flat"] = alternate("flat", sides, bench.options.rounds)


def sizes(bench: Bench) -> Iterator[Site]:
    """The site with all messages, and with few where that is another size."""
    yield bench.ours
    if bench.options.small != bench.options.messages:
        yield bench.small


def generator(bench: Bench) -> None:
    """What the generator itself can do: a static file from nginx."""
    ours = bench.ours
    request = ours.plain("/static/timeline_web/style.css")
    sides = {"nginx static": _bound(steadily, bench, ours, [request])}
    bench.tables["generator"] = alternate("generator", sides, bench.options.rounds)


def note_memory(bench: Bench) -> None:
    """Keep the most memory that the site has taken after a load."""
    most = bench.facts.get("memory under load", 0.0)
    bench.facts["memory under load"] = max(most, bench.ours.memory())
