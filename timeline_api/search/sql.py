"""The SQL of a search, for SQLite's FTS5 and PostgreSQL's text search. `index` makes what it
asks."""

from typing import NamedTuple

from .index import INDEXED, WORDS_FUNCTION, vector
from .query import SearchQuery

Statement = tuple[str, list[str | int]]


class Searched(NamedTuple):
    """What is searched: a table, its column with the account that a row is of, and whether the
    beginnings of words are enough."""

    table: str
    owner: str
    prefix: bool = False


MESSAGES = Searched("timeline_api_message", "author_id")
ACCOUNTS = Searched("timeline_api_account", "id", prefix=True)


def newest(
    vendor: str,
    searched: Searched,
    query: SearchQuery,
    *,
    after_id: int,
    limit: int,
    with_suspended: bool = False,
) -> Statement:
    """Return SQL, with parameters, for (id, text) of the `limit` newest matches of one shard with
    ids above `after_id`, the newest first. Rows of suspended accounts are left out, unless
    `with_suspended`."""
    sources, conditions, parameters = _words(vendor, searched, query)
    if not with_suspended:
        sources.append("timeline_api_account AS owner")
        conditions += [f"owner.id = found.{searched.owner}", "NOT owner.is_suspended"]
    patterns, more = _patterns(vendor, searched.table, query)
    # FTS5 walks its rows backwards by their id and stops at the limit. PostgreSQL must not walk the
    # table: it would make the vector of each row. GIN has it, for an order that is no index's.
    order = "search.rowid" if vendor == "sqlite" and query.words else "found.id"
    conditions += [f"{order} > %s", *patterns]
    joined = f" {'CROSS JOIN' if vendor == 'sqlite' else ','} ".join(sources)
    text = " || ' ' || ".join(f"found.{column}" for column in INDEXED[searched.table])
    sql = (
        f"SELECT found.id, {text} FROM {joined} WHERE {' AND '.join(conditions)} "  # noqa: S608 our own names
        f"ORDER BY {order}{' + 0' if vendor == 'postgresql' and query.words else ''} DESC LIMIT %s"
    )
    return sql, [*parameters, after_id, *more, limit]


def below_newest(searched: Searched, count: int) -> Statement:
    """Return SQL, with parameters, for the id of the row before the newest `count` ones; for no row
    if there are no more."""
    sql = f"SELECT id FROM {searched.table} ORDER BY id DESC LIMIT 1 OFFSET %s"  # noqa: S608
    return sql, [count]


def _words(
    vendor: str, searched: Searched, query: SearchQuery
) -> tuple[list[str], list[str], list[str | int]]:
    """Return sources, conditions and parameters for what the index can find."""
    table, prefix = searched.table, searched.prefix
    found = f"{table} AS found"
    if not query.words:
        return [found], [], []
    if vendor == "sqlite":
        conditions = [f"{table}_search MATCH %s", "found.id = search.rowid"]
        return [f"{table}_search AS search", found], conditions, [fts5(query, prefix=prefix)]
    words, parameters = tsquery(query, prefix=prefix)
    return [found], [f"{vector(INDEXED[table], 'found')} @@ ({words})"], [*parameters]


def _patterns(vendor: str, table: str, query: SearchQuery) -> tuple[list[str], list[str]]:
    """Return conditions, with parameters, for what the index cannot find: parts of words, and,
    without words, the exclusions."""
    like = "LIKE" if vendor == "sqlite" else "ILIKE"
    columns = INDEXED[table]
    either = " OR ".join(f"found.{column} {like} %s ESCAPE '!'" for column in columns)
    conditions, parameters = [], []
    for part in query.parts:
        conditions.append(f"({either})")
        parameters += [_pattern(part)] * len(columns)
    if not query.words:
        for word in query.without:
            conditions.append(f"NOT ({either})")
            parameters += [_pattern(word)] * len(columns)
    return conditions, parameters


def _pattern(part: str) -> str:
    for special in "!%_":
        part = part.replace(special, f"!{special}")
    return f"%{part}%"


def fts5(query: SearchQuery, *, prefix: bool = False) -> str:
    """Return the words as FTS5 takes them, each in quotes, so that none of its operators is meant;
    with `prefix` the beginnings of words are enough. "" without words."""
    if not query.words:
        return ""
    star = "*" if prefix else ""
    match = " ".join(_quoted(word) + star for word in query.words)
    return f"({match})" + "".join(f" NOT {_quoted(word)}" for word in query.without)


def tsquery(query: SearchQuery, *, prefix: bool = False) -> tuple[str, list[str]]:
    """Return the words as a tsquery in SQL with parameters, phrases of what `vector` has of them;
    otherwise as `fts5`."""
    phrase = f"phraseto_tsquery('simple', {WORDS_FUNCTION}(%s))"
    # NULL finds nothing: what has no word that PostgreSQL knows is in no text.
    word = f"nullif({phrase}::text, '')" + (" || ':*'" if prefix else "")
    terms = [f"({word})::tsquery"] * len(query.words) + [f"!!{phrase}"] * len(query.without)
    return " && ".join(terms), [*query.words, *query.without]


def _quoted(word: str) -> str:
    return '"' + word.replace('"', " ") + '"'
