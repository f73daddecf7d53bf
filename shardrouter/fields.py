"""ShardedIdField: the primary key that carries its row's slot."""

from typing import Any

from django.core import checks
from django.db import models

from .ids import IdGenerator

generator = IdGenerator()


class ShardedIdField(models.BigIntegerField):
    """A 63-bit id, made when the row is first saved, in the slot of its shard key.

    Like an AutoField it is not asked for in forms.
    """

    description = "Sharded id"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["blank"] = True
        super().__init__(*args, **kwargs)

    def db_type(self, connection: Any) -> str | None:
        # Only a column of exactly this type is SQLite's own rowid (https://sqlite.org/rowidtable);
        # another would be a second tree to look up and to keep, and rows not in their order.
        return "integer" if connection.vendor == "sqlite" else super().db_type(connection)

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        del kwargs["blank"]
        return name, "shardrouter.models.ShardedIdField", args, kwargs

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        errors = super().check(**kwargs)
        if not self.primary_key:
            errors.append(
                checks.Error(
                    "A ShardedIdField must be the primary key.",
                    hint="Write ShardedIdField(primary_key=True).",
                    obj=self,
                    id="shardrouter.E001",
                )
            )
        return errors

    def get_pk_value_on_save(self, instance: models.Model) -> int:
        """A fresh id in the slot of `instance`; raises UnroutedQuery when it has no shard key."""
        from .placement import slot_for_new

        return generator.next_id(slot_for_new(instance))

    def formfield(self, **kwargs: Any) -> None:  # type: ignore[override]
        return None

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        """Nothing to ask: the value is made, not typed."""
