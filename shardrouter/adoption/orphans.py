"""Orphans: rows whose owner does not exist, so that no shard is theirs."""

from __future__ import annotations

from collections import Counter

from ..exceptions import AdoptionError
from .old_tables import Row, Table


class Orphans:
    """What to do with them: leave them out, if `skip`, or stop."""

    def __init__(self, *, skip: bool) -> None:
        self.skip = skip
        #: Model's label → rows that were left out in this run.
        self.left_out: Counter[str] = Counter()

    def found(self, table: Table, row: Row) -> bool:
        """Return False, for "leave it out"; or raise AdoptionError."""
        label = table.model._meta.label
        if not self.skip:
            pk = ", ".join(str(row[column]) for column in table.key)
            raise AdoptionError(
                f"{label}(pk={pk}): its owner does not exist, so no shard is its own. Delete such "
                "rows or give them an owner; or leave them all out with --skip-orphans."
            )
        self.left_out[label] += 1
        return False
