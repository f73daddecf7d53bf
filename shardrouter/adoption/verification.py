"""Verification: compares each new row with its old one, by counts and checksums."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from hashlib import blake2b
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from ..exceptions import AdoptionError
from .copying import key_of
from .old_tables import Row, Table, as_python
from .rewriting import Rewriting


@dataclass
class Verified:
    """What was compared of one model: the number of rows, and the sum of their hashes."""

    rows: int = 0
    checksum: int = 0

    def add(self, row: bytes) -> None:
        self.rows += 1
        digest = int.from_bytes(blake2b(row, digest_size=8).digest(), "big")
        # A sum, since the rows of the shards come in another order.
        self.checksum = (self.checksum + digest) % (1 << 64)


@dataclass(frozen=True)
class Comparison:
    """Compares the old rows of one model, rewritten, with those on the shards."""

    rewriting: Rewriting
    wanted: Verified = dataclass_field(default_factory=Verified)
    found: Verified = dataclass_field(default_factory=Verified)

    def compare(self, rows: Sequence[Row]) -> None:
        """Compare `rows`, and raise AdoptionError that names the first that differs."""
        old = self.rewriting.old
        for alias, expected in self.rewriting.rewrite(rows, as_read=True).items():
            table = Table(self.rewriting.model, alias)
            columns = [str(each.column) for each in self.rewriting.carried]
            there = self._there(table, expected, columns)
            for row in expected:
                key = key_of(table, row)
                wanted = self._digested(row, old.connection, table.connection)
                self.wanted.add(wanted)
                if key in there:
                    self.found.add(there[key])
                if there.get(key) != wanted:
                    raise AdoptionError(self._difference(key, alias, key in there))

    def _there(
        self, table: Table, expected: Sequence[Row], columns: list[str]
    ) -> dict[tuple[Any, ...], bytes]:
        there = {}
        for start in range(0, len(expected), 500):
            keys = [key_of(table, row) for row in expected[start : start + 500]]
            for row in table.rows_with(keys, columns):
                old = self.rewriting.old.connection
                there[key_of(table, row)] = self._digested(row, table.connection, old)
        return there

    def _digested(self, row: Row, own: BaseDatabaseWrapper, other: BaseDatabaseWrapper) -> bytes:
        """Return the carried values of a row that `own` has read as bytes; if `other` is a database
        of another kind, as Python has them."""
        fields = self.rewriting.carried
        if own.vendor == other.vendor:
            values = [_plain(row[each.column]) for each in fields]
        else:
            values = [_plain(as_python(each, row[each.column], own)) for each in fields]
        return repr(values).encode("utf-8", "surrogatepass")

    def _difference(self, key: tuple[Any, ...], alias: str, there: bool) -> str:
        what = "differs from its old row" if there else "is missing"
        pk = ", ".join(map(str, key))
        return (
            f"{self.rewriting.model._meta.label}(pk={pk}) on {alias} {what}. Rows may not be "
            "written until `shards adopt` has ended."
        )


def _plain(value: Any) -> Any:
    """Return `value` in a form that depends on nothing but what it says."""
    if isinstance(value, dict | list):
        # PostgreSQL keeps no order of keys.
        return json.dumps(value, sort_keys=True, default=str)
    return bytes(value) if isinstance(value, memoryview) else value
