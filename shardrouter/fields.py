"""ShardedIdField: the primary key that carries its row's slot."""

from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from .ids import generator
from .location import slot_for_new
from .placement import CarriesSlot


class ShardedIdField(CarriesSlot, models.BigIntegerField):
    """A 63-bit id, made when the row is first saved, in the slot of its shard key.

    Left out of forms, as an AutoField is.
    """

    description = "Sharded id"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["blank"] = True
        super().__init__(*args, **kwargs)

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        # Only a column of exactly this type is SQLite's own rowid (https://sqlite.org/rowidtable);
        # another would be a second tree to look up and to keep, and rows not in their order.
        return "integer" if connection.vendor == "sqlite" else super().db_type(connection)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, _path, args, kwargs = super().deconstruct()
        del kwargs["blank"]
        return name, "shardrouter.models.ShardedIdField", args, kwargs

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        errors = super().check(**kwargs)
        # An indexed one is a column of ids, as a history of changes copies a primary key.
        if not self.primary_key and not getattr(self, "db_index", False):
            errors.append(
                checks.Error(
                    "A ShardedIdField must be the primary key.",
                    hint="Write ShardedIdField(primary_key=True); or db_index=True for a column "
                    "that holds ids of other rows.",
                    obj=self,
                    id="shardrouter.E001",
                )
            )
        return errors

    def get_pk_value_on_save(self, instance: models.Model) -> int:
        """Return a new id in the slot of `instance`. Raise UnroutedQuery if its shard key is not
        set."""
        return generator.next_id(slot_for_new(instance))

    def formfield(self, *args: Any, **kwargs: Any) -> None:
        return None

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        """Accept any value: it is made, not typed in."""
