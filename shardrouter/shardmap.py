"""The shard map: which alias holds each of the 4096 slots. Kept in `default`, cached here."""

import threading
from collections import Counter

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections

from . import conf
from .exceptions import ShardRouterError
from .ids import SLOTS


def even_assignment(aliases: tuple[str, ...]) -> tuple[str, ...]:
    """Return the alias of each slot, by slot, as a new map has them: slot modulo shards."""
    return tuple(aliases[slot % len(aliases)] for slot in range(SLOTS))


class ShardMap:
    """Slot → alias, read from the database on first use and after `reload()`.

    A process keeps its copy, so that the shards still work while `default` is down. Thread-safe.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._aliases: tuple[str, ...] | None = None

    def alias_of(self, slot: int) -> str:
        """Return the alias of the database that holds `slot`."""
        return self.aliases()[slot]

    def aliases(self) -> tuple[str, ...]:
        """Return the alias of each of the 4096 slots, by slot.

        Raise ShardRouterError if the map cannot be read, or is not complete.
        """
        aliases = self._aliases
        if aliases is None:
            with self._lock:
                aliases = self._aliases = self._aliases or self._read()
        return aliases

    def counts(self) -> dict[str, int]:
        """Return the number of slots on each shard, by alias."""
        held = Counter(self.aliases())
        return {alias: held[alias] for alias in conf.shards()}

    def reload(self) -> None:
        """Discard the cached map; it is read again when it is next needed."""
        self._aliases = None

    def _read(self) -> tuple[str, ...]:
        model = apps.get_model("shardrouter", "SlotAssignment")
        try:
            rows = dict(model.objects.using(DEFAULT_DB_ALIAS).values_list("slot", "alias"))
        except DatabaseError as error:
            raise ShardRouterError(
                f"The shard map cannot be read from {DEFAULT_DB_ALIAS} ({error}). "
                "Has `manage.py migrate` been run?"
            ) from error
        if len(rows) != SLOTS:
            raise ShardRouterError(
                f"The shard map in {DEFAULT_DB_ALIAS} has {len(rows)} of {SLOTS} slots. "
                "Run `manage.py migrate`."
            )
        return tuple(rows[slot] for slot in range(SLOTS))


shard_map = ShardMap()


def assign_slots(using: str, **kwargs: object) -> None:
    """Assign the slots of an empty shard map evenly: a post_migrate receiver for `default`.

    Idempotent.
    """
    model = apps.get_model("shardrouter", "SlotAssignment")
    # It is not there yet if another app is migrated alone, before anything else.
    existing = connections[using].introspection.table_names()
    if using != DEFAULT_DB_ALIAS or model._meta.db_table not in existing:
        return
    rows = model.objects.using(using)
    if not rows.exists():
        aliases = even_assignment(conf.shards())
        rows.bulk_create(model(slot=slot, alias=alias) for slot, alias in enumerate(aliases))
    shard_map.reload()
    shard_map.aliases()
