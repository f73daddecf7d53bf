"""Databases: whether each can be read and holds what it should, and how its clock goes."""

import time

from django.apps import apps
from django.db import DatabaseError, connections, router

from shardrouter import shards

# Beyond this, times that different machines write should not be compared.
MOST_SKEW_SECONDS = 1.0


def is_up(alias: str) -> bool:
    """Return whether the database can be read, is migrated, and has every table that it should: a
    lost file may come back empty or half-made."""
    connection = connections[alias]
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
            is_migrated = cursor.fetchone() is not None
            found = connection.introspection.table_names(cursor)
        return is_migrated and tables_of(alias).issubset(found)
    except DatabaseError:
        return False


def tables_of(alias: str) -> set[str]:
    """Return the names of the tables that belong on a database."""
    return {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and router.allow_migrate_model(alias, model)
    }


def clock_skew() -> float:
    """Return by how many seconds this machine's clock is ahead of that of the database server that
    differs most; less than 0 if it is behind. SQLite has this machine's clock."""
    return max((_skew(alias) for alias in ("default", *shards())), key=abs)


def clock_problems(skew: float) -> list[str]:
    """Return what an operator should look at, a sentence each, if `clock_skew()` is `skew`."""
    if abs(skew) <= MOST_SKEW_SECONDS:
        return []
    return [f"The clock of this machine is {skew:+.0f} s off the database server's."]


def _skew(alias: str) -> float:
    connection = connections[alias]
    if connection.vendor != "postgresql":
        return 0.0
    try:
        with connection.cursor() as cursor:
            asked = time.time()
            cursor.execute("SELECT EXTRACT(EPOCH FROM clock_timestamp())")
            answer = float(cursor.fetchone()[0])
    except DatabaseError:
        return 0.0
    return (asked + time.time()) / 2 - answer
