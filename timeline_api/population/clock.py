"""The clock of a population: ids and moments that are the same each time a seed is used."""

from collections import Counter
from datetime import UTC, datetime

from shardrouter import ids

# Milliseconds.
SECOND = 1000
HOUR = 60 * 60 * SECOND
DAY = 24 * HOUR


class Clock:
    """Makes ids that are unique for a millisecond and a slot."""

    def __init__(self) -> None:
        self._used: Counter[tuple[int, int]] = Counter()

    def next_id(self, milliseconds: int, slot: int) -> int:
        """Return an unused id of this Unix time, or of a millisecond soon after, in this slot."""
        while self._used[milliseconds, slot] > 1000:
            milliseconds += 1
        self._used[milliseconds, slot] += 1
        return ids.compose(milliseconds, slot, self._used[milliseconds, slot] - 1)


def to_datetime(milliseconds: int) -> datetime:
    """Return the time, in UTC, of a Unix time in milliseconds."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def to_milliseconds(time: datetime) -> int:
    """Return the Unix time in milliseconds."""
    return round(time.timestamp() * 1000)
