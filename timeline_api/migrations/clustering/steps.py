"""The steps from the old table to the new one, and back."""

import time
from collections.abc import Callable
from typing import Any

from django.db import OperationalError, transaction

from shardrouter import ids

from ...ops import faults
from . import tables

# Seconds that the statement of one transaction may take; batches are sized by it. What the disk
# takes for its commit is the same for a large batch as for a small one.
TARGET = 0.004
FIRST_BATCH, SMALLEST_BATCH, LARGEST_BATCH = 200, 100, 5_000
# How many times as long others have their turn: SQLite does not queue those who wait.
TURNS = 3
# Rows that are written back at once.
BATCH_BACKWARDS = 5_000
# How often a transaction is tried that others' locks keep out, and seconds between two tries.
TRIES, BETWEEN_TRIES = 100, 0.05
MAX_KEY = (ids.MAX_ID, ids.MAX_ID)


def forwards(apps: Any, schema_editor: Any) -> None:
    """Bring the home entries into the clustered table, from wherever an earlier run has come."""
    connection = schema_editor.connection
    if _is_old(connection):
        if tables.NEW not in _tables(connection):
            statements = tables.create_new(connection.vendor)
            statements += tables.create_triggers(connection.vendor)
            _in_short_transaction(connection, lambda cursor: _execute(cursor, statements))
        while _copy(connection):
            pass  # until a pass finds nothing to copy
        statements = tables.exchange(connection.vendor)
        _in_short_transaction(connection, lambda cursor: _execute(cursor, statements))
        faults.point(faults.MIGRATION_AFTER_A_BATCH)
    if tables.OLD in _tables(connection):
        _drop_old(connection)


def backwards(apps: Any, schema_editor: Any) -> None:
    """Bring the home entries back into a table with ids. One transaction, which locks the table as
    long as it takes: stop all processes first."""
    connection = schema_editor.connection
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(f'ALTER TABLE "{tables.TABLE}" RENAME TO "{tables.OLD}"')
        schema_editor.create_model(apps.get_model("timeline_api", "HomeEntry"))
        key = (0, 0)
        while rows := _rows_after(cursor, key):
            slots = [ids.slot_of(owner_id) for owner_id, *_ in rows]
            new_ids = ids.generator.next_ids(slots)
            with_ids = [(pk, *row) for pk, row in zip(new_ids, rows)]
            columns = ", ".join(("id", *tables.COLUMNS))
            values = ", ".join(["%s"] * (1 + len(tables.COLUMNS)))
            cursor.executemany(
                f'INSERT INTO "{tables.TABLE}" ({columns}) VALUES ({values})', with_ids
            )
            key = rows[-1][:2]
        cursor.execute(f'DROP TABLE "{tables.OLD}"')


def _rows_after(cursor: Any, key: tuple[int, int]) -> list[tuple[Any, ...]]:
    cursor.execute(
        f'SELECT {", ".join(tables.COLUMNS)} FROM "{tables.OLD}"'
        " WHERE (owner_id, message_id) > (%s, %s) ORDER BY owner_id, message_id LIMIT %s",
        [*key, BATCH_BACKWARDS],
    )
    return cursor.fetchall()


def _copy(connection: Any) -> int:
    """Copy what the new table lacks. Return the number of rows."""
    copied, key, pace = 0, (0, 0), _Pace()
    while key != MAX_KEY:
        last = _last_of_batch(connection, key, pace.size)
        if not _query(connection, tables.IS_COPIED, [*key, *last] * 2)[0]:
            copied += _write(connection, pace, tables.copy_range(connection.vendor), [*key, *last])
        key = last
    return copied


def _last_of_batch(connection: Any, key: tuple[int, int], size: int) -> tuple[int, int]:
    return _query(connection, tables.LAST_OF_BATCH, [*key, size - 1]) or MAX_KEY


def _drop_old(connection: Any) -> None:
    # SQLite would hold its lock while it frees all pages of a table that it drops.
    pace = _Pace()
    while connection.vendor == "sqlite" and _write(connection, pace, tables.EMPTY_OLD, None):
        pass
    drop = [f'DROP TABLE "{tables.OLD}"']
    _in_short_transaction(connection, lambda cursor: _execute(cursor, drop))


class _Pace:
    """How many rows a statement takes, so that it is as long as TARGET."""

    def __init__(self) -> None:
        self.size = FIRST_BATCH

    def adapt(self, seconds: float) -> None:
        """Set the size after a statement took `seconds`, and give others their turn."""
        factor = min(2.0, max(0.25, TARGET / max(seconds, 1e-6)))
        self.size = int(min(LARGEST_BATCH, max(SMALLEST_BATCH, self.size * factor)))
        time.sleep(min(TURNS * seconds, 20 * TARGET))


def _write(connection: Any, pace: _Pace, sql: str, parameters: list[int] | None) -> int:
    """Run one statement in a transaction of its own, with the batch's size if it has no other
    parameters. Return the number of rows."""

    def work(cursor: Any) -> tuple[int, float]:
        began = time.perf_counter()
        cursor.execute(sql, [pace.size] if parameters is None else parameters)
        return cursor.rowcount, time.perf_counter() - began

    rows, seconds = _in_short_transaction(connection, work)
    pace.adapt(seconds)
    if rows:
        faults.point(faults.MIGRATION_AFTER_A_BATCH)
    return rows


def _in_short_transaction(connection: Any, work: Callable[[Any], Any]) -> Any:
    """Return what `work` returns for a cursor; wait for locks in turns, and never long with others
    behind."""
    for attempt in range(1, TRIES + 1):
        try:
            with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
                if connection.vendor == "postgresql":
                    cursor.execute("SET LOCAL lock_timeout = '100ms'")
                return work(cursor)
        except OperationalError:
            if attempt == TRIES:
                raise
            time.sleep(BETWEEN_TRIES)
    raise AssertionError("The last attempt returns or raises.")


def _execute(cursor: Any, statements: list[str]) -> None:
    for sql in statements:
        cursor.execute(sql)


def _query(connection: Any, sql: str, parameters: list[int]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchone()


def _tables(connection: Any) -> list[str]:
    with connection.cursor() as cursor:
        return connection.introspection.table_names(cursor)


def _is_old(connection: Any) -> bool:
    with connection.cursor() as cursor:
        columns = connection.introspection.get_table_description(cursor, tables.TABLE)
    return any(column.name == "id" for column in columns)
