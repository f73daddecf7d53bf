"""Comparing two ways of doing something in one run, as a ratio of CPU time.

Absolute times say little on a shared machine, but runs a moment apart under the same load can be
compared. Rounds alternate between the two sides; the result is the median of each round's ratio.
"""

import gc
import json
import os
import platform
import sqlite3
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import django

RESULTS = Path(__file__).parent / "results"


@dataclass
class Row:
    """One line of the table. `ours` and `base` are texts with a unit."""

    what: str
    against: str
    ours: str
    base: str
    ratio: float
    low: float  # quartiles of the ratio over all rounds
    high: float
    limit: float

    @property
    def held(self) -> bool:
        return self.ratio <= self.limit


@dataclass
class Side:
    """One side: `call` with the arguments that `before` returns. Only `call` is timed."""

    call: Callable[..., object]
    before: Callable[[], tuple] = tuple
    after: Callable[[], object] = lambda: None

    def cpu_time(self, repeat: int) -> float:
        """Return the seconds of CPU per call, over `repeat` calls."""
        given = self.before()
        began = time.process_time()
        for _ in range(repeat):
            self.call(*given)
        took = time.process_time() - began
        self.after()
        return took / repeat


def compare(
    what: str, ours: Side, against: str, base: Side, *, limit: float, rounds: int, repeat: int = 1
) -> Row:
    """Compare two sides, calling each `repeat` times a round, after a round to warm up."""
    base.cpu_time(repeat), ours.cpu_time(repeat)
    pairs = []
    gc.collect()
    gc.disable()
    try:
        for number in range(rounds):
            # Which side goes first alternates too.
            if number % 2:
                other, mine = base.cpu_time(repeat), ours.cpu_time(repeat)
            else:
                mine, other = ours.cpu_time(repeat), base.cpu_time(repeat)
            pairs.append((mine, other))
            gc.collect()
    finally:
        gc.enable()
    return timed(what, against, pairs, limit=limit, shown=lambda seconds: f"{shown(seconds)} CPU")


def timed(
    what: str,
    against: str,
    pairs: list[tuple[float, float]],
    *,
    limit: float,
    shown: Callable[[float], str],
) -> Row:
    """Return the row for `pairs` of seconds, (ours, base's) of each round."""
    ratios = [mine / other for mine, other in pairs]
    low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    taken = statistics.median(mine for mine, _ in pairs)
    base_taken = statistics.median(other for _, other in pairs)
    return Row(what, against, shown(taken), shown(base_taken), middle, low, high, limit)


def shown(seconds: float) -> str:
    """Return a time as text, with 3 digits and a unit."""
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def machine() -> dict[str, str]:
    """Return the machine and the versions that the numbers were measured with."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = lines[0].partition(":")[2].strip() if lines else model
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": model,
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        "django": django.get_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def described(about: dict[str, str]) -> str:
    """The machine in one line."""
    return ", ".join(
        f"{key} {value}" if key not in ("date", "processor", "system") else value
        for key, value in about.items()
    )


def table(rows: list[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = [
        "| what | ours | against | | ratio (quartiles) | limit | |",
        "| --- | ---: | --- | ---: | --- | ---: | --- |",
    ]
    for row in rows:
        spread = f"{row.ratio:.2f} ({row.low:.2f}–{row.high:.2f})"
        held = "held" if row.held else "OVER"
        cells = (row.what, row.ours, row.against, row.base, spread, f"{row.limit:g}", held)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def write(name: str, rows: list[Row], folder: Path = RESULTS) -> str:
    """Write `name`.json and `name`.md. Return the Markdown."""
    about = machine()
    folder.mkdir(parents=True, exist_ok=True)
    document = {"machine": about, "rows": [asdict(row) for row in rows]}
    (folder / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")
    text = f"{table(rows)}\n\nMeasured: {described(about)}.\n"
    (folder / f"{name}.md").write_text(text)
    return text
