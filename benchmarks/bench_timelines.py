"""What timelines cost: reading a home, fan-out, posting over HTTP, a post to many followers.

    python -m benchmarks.bench_timelines [--quick] [--results FOLDER] [--strict]

Each part (in `benchmarks/timelines/`) runs in its own process, on its own databases.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from benchmarks import measuring

# Each part with its arguments for the full run, and for a trial run.
PARTS = (
    ("reads", (1_000, 20_000), (50, 600)),
    ("reads", (20_000, 1_000_000), ()),
    ("fanout", (20_000, 9), (300, 2)),
    ("fanout", (100_000, 9), ()),
    ("delivery", (1_000, 200, 7), (60, 20, 2)),
    ("star", (100_000, 12), (300, 2)),
    ("load", (1_000, 32, 60), (60, 4, 2)),
    ("posts", (5,), (1, 1)),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few rows and rounds: a trial run")
    parser.add_argument("--results", type=Path, default=measuring.RESULTS)
    parser.add_argument("--strict", action="store_true", help="exit 1 when a limit is not held")
    options = parser.parse_args()
    rows = []
    for part, full, quick in PARTS:
        if numbers := quick if options.quick else full:
            rows += _run(part, numbers)
    print(measuring.write("timelines", rows, options.results))
    return int(options.strict and not all(row.held for row in rows))


def _run(part: str, numbers: tuple[int, ...]) -> list[measuring.Row]:
    command = [sys.executable, "-m", f"benchmarks.timelines.{part}", *map(str, numbers)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{part} failed:\n{done.stderr}")
    return [measuring.Row(**row) for row in json.loads(done.stdout)]


if __name__ == "__main__":
    sys.exit(main())
