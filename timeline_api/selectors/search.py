"""Search over all shards: the best first, by each shard's own index."""

from typing import Any, NamedTuple

from django.db import connections

from shardrouter import availability, shards
from shardrouter.exceptions import ShardUnavailable

from ..search import index
from ..search.query import Asked, fts5, tsquery
from . import accounts, messages
from .pages import Page, flipped

# Nobody leafs further; each page asks each shard for all rows before it.
DEEPEST = 1000


class Hit(NamedTuple):
    """A row that was found; the least `rank` is the best. Of equals the newest comes first."""

    rank: float
    negative_id: int


def found_messages(
    asked: Asked, *, before_id: int | None = None, after_id: int | None = None, limit: int = 30
) -> Page:
    """A page of the messages that have what is asked for. Two queries on each shard. A shard that
    does not answer is left out."""
    hits, missing = _hits("timeline_api_message", "author_id", asked, prefix=False)
    chosen = _cut(hits, before_id, after_id, limit)
    rows, also_missing = messages.found([-hit.negative_id for hit in chosen])
    return Page(_placed(chosen, rows), (*missing, *also_missing), chosen.positions)


def found_accounts(
    asked: Asked, *, before_id: int | None = None, after_id: int | None = None, limit: int = 30
) -> Page:
    """A page of the accounts whose name, display name or bio has what is asked for, or begins with
    it; costs as `found_messages`."""
    hits, missing = _hits("timeline_api_account", "id", asked, prefix=True)
    chosen = _cut(hits, before_id, after_id, limit)
    rows = accounts.by_ids([-hit.negative_id for hit in chosen])
    return Page(_placed(chosen, rows), missing, chosen.positions)


def _placed(chosen: Page, rows: dict[int, Any]) -> list[Any]:
    """The rows that were found, in their order, each with its `position`."""
    placed = []
    for hit, position in zip(chosen, chosen.positions, strict=True):
        row = rows.get(-hit.negative_id)
        if row is not None:
            row.position = position
            placed.append(row)
    return placed


def _hits(table: str, owner: str, asked: Asked, *, prefix: bool) -> tuple[list[Hit], list[str]]:
    hits: list[Hit] = []
    missing = []
    if not asked:
        return hits, missing
    for alias in shards():
        sql, parameters = _query(connections[alias].vendor, table, owner, asked, prefix=prefix)
        try:
            with availability.translate_errors(alias), connections[alias].cursor() as cursor:
                cursor.execute(sql, parameters)
                hits += [Hit(rank, -pk) for pk, rank in cursor.fetchall()]
        except ShardUnavailable:
            missing.append(alias)
    return sorted(hits)[:DEEPEST], missing


def _query(
    vendor: str, table: str, owner: str, asked: Asked, *, prefix: bool
) -> tuple[str, list[str]]:
    """SQL for (id, rank) of the best rows of one shard, suspended members' left out."""
    columns = index.INDEXED[table]
    sources, rank = [f"{table} AS found"], "0"
    parameters: list[str] = []
    suspended = "(SELECT id FROM timeline_api_account WHERE is_suspended)"
    conditions = [f"found.{owner} NOT IN {suspended}"]
    if asked.words and vendor == "sqlite":
        sources.append(f"{table}_search AS search")
        rank = "search.rank"
        conditions += ["search.rowid = found.id", f"{table}_search MATCH %s"]
        parameters.append(fts5(asked, prefix=prefix))
    elif asked.words:
        query, parameters = tsquery(asked, prefix=prefix)
        sources.append(f"(SELECT {query} AS words) AS asked")
        vector = index.vector(columns, "found")
        # 1: of two texts that have a word as often, the shorter one is the better, as with FTS5.
        rank = f"-ts_rank({vector}, asked.words, 1)"
        conditions.append(f"{vector} @@ asked.words")
    like = "LIKE" if vendor == "sqlite" else "ILIKE"
    escape = "ESCAPE '!'"
    for part in asked.parts:
        either = " OR ".join(f"found.{column} {like} %s {escape}" for column in columns)
        conditions.append(f"({either})")
        parameters += [_pattern(part)] * len(columns)
    if not asked.words:
        for word in asked.without:
            either = " OR ".join(f"found.{column} {like} %s {escape}" for column in columns)
            conditions.append(f"NOT ({either})")
            parameters += [_pattern(word)] * len(columns)
    sql = (
        f"SELECT found.id, {rank} AS rank FROM {', '.join(sources)} "  # noqa: S608 our own names
        f"WHERE {' AND '.join(conditions)} ORDER BY rank, found.id DESC LIMIT {DEEPEST}"
    )
    return sql, parameters


def _pattern(part: str) -> str:
    for special in "!%_":
        part = part.replace(special, f"!{special}")
    return f"%{part}%"


def _cut(hits: list[Hit], before_id: int | None, after_id: int | None, limit: int) -> Page:
    """The hits of one page; their positions count from the best."""
    if after_id is not None:
        end = flipped(after_id)
        start = max(0, end - limit)
    else:
        start = 0 if before_id is None else flipped(before_id) + 1
        end = start + limit
    chosen = hits[start:end]
    return Page(chosen, positions=[flipped(start + number) for number in range(len(chosen))])
