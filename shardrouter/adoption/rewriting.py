"""Rewriting: from an old row to the row that belongs on a shard, with every reference new."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db import connections, models

from .. import ids
from ..exceptions import AdoptionError
from ..placement import has_composite_key, has_sharded_id, placement_of
from ..shardmap import shard_map
from .old_tables import Row, Table, owner_of_ids, stored_fields, translated
from .orphans import Orphans
from .references import NewIds, Reference, label_of, new_ids, references


@dataclass(frozen=True)
class Rewriting:
    """How rows of one old table become rows of the shards."""

    old: Table
    orphans: Orphans
    #: Columns of the old table that are given up, as "app.Model.column".
    left_out: frozenset[str] = frozenset()

    @property
    def model(self) -> type[models.Model]:
        return self.old.model

    @cached_property
    def carried(self) -> list[models.Field]:
        """The fields whose values the old table has."""
        return [field for field in stored_fields(self.model) if field.column in self.old.columns]

    @cached_property
    def added(self) -> list[models.Field]:
        return [
            field for field in stored_fields(self.model) if field.column not in self.old.columns
        ]

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        names = {field.column for field in self.carried}
        return tuple(each for each in references(self.model) if each.column in names)

    def check(self) -> None:
        """Raise AdoptionError if a column would be lost, or has nothing to be filled with."""
        known = {field.column for field in self.model._meta.local_concrete_fields}
        old_key = set(self.old.key) if has_composite_key(self.model) else set()
        label = self.model._meta.label
        for column in self.old.columns:
            if column not in known | old_key and f"{label}.{column}" not in self.left_out:
                raise AdoptionError(
                    f"The old table {self.old.name} has a column {column}, and {label} has none. "
                    "Adopt with the model as it was, and change it after that; or give the "
                    f"column up with --leave-out {label}.{column}."
                )
        placing = [field for field in self.added if placement_of(self.model).determines_slot(field)]
        for field in [each for each in self.added if _has_no_default(each)] + placing:
            raise AdoptionError(
                f"{label}.{field.name} is not in the old table {self.old.name}, and nothing says "
                "its value. Add and fill it while the model has one database, or give it a default."
            )

    def rewrite(self, rows: Sequence[Row], *, as_read: bool = False) -> dict[str, list[Row]]:
        """Return the new rows by the alias of their shard, ready to be written there; or with the
        carried columns alone, `as_read` from the old database."""
        found = NewIds(rows, self.references)
        own = self._own_ids(rows)
        by_alias: dict[str, list[Row]] = {}
        for old in rows:
            new = self._rewritten(old, found, own)
            slot = None if new is None else self._slot(new)
            if new is None or slot is None:
                self.orphans.found(self.old, old)
                continue
            self._require_colocated(old, new, slot)
            alias = shard_map.alias_of(slot)
            complete = new if as_read else self._complete(new, alias)
            by_alias.setdefault(alias, []).append(complete)
        return by_alias

    def _own_ids(self, rows: Sequence[Row]) -> dict[str, int] | None:
        """Return old id → new id of `rows`; None if the model keeps its ids, or has none."""
        model = self.model
        if not has_sharded_id(model) or owner_of_ids(model) is not model:
            return None
        return new_ids(label_of(model), (row[self.old.key[0]] for row in rows))

    def _rewritten(self, old: Row, found: NewIds, own: dict[str, int] | None) -> Row | None:
        """Return `old` with new ids; None if it has no owner."""
        new = {field.column: old[field.column] for field in self.carried}
        if own is not None:
            pk = own.get(str(old[self.old.key[0]]))
            if pk is None:
                return None
            new[self.model._meta.pk.column] = pk
        for each in self.references:
            if not each.holds_in(old):
                continue
            target = found.of(each, old)
            if target is not None:
                new[each.column] = each.as_value(target)
            elif self._needs(each):
                return None
            elif each.is_constrained:
                new[each.column] = None
        return new

    def _needs(self, reference: Reference) -> bool:
        """Return whether a row cannot be without what `reference` names."""
        field = reference.field
        if field.primary_key or field is placement_of(self.model).key:
            return True
        return reference.is_constrained and not field.null

    def _slot(self, new: Row) -> int | None:
        pk = self.model._meta.pk
        key = placement_of(self.model).key
        column = pk.column if has_sharded_id(self.model) or key is None else key.column
        return None if new[column] is None else ids.slot_of(new[column])

    def _require_colocated(self, old: Row, new: Row, slot: int) -> None:
        placement = placement_of(self.model)
        for each in self.references:
            value = new[each.column]
            if value is None or not (each.is_constrained or each.field in placement.colocated):
                continue
            if ids.slot_of(value) != slot:
                pk = ", ".join(str(old[column]) for column in self.old.key)
                raise AdoptionError(
                    f"{self.model._meta.label}(pk={pk}): {each.field.name} {old[each.column]} "
                    "belongs to another owner, so it may be on another shard. Set "
                    "db_constraint=False on that field and leave it out of Shard.colocated."
                )

    def _complete(self, new: Row, alias: str) -> Row:
        """Return `new` as `alias` takes it, with the defaults of fields that the old table has
        not."""
        source, target = self.old.connection, connections[alias]
        for field in self.carried:
            if source.vendor != target.vendor:
                new[field.column] = translated(field, new[field.column], source, target)
        for field in self.added:
            new[field.column] = field.get_db_prep_save(field.get_default(), target)
        return new


def _has_no_default(field: models.Field) -> bool:
    return not field.null and not field.has_default() and not field.empty_strings_allowed


def columns_of(fields: Iterable[models.Field]) -> list[str]:
    return [str(field.column) for field in fields]
