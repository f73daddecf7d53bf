"""The SQL of the home entries' tables and triggers, for SQLite and for PostgreSQL."""

TABLE = "timeline_api_homeentry"
NEW = f"{TABLE}_new"
OLD = f"{TABLE}_old"
COLUMNS = ("owner_id", "message_id", "author_id", "original_id", "original_author_id")

_NAMES = ", ".join(COLUMNS)
_REFERENCE = 'REFERENCES "timeline_api_account" ("id") DEFERRABLE INITIALLY DEFERRED'
_COLUMNS = f"""
    "owner_id" {{integer}} NOT NULL {_REFERENCE},
    "message_id" bigint NOT NULL,
    "author_id" bigint NOT NULL,
    "original_id" bigint NULL,
    "original_author_id" bigint NULL,
"""
_CREATE = {
    # One tree: a row is found, and read, by its key.
    "sqlite": f"""
        CREATE TABLE "{NEW}" (
            {_COLUMNS.format(integer="integer")}
            PRIMARY KEY ("owner_id", "message_id")
        ) WITHOUT ROWID
    """,
    # Rows lie where there is room, but the index has all that a page of a home reads of them.
    "postgresql": f"""
        CREATE TABLE "{NEW}" (
            {_COLUMNS.format(integer="bigint")}
            CONSTRAINT "home_entry_key" PRIMARY KEY ("owner_id", "message_id")
                INCLUDE ("author_id", "original_id", "original_author_id")
        )
    """,
}
_INDEX = f"""
    CREATE INDEX "home_entry_of_repost" ON "{NEW}" ("owner_id", "original_id", "message_id")
    WHERE "original_id" IS NOT NULL
"""

_INSERT = f"""
    INSERT INTO "{NEW}" ({_NAMES}) VALUES ({", ".join(f"NEW.{each}" for each in COLUMNS)})
    ON CONFLICT ("owner_id", "message_id") DO NOTHING;
"""
_DELETE = f"""
    DELETE FROM "{NEW}" WHERE "owner_id" = OLD."owner_id" AND "message_id" = OLD."message_id";
"""
_EVENTS = {"insert": _INSERT, "delete": _DELETE, "update": _DELETE + _INSERT}
_FUNCTION = f"{TABLE}_repeat"


def create_new(vendor: str) -> list[str]:
    """Return the statements that create the new table and its index."""
    # On one line: SQLite keeps the text, and Django looks for columns in what ends it.
    return [" ".join(sql.split()) for sql in (_CREATE[vendor], _INDEX)]


def create_triggers(vendor: str) -> list[str]:
    """Return the statements after which each write to the old table is repeated in the new one."""
    if vendor == "sqlite":
        return [
            f'CREATE TRIGGER "{_FUNCTION}_{event}" AFTER {event} ON "{TABLE}" BEGIN {work} END'
            for event, work in _EVENTS.items()
        ]
    branches = " ".join(
        f"IF TG_OP = '{event.upper()}' THEN {work} END IF;" for event, work in _EVENTS.items()
    )
    return [
        f"CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {branches} RETURN NULL; END $$",
        f'CREATE TRIGGER {_FUNCTION} AFTER INSERT OR UPDATE OR DELETE ON "{TABLE}" '
        f"FOR EACH ROW EXECUTE FUNCTION {_FUNCTION}()",
    ]


def exchange(vendor: str) -> list[str]:
    """Return the statements that drop the triggers and give the new table the name of the old."""
    if vendor == "sqlite":
        drop = [f'DROP TRIGGER "{_FUNCTION}_{event}"' for event in _EVENTS]
    else:
        drop = [f'DROP TRIGGER {_FUNCTION} ON "{TABLE}"', f"DROP FUNCTION {_FUNCTION}()"]
    return [
        *drop,
        f'ALTER TABLE "{TABLE}" RENAME TO "{OLD}"',
        f'ALTER TABLE "{NEW}" RENAME TO "{TABLE}"',
    ]


# A range of the old table, in the order of the new one's key. The unique index of the old has it.
_AFTER = '("owner_id", "message_id") > (%s, %s)'
_RANGE = f'{_AFTER} AND ("owner_id", "message_id") <= (%s, %s)'

#: The key of the row that ends a batch; parameters: the key before it, and the size less one.
LAST_OF_BATCH = f"""
    SELECT "owner_id", "message_id" FROM "{TABLE}" WHERE {_AFTER}
    ORDER BY "owner_id", "message_id" LIMIT 1 OFFSET %s
"""
#: Whether both tables have as many rows in a range; the new one never has a row that the old has
#: not. Parameters: the range, twice.
IS_COPIED = f"""
    SELECT (SELECT count(*) FROM "{TABLE}" WHERE {_RANGE})
         = (SELECT count(*) FROM "{NEW}" WHERE {_RANGE})
"""
#: The oldest rows of the old table, as many as the parameter says.
EMPTY_OLD = f"""
    DELETE FROM "{OLD}" WHERE "id" IN (SELECT "id" FROM "{OLD}" ORDER BY "id" LIMIT %s)
"""


def copy_range(vendor: str) -> str:
    """Return the statement that copies a range."""
    # A row that is being deleted is left to the next pass: without a lock its copy could come back
    # after the trigger has looked for it, and waiting for the lock could deadlock.
    lock = "FOR SHARE SKIP LOCKED" if vendor == "postgresql" else ""
    return f"""
        INSERT INTO "{NEW}" ({_NAMES})
        SELECT {_NAMES} FROM "{TABLE}" WHERE {_RANGE} ORDER BY "owner_id", "message_id" {lock}
        ON CONFLICT ("owner_id", "message_id") DO NOTHING
    """
