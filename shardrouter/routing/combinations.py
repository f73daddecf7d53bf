"""Combinations: whether the rows that union(), intersection() and difference() compare can only be
equal inside one slot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models.sql import Query

from .. import conf
from ..django_internals import ColPairs, without_ref
from .locality import partitions_by_slot, rows_are_local, windows_are_local


def combined_parts(query: Query) -> Iterator[Query]:
    """Yield the parts of a combination, with the values() of the whole where Django gives them
    those."""
    for part in query.combined_queries:
        if query.values_select and not part.values_select:
            part = part.clone()
            part.set_values((*query.extra_select, *query.values_select, *query.annotation_select))
        yield part


def compares_inside_slot(parts: list[Query]) -> bool:
    """Return whether a row of one of `parts` equals rows of its own slot alone, and each shard
    finds its own rows of each part by itself."""
    if not all(map(_has_rows_of_its_own, parts)):
        return False
    return bool(set.intersection(*map(_slot_positions, parts)))


def _has_rows_of_its_own(part: Query) -> bool:
    if part.is_sliced or part.distinct_fields:
        return False
    if part.combinator:
        return all(map(_has_rows_of_its_own, combined_parts(part)))
    windows = (part.where, *part.annotation_select.values())
    return rows_are_local(part) and windows_are_local(part, windows)


def _slot_positions(part: Query) -> set[int]:
    """Return the positions of the columns whose values are each in one slot."""
    if part.combinator:
        return set.intersection(*map(_slot_positions, combined_parts(part)))
    compiler = part.clone().get_compiler(using=conf.shards()[0])
    compiler.setup_query()
    columns = [each for source, _, _ in compiler.select for each in _columns_of(source)]
    return {at for at, column in enumerate(columns) if partitions_by_slot(column, compiler.query)}


def _columns_of(source: Any) -> list[Any]:
    source = without_ref(source)
    return list(source.get_cols()) if isinstance(source, ColPairs) else [source]
