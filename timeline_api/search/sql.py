"""The SQL of a search, for SQLite's FTS5 and PostgreSQL's text search. `index` makes what it
asks."""

from .index import INDEXED, WORDS_FUNCTION, vector
from .query import SearchQuery

# Readers leaf no further; each page asks each shard for all rows before it.
MOST_ROWS = 1000


def ranked_ids(
    vendor: str, table: str, owner: str, query: SearchQuery, *, prefix: bool = False
) -> tuple[str, list[str]]:
    """Return SQL, with parameters, for (id, rank) of the MOST_ROWS best rows of one shard, the
    least rank first. Rows whose `owner` is suspended are left out; with `prefix` the beginnings of
    words are enough."""
    sources, rank = [f"{table} AS found"], "0"
    parameters: list[str] = []
    suspended = "(SELECT id FROM timeline_api_account WHERE is_suspended)"
    conditions = [f"found.{owner} NOT IN {suspended}"]
    if query.words and vendor == "sqlite":
        sources.append(f"{table}_search AS search")
        rank = "search.rank"
        conditions += ["search.rowid = found.id", f"{table}_search MATCH %s"]
        parameters.append(fts5(query, prefix=prefix))
    elif query.words:
        words, parameters = tsquery(query, prefix=prefix)
        sources.append(f"(SELECT {words} AS words) AS asked")
        text = vector(INDEXED[table], "found")
        # 1: of two texts that have a word as often, the shorter one is the better, as with FTS5.
        rank = f"-ts_rank({text}, asked.words, 1)"
        conditions.append(f"{text} @@ asked.words")
    more, more_parameters = _patterns(vendor, table, query)
    sql = (
        f"SELECT found.id, {rank} AS rank FROM {', '.join(sources)} "  # noqa: S608 our own names
        f"WHERE {' AND '.join(conditions + more)} ORDER BY rank, found.id DESC LIMIT {MOST_ROWS}"
    )
    return sql, parameters + more_parameters


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
