"""Full-text search: the index of each shard, made and kept by its database, and what people type
as a query of it. SQLite has FTS5; PostgreSQL its own text search, which is given the same words.
"""

import re
import unicodedata
from typing import NamedTuple

from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from shardrouter import shards

MAX_LENGTH = 200
# What is indexed: the table, and its columns.
INDEXED = {
    "timeline_api_message": ("text",),
    "timeline_api_account": ("username", "display_name", "bio"),
}
_PART = re.compile(r'(-?)(?:"([^"]*)"?|(\S+))')
# Scripts that write no space between words: the index has their sentences as one word, so texts are
# looked through for them.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)


# A text as FTS5 divides it: no accents on Latin letters, and no punctuation, of which PostgreSQL's
# parser would make addresses, paths, signs and compounds.
_WORDS = "timeline_api_words"
_MAKE_WORDS = rf"""
    CREATE OR REPLACE FUNCTION {_WORDS}(text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT translate(
            normalize(
                regexp_replace(normalize($1, NFD), '([a-zA-Z])[\u0300-\u036f]+', '\1', 'g'), NFC
            ),
            '!"#$%&''()*+,-./:;<=>?@[\]^_`{{|}}~', repeat(' ', 32)
        )
    $$
"""


class Asked(NamedTuple):
    """What somebody searches for: `words` and phrases that must be there, `without` those that must
    not, `parts` of words in scripts without spaces."""

    words: tuple[str, ...]
    without: tuple[str, ...]
    parts: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.words or self.parts)


def parse(text: str) -> Asked:
    """Words, "phrases in quotes" and -words to leave out. All else is punctuation; there is no text
    that is no query."""
    words, without, parts = [], [], []
    text = unicodedata.normalize("NFC", text.replace("\0", " "))
    for minus, phrase, word in _PART.findall(text):
        term = " ".join((phrase or word).split())
        if not any(unicodedata.category(character)[0] in "LN" for character in term):
            continue
        if minus:
            without.append(term)
        elif _UNSPACED.search(term):
            parts.append(term)
        else:
            words.append(term)
    return Asked(tuple(words), tuple(without), tuple(parts))


def fts5(asked: Asked, *, prefix: bool = False) -> str:
    """The words as FTS5 takes them, each in quotes, so that none of its operators is meant; with
    `prefix` the beginnings of words are enough. "" without words."""
    if not asked.words:
        return ""
    star = "*" if prefix else ""
    match = " ".join(_quoted(word) + star for word in asked.words)
    return f"({match})" + "".join(f" NOT {_quoted(word)}" for word in asked.without)


def tsquery(asked: Asked, *, prefix: bool = False) -> tuple[str, list[str]]:
    """The words as a tsquery in SQL with parameters, phrases of what `vector` has of them; as
    `fts5` otherwise."""
    phrase = f"phraseto_tsquery('simple', {_WORDS}(%s))"
    # NULL finds nothing: what has no word that PostgreSQL knows is in no text.
    word = f"nullif({phrase}::text, '')" + (" || ':*'" if prefix else "")
    terms = [f"({word})::tsquery"] * len(asked.words) + [f"!!{phrase}"] * len(asked.without)
    return " && ".join(terms), [*asked.words, *asked.without]


def install(using: str, **kwargs: object) -> None:
    """post_migrate receiver: make a shard's indexes and triggers where they are missing. Migrations
    that rebuild a table drop its triggers, so this runs after each."""
    if using not in shards():
        return
    connection = connections[using]
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        for table, columns in INDEXED.items():
            if table in tables:
                make = _sqlite if connection.vendor == "sqlite" else _postgresql
                make(cursor, table, columns)


def _sqlite(cursor, table: str, columns: tuple[str, ...]) -> None:
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


def _postgresql(cursor, table: str, columns: tuple[str, ...]) -> None:
    cursor.execute("SELECT lower('ÄI')")
    if cursor.fetchone() != ("äi",):
        raise ImproperlyConfigured(
            "Names and searches would not be found in this database: its locale knows the letters "
            "of ASCII alone, or makes them small in a way of its own. Make it with "
            "CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'."
        )
    cursor.execute(_MAKE_WORDS)
    # Of an earlier checkout: it had the words as PostgreSQL's parser finds them.
    cursor.execute(f"DROP INDEX IF EXISTS {table}_search")
    cursor.execute(
        f"CREATE INDEX IF NOT EXISTS {table}_words ON {table} USING GIN ({vector(columns)})"
    )


def vector(columns: tuple[str, ...], table: str = "") -> str:
    """What PostgreSQL indexes and searches, the same text in both."""
    prefix = f"{table}." if table else ""
    joined = " || ' ' || ".join(f"{prefix}{column}" for column in columns)
    return f"to_tsvector('simple', {_WORDS}({joined}))"


def _quoted(word: str) -> str:
    return '"' + word.replace('"', " ") + '"'
