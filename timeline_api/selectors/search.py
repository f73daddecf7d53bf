"""Search over all shards: the best first, by each shard's own index."""

from collections.abc import Mapping
from typing import NamedTuple

from django.db import connections

from shardrouter import availability, shards
from shardrouter.exceptions import ShardUnavailable

from ..models import Account
from ..search.query import SearchQuery
from ..search.sql import MOST_ROWS, ranked_ids
from . import accounts, messages
from .accounts import profiles_seen_by
from .marks import page_seen_by
from .pages import Page, Row, reversed_position
from .rows import Entry, Line, Profile


class Match(NamedTuple):
    """A row that has what is searched for; the least `rank` is the best."""

    rank: float
    id: int


def messages_matching(
    query: SearchQuery,
    *,
    viewer: Account | None = None,
    before_id: int | None = None,
    after_id: int | None = None,
    limit: int = 30,
) -> Page[Entry]:
    """Return a page of the messages that match, the best first; of equals the newest. Two queries
    on each shard, and for a viewer one on theirs. A shard that does not answer is left out."""
    matches, missing = _matches("timeline_api_message", "author_id", query, prefix=False)
    page = _page(matches, before_id, after_id, limit)
    rows, also_missing = messages.by_ids([match.id for match in page])
    lines = {pk: Line(row) for pk, row in rows.items()}
    found = page.with_rows(_by_position(page, lines), (*missing, *also_missing))
    return page_seen_by(viewer, found, in_timeline=True)


def accounts_matching(
    query: SearchQuery,
    *,
    viewer: Account | None = None,
    before_id: int | None = None,
    after_id: int | None = None,
    limit: int = 30,
) -> Page[Profile]:
    """Return a page of the accounts whose name, display name or bio matches, or has words that
    begin with what is searched for; costs as `messages_matching`."""
    matches, missing = _matches("timeline_api_account", "id", query, prefix=True)
    page = _page(matches, before_id, after_id, limit)
    rows = accounts.rows_by_ids([match.id for match in page])
    return profiles_seen_by(viewer, page.with_rows(_by_position(page, rows), missing))


def _matches(
    table: str, owner: str, query: SearchQuery, *, prefix: bool
) -> tuple[list[Match], list[str]]:
    """Return the best matches of all shards, and the shards that did not answer."""
    matches: list[Match] = []
    missing: list[str] = []
    for alias in shards() if query else ():
        sql, parameters = ranked_ids(connections[alias].vendor, table, owner, query, prefix=prefix)
        try:
            with availability.translate_errors(alias), connections[alias].cursor() as cursor:
                cursor.execute(sql, parameters)
                matches += [Match(rank, pk) for pk, rank in cursor.fetchall()]
        except ShardUnavailable:
            missing.append(alias)
    matches.sort(key=lambda match: (match.rank, -match.id))
    return matches[:MOST_ROWS], missing


def _page(
    matches: list[Match], before_id: int | None, after_id: int | None, limit: int
) -> Page[Match]:
    """Return the matches of one page; the position is the number of the match, reversed."""
    if after_id is not None:
        end = reversed_position(after_id)
        start = max(0, end - limit)
    else:
        start = 0 if before_id is None else reversed_position(before_id) + 1
        end = start + limit
    by_position = {
        reversed_position(number): match for number, match in enumerate(matches[start:end], start)
    }
    return Page(list(by_position), by_position)


def _by_position(page: Page[Match], rows: Mapping[int, Row]) -> dict[int, Row]:
    """Return position → the row that was found there."""
    return {position: rows[match.id] for position, match in page.rows.items() if match.id in rows}
