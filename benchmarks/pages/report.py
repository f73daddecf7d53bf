"""The report: a table, its numbers as JSON, and a picture."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from benchmarks import measuring
from benchmarks.pages.bars import Bar, bars
from benchmarks.pages.bench import Bench
from benchmarks.pages.measured import Measured
from benchmarks.pages.picture import picture

NAME = "pages"
PEERS = ("flask", "split", "DRF hello")
HEAD = "| {} | requests/s | {} | CPU, ms a request | p50 | p99 | bytes (gzip) | generator | wrong |"
RULE = "| --- | ---: | {} | --- | ---: | ---: | ---: | ---: | ---: |"


def write(bench: Bench, folder: Path) -> str:
    """Write all three; return the Markdown."""
    folder.mkdir(parents=True, exist_ok=True)
    about, found = measuring.machine(), bars(bench)
    document = {
        "machine": about,
        "size": _size(bench),
        "tables": _plain(bench.tables),
        "facts": bench.facts,
        "bars": [{**asdict(bar), "verdict": bar.verdict} for bar in found],
    }
    (folder / f"{NAME}.json").write_text(json.dumps(document, indent=1) + "\n")
    text = markdown(bench, found, about)
    (folder / f"{NAME}.md").write_text(text)
    if drawn := picture(bench.tables):
        (folder / f"{NAME}.svg").write_text(drawn)
    return text


def _size(bench: Bench) -> dict[str, float]:
    options = bench.options
    names = ("accounts", "messages", "small", "seconds", "rounds", "connections")
    return {name: getattr(options, name) for name in names}


def _plain(tables: dict[str, dict[str, Measured]]) -> dict[str, dict[str, dict]]:
    return {
        scenario: {side: asdict(measured) for side, measured in table.items()}
        for scenario, table in tables.items()
    }


def markdown(bench: Bench, found: list[Bar], about: dict[str, str]) -> str:
    """All tables, the bars first."""
    parts = [*_bars(found), "", *_tables(bench), *_growth(bench), *_closing(bench, about)]
    return "\n".join(parts) + "\n"


def _bars(found: list[Bar]) -> Iterator[str]:
    yield "| bar | measured | limit | |"
    yield "| --- | ---: | ---: | --- |"
    for bar in found:
        yield f"| {bar.what} | {bar.measured:,.3g} | {bar.sense} {bar.limit:g} | {bar.verdict} |"


def _tables(bench: Bench) -> Iterator[str]:
    for scenario, table in bench.tables.items():
        peers = [name for name in PEERS if name in table]
        against = " | ".join(f"× {name}" for name in peers) or " "
        yield HEAD.format(scenario, against)
        yield RULE.format(" | ".join("---:" for _ in peers) or "---:")
        for side, one in table.items():
            yield _line(side, one, [table[name] for name in peers])
        yield ""


def _line(side: str, one: Measured, peers: list[Measured]) -> str:
    ratios = [f"{one.rate / peer.rate:.2f}" if peer.rate else "-" for peer in peers] or [""]
    services = ", ".join(f"{name} {ms:.2f}" for name, ms in one.cpu.items() if ms >= 0.005)
    cells = [
        side,
        f"{one.rate:,.0f}",
        *ratios,
        f"{one.cpu_in_all:.2f} ({services})" if services else "-",
        f"{one.p50:.1f} ms",
        f"{one.p99:.1f} ms",
        f"{one.size:,} ({one.packed:,})",
        f"{one.client:.3f} ms",
        ", ".join(f"{count} {what}" for what, count in one.wrong.items()) or "0",
    ]
    return f"| {' | '.join(cells)} |"


def _growth(bench: Bench) -> Iterator[str]:
    if not (found := bench.facts.get("growth")):
        return
    names = list(next(iter(found.values())))
    yield f"| one request at a time, median | {' | '.join(names)} |"
    yield f"| --- | {' | '.join('---:' for _ in names)} |"
    for what, sizes in found.items():
        yield f"| {what} | {' | '.join(f'{sizes[name]:.1f} ms' for name in names)} |"
    yield ""


def _closing(bench: Bench, about: dict[str, str]) -> Iterator[str]:
    options = bench.options
    yield (
        f"{options.accounts:,} accounts, {options.messages:,} messages (small: {options.small:,}), "
        f"50 followees each, 64 members signed in, {options.connections} connections; medians of "
        f"{options.rounds} rounds of {options.seconds:g} s."
    )
    yield ""
    yield f"Measured: {measuring.described(about)}."
