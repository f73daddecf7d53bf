"""Pages: parts of lists that are ordered by an id or another number, the position."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Generic, TypeVar

Row = TypeVar("Row", covariant=True)
Other = TypeVar("Other")

MAX_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """A part of a list, the greatest position first.

    `rows` has a row for each of the `positions` that can be shown, in their order. A position
    without a row is of something deleted, hidden from the reader, or on one of `shards_missing`,
    which did not answer: paging goes on past it.
    """

    positions: Sequence[int] = ()
    rows: Mapping[int, Row] = field(default_factory=dict)
    shards_missing: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows.values())

    def __len__(self) -> int:
        return len(self.rows)

    def with_rows(
        self, rows: Mapping[int, Other], shards_missing: Iterable[str] = ()
    ) -> "Page[Other]":
        """Return the same part of the list with `rows`, by position, in place of its own."""
        missing = {*self.shards_missing, *shards_missing}
        shown = {position: rows[position] for position in self.positions if position in rows}
        return Page(self.positions, shown, tuple(sorted(missing)))

    def part(self, positions: Sequence[int]) -> "Page[Row]":
        """Return what stands at these of its positions."""
        rows = {position: self.rows[position] for position in positions if position in self.rows}
        return Page(positions, rows, self.shards_missing)


def reversed_position(number: int) -> int:
    """Return the position of a row in a list that has the least `number` first. Its own inverse."""
    return MAX_ID - number


def window(
    queryset: Any, before_id: int | None, after_id: int | None, limit: int, field: str = "id"
) -> Any:
    """Return the queryset of the `limit` greatest by `field` below `before_id`, the greatest first;
    or of the least above `after_id`, the least first. Prepared queries end with it."""
    if after_id is not None:
        return queryset.filter(**{f"{field}__gt": after_id}).order_by(field)[:limit]
    if before_id is not None:
        queryset = queryset.filter(**{f"{field}__lt": before_id})
    return queryset.order_by(f"-{field}")[:limit]


def window_page(
    rows: Sequence[Any],
    after_id: int | None,
    shards_missing: tuple[str, ...] = (),
    *,
    position: Callable[[Any], int] = itemgetter(0),
) -> Page[Any]:
    """Return the page of the rows of a `window`. `position` reads the field off a row; without it,
    it is the first column."""
    if after_id is not None:
        rows = rows[::-1]
    by_position = {position(row): row for row in rows}
    return Page(list(by_position), by_position, shards_missing)


def newest_first(
    queryset: Any,
    *,
    before_id: int | None,
    after_id: int | None,
    limit: int,
    field: str = "id",
    position: Callable[[Any], int] = itemgetter(0),
) -> Page[Any]:
    """Return the page of a `window` of `queryset`. One query for each shard that it asks."""
    rows = window(queryset, before_id, after_id, limit, field)
    return window_page(list(rows), after_id, rows.shards_missing, position=position)


def oldest_window(
    queryset: Any, below: int | None, above: int, limit: int, field: str = "id"
) -> Any:
    """Return the queryset of the `limit` least by `field` above `above`, the least first; or of the
    greatest below `below`, the greatest first. Prepared queries of lists that have the oldest first
    end with it."""
    if below is not None:
        return queryset.filter(**{f"{field}__lt": below}).order_by(f"-{field}")[:limit]
    return queryset.filter(**{f"{field}__gt": above}).order_by(field)[:limit]


def oldest_first(
    read: Callable[[int | None, int, int], Sequence[Any]],
    *,
    before_id: int | None,
    after_id: int | None,
    limit: int,
) -> Page[Any]:
    """Return a page as `newest_first` does, of a list that has the oldest first: the positions are
    reversed. `read` reads the rows of an `oldest_window`, whose first column is its field."""
    if after_id is not None:
        rows = read(reversed_position(after_id), 0, limit)[::-1]
    else:
        rows = read(None, 0 if before_id is None else reversed_position(before_id), limit)
    by_position = {reversed_position(row[0]): row for row in rows}
    return Page(list(by_position), by_position)
