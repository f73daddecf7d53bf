"""Measured: what a number of answers cost, and sides that take turns to be measured."""

import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .load import Tally

BEGAN = time.monotonic()


@dataclass
class Measured:
    """One side of a scenario. CPU is in milliseconds an answer, by service; times are in
    milliseconds, sizes in bytes of an answer; `wrong` counts what was not as it must be."""

    rate: float
    cpu: dict[str, float]
    client: float
    p50: float
    p99: float
    size: int
    packed: int
    answers: int
    wrong: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, tally: Tally, seconds: Mapping[str, float]) -> "Measured":
        """What a tally says, with the CPU seconds of each service meanwhile."""
        number = max(1, tally.answers)
        return cls(
            rate=tally.rate,
            cpu={name: 1000 * spent / number for name, spent in seconds.items()},
            client=1000 * tally.client / number,
            p50=tally.percentile(50),
            p99=tally.percentile(99),
            size=round(tally.size / number),
            packed=tally.packed,
            answers=tally.answers,
            wrong=dict(tally.wrong),
        )

    @property
    def cpu_in_all(self) -> float:
        return sum(self.cpu.values())


def median(rounds: list[Measured]) -> Measured:
    """The median of each figure; answers and what was wrong with them are added up."""
    wrong: Counter[str] = Counter()
    for one in rounds:
        wrong.update(one.wrong)
    middle = {
        name: statistics.median(getattr(one, name) for one in rounds)
        for name in ("rate", "client", "p50", "p99", "size", "packed")
    }
    cpu = {name: statistics.median(one.cpu[name] for one in rounds) for name in rounds[0].cpu}
    answers = sum(one.answers for one in rounds)
    return Measured(cpu=cpu, answers=answers, wrong=dict(wrong), **middle)


def alternate(
    scenario: str, sides: Mapping[str, Callable[[], Measured]], rounds: int
) -> dict[str, Measured]:
    """Measure every side once a round, in turn; who goes first changes from round to round."""
    found: dict[str, list[Measured]] = {name: [] for name in sides}
    for number in range(rounds):
        order = list(sides)
        for name in reversed(order) if number % 2 else order:
            one = sides[name]()
            found[name].append(one)
            tell(f"{scenario}, {name}: {shown(one)}")
    return {name: median(measured) for name, measured in found.items()}


def shown(one: Measured) -> str:
    """One line for whoever watches."""
    cpu = ", ".join(f"{name} {spent:.2f}" for name, spent in one.cpu.items() if spent >= 0.005)
    wrong = f", WRONG: {one.wrong}" if one.wrong else ""
    return (
        f"{one.rate:,.0f}/s, p50 {one.p50:.1f} ms, p99 {one.p99:.1f} ms, CPU ms: {cpu or '-'}, "
        f"client {one.client:.3f}, {one.size:,} bytes{wrong}"
    )


def tell(line: str) -> None:
    """Say how far the run is, and after how many seconds."""
    print(f"{time.monotonic() - BEGAN:6.0f} s  {line}", file=sys.stderr, flush=True)
