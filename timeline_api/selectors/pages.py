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
