"""The search index of each shard, kept by its database: FTS5 on SQLite, text search over the same
words on PostgreSQL.
"""

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.backends.utils import CursorWrapper

from shardrouter import shards

# What is indexed: the table, and its columns.
INDEXED = {
    "timeline_api_message": ("text",),
    "timeline_api_account": ("username", "display_name", "bio"),
}
# A text as FTS5 divides it: no accents on Latin letters, and no punctuation, of which PostgreSQL's
# parser would make addresses, paths, signs and compounds. In PL/pgSQL, for its cost to be known to
# the planner: what is in SQL is put in its place, at no cost, and then made again for whole tables.
WORDS_FUNCTION = "timeline_api_words"
_CREATE_FUNCTION = rf"""
    CREATE OR REPLACE FUNCTION {WORDS_FUNCTION}(text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$ BEGIN
        RETURN translate(
            normalize(
                regexp_replace(normalize($1, NFD), '([a-zA-Z])[\u0300-\u036f]+', '\1', 'g'), NFC
            ),
            '!"#$%&''()*+,-./:;<=>?@[\]^_`{{|}}~', repeat(' ', 32)
        );
    END $$
"""


def install(using: str, **kwargs: object) -> None:
    """post_migrate receiver: create a shard's indexes and triggers if they are missing. Migrations
    that rebuild a table drop its triggers, so this runs after each."""
    if using not in shards():
        return
    connection = connections[using]
    is_sqlite = connection.vendor == "sqlite"
    create_index = create_sqlite_index if is_sqlite else create_postgresql_index
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        for table, columns in INDEXED.items():
            if table in tables:
                create_index(cursor, table, columns)


def create_sqlite_index(cursor: CursorWrapper, table: str, columns: tuple[str, ...]) -> None:
    """Create an FTS5 table, and the triggers that keep it. Idempotent."""
    index, names = f"{table}_search", ", ".join(columns)
    cursor.execute("SELECT name FROM sqlite_master WHERE tbl_name = %s", [table])
    triggers = {f"{index}_{event}" for event in ("insert", "delete", "update")}
    if triggers <= {name for (name,) in cursor.fetchall()}:
        return
    new, old = (", ".join(f"{row}.{column}" for column in columns) for row in ("new", "old"))
    add = f"INSERT INTO {index} (rowid, {names}) VALUES (new.id, {new});"  # noqa: S608
    remove = f"INSERT INTO {index} ({index}, rowid, {names}) VALUES ('delete', old.id, {old});"  # noqa: S608
    cursor.execute(
        f"CREATE VIRTUAL TABLE IF NOT EXISTS {index} USING fts5({names}, content='{table}',"
        " content_rowid='id', tokenize='unicode61 remove_diacritics 2')"
    )
    for event, when, work in (
        ("insert", "AFTER INSERT", add),
        ("delete", "AFTER DELETE", remove),
        ("update", f"AFTER UPDATE OF {names}", remove + add),
    ):
        cursor.execute(f"DROP TRIGGER IF EXISTS {index}_{event}")
        cursor.execute(f"CREATE TRIGGER {index}_{event} {when} ON {table} BEGIN {work} END")
    cursor.execute(f"INSERT INTO {index} ({index}) VALUES ('rebuild')")  # noqa: S608


def create_postgresql_index(cursor: CursorWrapper, table: str, columns: tuple[str, ...]) -> None:
    """Create a GIN index. Idempotent. Raise ImproperlyConfigured if the database's locale cannot
    lowercase letters beyond ASCII."""
    cursor.execute("SELECT lower('ÄI')")
    if cursor.fetchone() != ("äi",):
        raise ImproperlyConfigured(
            "Names and searches would not be found in this database: its locale lowercases the "
            "letters of ASCII alone, or by rules of its own. Create it with "
            "CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'."
        )
    cursor.execute(_CREATE_FUNCTION)
    # Made by earlier versions: it had the words as PostgreSQL's own parser finds them.
    cursor.execute(f"DROP INDEX IF EXISTS {table}_search")
    cursor.execute(
        f"CREATE INDEX IF NOT EXISTS {table}_words ON {table} USING GIN ({vector(columns)})"
    )


def vector(columns: tuple[str, ...], table: str = "") -> str:
    """Return the expression that PostgreSQL indexes and searches; it must be the same in both."""
    prefix = f"{table}." if table else ""
    joined = " || ' ' || ".join(f"{prefix}{column}" for column in columns)
    return f"to_tsvector('simple', {WORDS_FUNCTION}({joined}))"
