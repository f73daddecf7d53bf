"""Pages of lists that are ordered by an id, newest first."""

from collections.abc import Iterable
from typing import Any


class Page(list):
    """The rows of one page, newest first.

    `shards_missing` names the shards that could not be asked for theirs. Where that leaves rows
    out, `positions` says where all of them stand, so that paging goes on past them.
    """

    def __init__(
        self,
        rows: Iterable[Any] = (),
        shards_missing: Iterable[str] = (),
        positions: list[int] | None = None,
    ) -> None:
        super().__init__(rows)
        self.shards_missing = tuple(sorted(set(shards_missing)))
        self.positions = positions


MAX_ID = 2**63 - 1


def flipped(row_id: int) -> int:
    """The position of a row in a list that has the oldest first, where the greatest comes first."""
    return MAX_ID - row_id


def oldest_first(
    queryset: Any, *, before_id: int | None, after_id: int | None, limit: int, field: str = "id"
) -> Page:
    """As `cut`, of a list that has the oldest first: its positions are `flipped`."""
    if after_id is not None:
        rows = queryset.filter(**{f"{field}__lt": flipped(after_id)}).order_by(f"-{field}")
        kept = list(reversed(rows[:limit]))
    else:
        if before_id is not None:
            queryset = queryset.filter(**{f"{field}__gt": flipped(before_id)})
        kept = list(queryset.order_by(field)[:limit])
    return Page(kept, positions=[flipped(getattr(row, field)) for row in kept])


def cut(
    queryset: Any, *, before_id: int | None, after_id: int | None, limit: int, field: str = "id"
) -> Page:
    """At most `limit` rows by `field`, newest first: the newest below `before_id`, or the oldest
    above `after_id`. One query for each shard that `queryset` asks."""
    if after_id is not None:
        rows = queryset.filter(**{f"{field}__gt": after_id}).order_by(field)[:limit]
        return Page(reversed(list(rows)), rows.shards_missing)
    if before_id is not None:
        queryset = queryset.filter(**{f"{field}__lt": before_id})
    rows = queryset.order_by(f"-{field}")[:limit]
    return Page(list(rows), rows.shards_missing)
