"""Growth: what used to take longer with every message, at both sizes."""

import statistics

from benchmarks.pages import crowd
from benchmarks.pages.bench import Bench
from benchmarks.pages.load import Request
from benchmarks.pages.measured import tell
from benchmarks.pages.reading import sizes
from benchmarks.pages.sites import Site
from benchmarks.pages.stack import Ours

ASKED = 20


def growth(bench: Bench) -> None:
    """Median milliseconds of one request at a time, by what is asked and the size."""
    found: dict[str, dict[str, float]] = {}
    for site in sizes(bench):
        site.api.sign_operator_in()
        for what, (where, requests) in _asked(site).items():
            found.setdefault(what, {})[site.name] = _median(where, requests)
            tell(f"{what}, {site.name}: {found[what][site.name]:.1f} ms")
    bench.facts["growth"] = found


def _asked(site: Ours) -> dict[str, tuple[Site, list[Request]]]:
    words = [crowd.COMMON[number % len(crowd.COMMON)] for number in range(ASKED)]
    names, api = crowd.members()[:ASKED], site.api
    search = [api.plain(f"/api/v1/search/messages/?q={word}", names[0]) for word in words]
    admin = [api.plain(f"/admin/timeline_api/message/?q={word}", "admin") for word in words]
    # Kept for minutes once it is made; another address is made anew.
    sitemap = [site.plain(f"/sitemap.xml?first={number}") for number in range(ASKED)]
    export = [api.plain(f"/api/v1/accounts/{name}/export/", name) for name in names]
    return {
        "search for a common word": (api, search),
        "the admin's search": (api, admin),
        "the first sitemap": (site, sitemap),
        "a first export": (api, export),
    }


def _median(site: Site, requests: list[Request]) -> float:
    with site.load(1) as load:
        tally = load.run(requests)
    if tally.wrong:
        raise SystemExit(f"{requests[0].data[:80]!r}: {dict(tally.wrong)}")
    return 1000 * statistics.median(tally.took)
