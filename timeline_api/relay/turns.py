"""Turns: how much the relay writes in one transaction, so that others who wait for the same shard
soon get their turn.

SQLite has one writer at a time, and whoever waits only looks again from time to time. So a turn is
as many rows as take TURN_SECONDS, some times what its commit takes, and between two turns on one
shard the relay pauses for as long as those who wait need to notice.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Turn = TypeVar("Turn")

TURN_SECONDS = 0.03
PAUSE_SECONDS = 0.01
LEAST_ROWS, MOST_ROWS = 2000, 5000


class Pace:
    """How many rows fit into a turn, by how long the last turns took."""

    def __init__(self) -> None:
        self.rows_in_turn = LEAST_ROWS

    @contextmanager
    def measured(self, rows: int) -> Iterator[None]:
        """Measure a block, inside the transaction, that writes about `rows`."""
        began = time.perf_counter()
        yield
        seconds = time.perf_counter() - began
        if rows >= LEAST_ROWS:  # in fewer, what each statement costs outweighs the rows
            fitting = int(rows * TURN_SECONDS / max(seconds, 1e-6))
            smoothed = (self.rows_in_turn + fitting) // 2
            self.rows_in_turn = min(MOST_ROWS, max(LEAST_ROWS, smoothed))


def with_pauses(turns: Iterable[Turn]) -> Iterator[Turn]:
    """Yield the turns, all on one shard, with a pause before each but the first."""
    for number, turn in enumerate(turns):
        if number:
            time.sleep(PAUSE_SECONDS)
        yield turn
