"""Resolution: the shards of one query, with every check that its answer will be right."""

from __future__ import annotations

from django.db.models.sql import Query

from .. import conf
from .colocation import require_colocated
from .errors import split_combination, split_window, unrouted
from .locality import windows_are_local
from .where import possible_slots, shards_of


def find_shards(query: Query, *, scatter: bool = False) -> tuple[str, ...]:
    """Return the aliases to query, sorted; none if no row can match.

    With `scatter`, a query that names no shard goes to all of them, in the order of the setting;
    without it, raise UnroutedQuery. Raise CrossShardQuery if a join, a subquery, a window
    or a combination could miss rows on another shard.
    """
    slots = possible_slots(query)
    if slots is not None:
        shards = shards_of(slots)
    elif scatter:
        shards = conf.shards()
    else:
        raise unrouted(query)
    if shards:
        require_colocated(query, shards)
        if len(shards) > 1:
            _require_whole(query)
    return shards


def _require_whole(query: Query) -> None:
    """Raise CrossShardQuery if `query` compares or numbers rows of several shards."""
    if query.combinator:
        raise split_combination(query)
    if not windows_are_local(query, [query.where]):
        raise split_window(query)
