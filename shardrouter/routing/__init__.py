"""Routing: from a query to the shards that can answer it, or an error that says why none can.

`find_shards(query)` is the way in; it runs no SQL. For those who keep a query's route (a prepared
query, for one) the steps are here too: `possible_slots` reads the WHERE, `shards_of` maps slots to
aliases, `require_colocated` checks joins and subqueries.
"""

from .colocation import (
    require_colocated,
    require_colocated_aggregates,
    require_colocated_values,
    require_visible_values,
)
from .errors import split_combination, split_window, unrouted
from .explanation import Route, explain, routing_columns
from .locality import rows_are_local, windows_are_local
from .resolution import find_shards
from .where import NO_SLOTS, Slots, possible_slots, shards_of

__all__ = [
    "NO_SLOTS",
    "Route",
    "Slots",
    "explain",
    "find_shards",
    "possible_slots",
    "require_colocated",
    "require_colocated_aggregates",
    "require_colocated_values",
    "require_visible_values",
    "routing_columns",
    "rows_are_local",
    "shards_of",
    "split_combination",
    "split_window",
    "unrouted",
    "windows_are_local",
]
