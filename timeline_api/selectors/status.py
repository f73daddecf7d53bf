"""Status: the state of the installation, and what an operator should look at."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db import connections

from shardrouter import shards

from ..ops.instances import ask_each
from ..ops.sqlite_files import path_of
from .databases import clock_problems, clock_skew, is_up
from .figures import Figures, today
from .outbox import Lag, lags

# Below this somebody should look; the alerts in deploy/monitoring/ have the same.
DISK_FREE_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Database:
    """A database: whether it can be read, and its size in bytes; None if that is not known."""

    alias: str
    up: bool
    size: int | None


@dataclass(frozen=True)
class Status:
    """`instances`: name → whether it answers within a second; empty if none are known.
    `relay`: shard → how far it is behind. `clock_skew`: seconds. `disk_free`: bytes.
    `figures`: None if they cannot be read."""

    instances: dict[str, bool]
    databases: list[Database]
    relay: dict[str, Lag]
    clock_skew: float
    disk_free: int
    figures: Figures | None

    def problems(self) -> list[str]:
        """Return what an operator should look at, a sentence each, the worst first."""
        return [
            *(f"{each.alias} cannot be read." for each in self.databases if not each.up),
            *(f"{name} does not answer." for name, up in self.instances.items() if not up),
            *self._problems_of_the_relay(),
            *clock_problems(self.clock_skew),
            *self._problems_of_the_disk(),
        ]

    def _problems_of_the_relay(self) -> Iterator[str]:
        for lag in self.relay.values():
            if lag.up and not lag.relay:
                yield f"No relay works on {lag.shard}."
            yield from lag.problems()

    def _problems_of_the_disk(self) -> Iterator[str]:
        if self.disk_free < DISK_FREE_BYTES:
            yield f"The disk has {self.disk_free // 1_000_000} MB left."


def status() -> Status:
    """Return the status. Asks each instance, six queries on each shard and some on `default`."""
    answers = ask_each({"api": "/livez", "web": "/livez"})
    found = databases()
    return Status(
        instances={name: text is not None for name, text in answers.items()},
        databases=found,
        relay={lag.shard: lag for lag in lags()},
        clock_skew=clock_skew(),
        disk_free=shutil.disk_usage(settings.VAR_DIR).free,
        figures=today() if any(each.up for each in found if each.alias != "default") else None,
    )


def databases() -> list[Database]:
    """Return `default` and the shards."""
    return [_database(alias) for alias in ("default", *shards())]


def _database(alias: str) -> Database:
    up = is_up(alias)
    return Database(alias, up, _size(alias) if up else None)


def _size(alias: str) -> int | None:
    """Return the bytes of the database: its file's, or what PostgreSQL says; None if neither."""
    connection = connections[alias]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            return cursor.fetchone()[0]
    return path.stat().st_size if (path := path_of(connection)).is_file() else None
