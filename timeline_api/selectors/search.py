"""Search over all shards: the best of the newest matches, which each shard's own index finds."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from django.db import connections
from django.db.backends.utils import CursorWrapper

from shardrouter import availability, shards
from shardrouter.exceptions import ShardUnavailable

from .. import conf
from ..models import Account
from ..search.query import SearchQuery, parse
from ..search.ranking import Match, ranked
from ..search.sql import ACCOUNTS, MESSAGES, Searched, below_newest, newest
from . import accounts, messages
from .accounts import profiles_seen_by
from .marks import page_seen_by
from .pages import Page, Row, reversed_position
from .rows import Entry, Line, Profile

# PostgreSQL visits each row that has the words. So it looks at the newest rows first, then at WIDER
# times more, and at all once they had less than 1/RARE of what is wanted.
FIRST_WINDOW, WIDER, RARE = 10_000, 8, 64


def messages_matching(
    query: SearchQuery,
    *,
    viewer: Account | None = None,
    before_id: int | None = None,
    after_id: int | None = None,
    limit: int = 30,
) -> Page[Entry]:
    """Return a page of the newest messages that match, of all shards SEARCH_MATCHES, the best
    first; of equals the newest. Two queries on each shard, and for a viewer one on theirs. A shard
    that does not answer is left out."""
    found, missing = _matching(MESSAGES, query)
    page = _page(ranked(found, query.words), before_id, after_id, limit)
    rows, also_missing = messages.by_ids(list(page))
    lines = {pk: Line(row) for pk, row in rows.items()}
    shown = page.with_rows(_by_position(page, lines), (*missing, *also_missing))
    return page_seen_by(viewer, shown, in_timeline=True)


def accounts_matching(
    query: SearchQuery,
    *,
    viewer: Account | None = None,
    before_id: int | None = None,
    after_id: int | None = None,
    limit: int = 30,
) -> Page[Profile]:
    """Return a page of the accounts whose name, display name or bio matches, or has words that
    begin with what is searched for; otherwise as `messages_matching`."""
    found, missing = _matching(ACCOUNTS, query)
    ids = ranked(found, query.words, prefix=ACCOUNTS.prefix)
    page = _page(ids, before_id, after_id, limit)
    rows = accounts.rows_by_ids(list(page))
    return profiles_seen_by(viewer, page.with_rows(_by_position(page, rows), missing))


def account_ids(query: SearchQuery) -> list[int]:
    """Return the ids of the newest accounts that match, of suspended ones too, SEARCH_MATCHES at
    most. One query on each shard; one that does not answer is left out."""
    found, _ = _matching(ACCOUNTS, query, with_suspended=True)
    return [match.id for match in found]


def message_ids(text: str) -> list[int]:
    """Return the ids of the newest messages that match `text`, or whose author has it as username,
    of suspended members too, SEARCH_MATCHES at most. One query on each shard, and for an author two
    on theirs."""
    limit = conf.get("SEARCH_MATCHES")
    found, _ = _matching(MESSAGES, parse(text), with_suspended=True)
    ids = {match.id for match in found}
    with suppress(Account.DoesNotExist):
        author = accounts.by_username(text)
        ids |= {place.message_id for place in messages.newest(author, limit)}
    return sorted(ids, reverse=True)[:limit]


def _matching(
    searched: Searched, query: SearchQuery, *, with_suspended: bool = False
) -> tuple[list[Match], list[str]]:
    """Return the newest matches of all shards, the newest first, and the shards that did not
    answer."""
    found: list[Match] = []
    missing: list[str] = []
    for alias in shards() if query else ():
        try:
            with availability.translate_errors(alias), connections[alias].cursor() as cursor:
                found += _on_shard(cursor, searched, query, with_suspended)
        except ShardUnavailable:
            missing.append(alias)
    found.sort(key=lambda match: -match.id)
    return found[: conf.get("SEARCH_MATCHES")], missing


def _on_shard(
    cursor: CursorWrapper, searched: Searched, query: SearchQuery, with_suspended: bool
) -> list[Match]:
    """Return the newest matches of one shard. One query, or, where it looks at the newest rows
    alone or first, two for each window."""
    vendor, limit = cursor.db.vendor, conf.get("SEARCH_MATCHES")
    size = FIRST_WINDOW if vendor == "postgresql" else 0
    if query.parts:
        size = conf.get("SEARCH_LOOKED_THROUGH")
    while True:
        after_id = _below_newest(cursor, searched, size) if size else 0
        statement = newest(
            vendor, searched, query, after_id=after_id, limit=limit, with_suspended=with_suspended
        )
        cursor.execute(*statement)
        rows = cursor.fetchall()
        if len(rows) >= limit or query.parts or not after_id:
            return [Match(*row) for row in rows]
        size = size * WIDER if len(rows) * RARE >= limit else 0


def _below_newest(cursor: CursorWrapper, searched: Searched, count: int) -> int:
    """Return the id of the row before the newest `count` ones; 0 if there are no more."""
    cursor.execute(*below_newest(searched, count))
    row = cursor.fetchone()
    return row[0] if row else 0


def _page(ids: Sequence[int], before_id: int | None, after_id: int | None, limit: int) -> Page[int]:
    """Return the ids of one page; the position is the number of the match, reversed."""
    if after_id is not None:
        end = reversed_position(after_id)
        start = max(0, end - limit)
    else:
        start = 0 if before_id is None else reversed_position(before_id) + 1
        end = start + limit
    by_position = {reversed_position(number): pk for number, pk in enumerate(ids[start:end], start)}
    return Page(list(by_position), by_position)


def _by_position(page: Page[int], rows: Mapping[int, Row]) -> dict[int, Row]:
    """Return position → the row that was found there."""
    return {position: rows[pk] for position, pk in page.rows.items() if pk in rows}
