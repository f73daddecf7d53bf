"""Sharded ids: 63-bit integers that carry the time and the slot of their row. No Django here.

Layout, from the highest bit: 41 bits of milliseconds since 2024-01-01 UTC (69 years), 12 bits of
slot, 10 bits of sequence. Ids therefore sort by time to the millisecond, and a row is found from
its id alone.
"""

import random
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

SLOT_BITS = 12
SEQUENCE_BITS = 10
SLOTS = 1 << SLOT_BITS
EPOCH_MS = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp() * 1000)
MAX_ID = (1 << 63) - 1

_SLOT_MASK = SLOTS - 1
_SEQUENCE_LIMIT = 1 << SEQUENCE_BITS
_TIME_SHIFT = SLOT_BITS + SEQUENCE_BITS
# A millisecond's sequence starts at a random number below this, so that processes that write into
# one slot in the same millisecond rarely take the same one.
_START_LIMIT = 256


def slot_of(sharded_id: int) -> int:
    """The slot, 0 to 4095, that `sharded_id` carries."""
    return (sharded_id >> SEQUENCE_BITS) & _SLOT_MASK


def made_at(sharded_id: int) -> datetime:
    """The time at which `sharded_id` was made: aware, in UTC, exact to the millisecond."""
    return datetime.fromtimestamp(((sharded_id >> _TIME_SHIFT) + EPOCH_MS) / 1000, UTC)


def compose(milliseconds: int, slot: int, sequence: int = 0) -> int:
    """Return the id of a Unix time in milliseconds, a slot and a sequence number.

    Raise ValueError if one of them does not fit into its bits.
    """
    elapsed = milliseconds - EPOCH_MS
    if not 0 <= elapsed < 1 << 41:
        raise ValueError(f"{milliseconds} ms is not within 69 years after 2024-01-01 UTC")
    if not 0 <= slot < SLOTS:
        raise ValueError(f"slot {slot} is not within 0 to {SLOTS - 1}")
    if not 0 <= sequence < _SEQUENCE_LIMIT:
        raise ValueError(f"sequence {sequence} is not within 0 to {_SEQUENCE_LIMIT - 1}")
    return elapsed << _TIME_SHIFT | slot << SEQUENCE_BITS | sequence


class IdGenerator:
    """Make ids that are unique in this process and almost certainly in all processes.

    Two processes can only clash inside one slot, and so inside one database, whose primary key
    rejects the second row; the insert is then repeated with a fresh id. Thread-safe.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """`clock` returns Unix seconds; tests inject their own."""
        self._clock = clock
        self._lock = threading.Lock()
        self._elapsed = -1
        self._sequence = 0
        self._last = -1

    def next_id(self, slot: int) -> int:
        """Return a new id in `slot`, never below the last one, even if the clock steps back."""
        now = int(self._clock() * 1000) - EPOCH_MS
        with self._lock:
            return self._next(now, slot)

    def next_ids(self, slots: Iterable[int]) -> list[int]:
        """Return a new id in each of `slots`, in half the time that next_id() takes."""
        now = int(self._clock() * 1000) - EPOCH_MS
        with self._lock:
            return [self._next(now, slot) for slot in slots]

    def _next(self, now: int, slot: int) -> int:
        stepped_back = now < self._elapsed
        if now > self._elapsed:
            self._start(now)
        elif self._sequence + 1 < _SEQUENCE_LIMIT:
            self._sequence += 1
        else:
            # The millisecond's numbers are used up: borrow the next one instead of waiting for it.
            self._start(self._elapsed + 1)
        made = self._elapsed << _TIME_SHIFT | slot << SEQUENCE_BITS | self._sequence
        if stepped_back and made < self._last:
            self._start(self._elapsed + 1)
            made = self._elapsed << _TIME_SHIFT | slot << SEQUENCE_BITS | self._sequence
        if made > self._last:
            self._last = made
        return made

    def _start(self, elapsed: int) -> None:
        self._elapsed = elapsed
        self._sequence = random.randrange(_START_LIMIT)  # noqa: S311 spreads, protects nothing


#: The generator of this process, behind saving, bulk inserts and new_id().
generator = IdGenerator()
