"""What pages cost: the whole site beside MiniTwit in one service and in two.

All scenarios without an argument, or those that are named. The variables PAGES_ACCOUNTS,
PAGES_MESSAGES, PAGES_SMALL, PAGES_SECONDS, PAGES_ROUNDS, PAGES_CONNECTIONS and PAGES_FOLDER (where
filled databases are kept for the next run) say how much; `--quick` is a trial run.
"""

import argparse
import sys
from pathlib import Path

from benchmarks import measuring
from benchmarks.pages import growth, posting, reading
from benchmarks.pages.bars import bars
from benchmarks.pages.bench import Bench
from benchmarks.pages.measured import tell
from benchmarks.pages.options import Options
from benchmarks.pages.report import write

# In the order of a full run: what writes most comes last, as it slows down what reads.
SCENARIOS = {
    "generator": reading.generator,
    "api": reading.api,
    "home": reading.home,
    "public": reading.public,
    "profile": reading.profile,
    "visitor": reading.visitor,
    "flat": reading.flat,
    "growth": growth.growth,
    "relay": posting.relay,
    "post": posting.post,
    "crowded": posting.crowded,
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=", ".join(SCENARIOS))
    parser.add_argument("--quick", action="store_true", help="few rows, one short round")
    parser.add_argument(
        "--results", type=Path, help="where to write; of single scenarios nothing is kept otherwise"
    )
    parser.add_argument("--strict", action="store_true", help="exit 1 when a bar is not held")
    options = parser.parse_args()
    if unknown := set(options.scenarios) - set(SCENARIOS):
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    if sys.platform != "linux":
        print("Pages are measured on Linux only: what a process costs is read from /proc.")
        return 0
    return _run(options)


def _run(options: argparse.Namespace) -> int:
    sizes = Options().quick() if options.quick else Options()
    with Bench(sizes) as bench:
        if not options.scenarios:
            bench.fill()
        for name in options.scenarios or SCENARIOS:
            tell(f"--- {name}")
            SCENARIOS[name](bench)
        whole = not options.scenarios and not options.quick
        folder = options.results or (measuring.RESULTS if whole else bench.folder)
        print(write(bench, folder))
        held = all(bar.held for bar in bars(bench))
    return int(options.strict and not held)


if __name__ == "__main__":
    sys.exit(main())
