"""Inspection: the state of each shard, and rows that are on the wrong one. Reads only."""

from collections.abc import Iterator
from typing import TypedDict

from django.apps import apps
from django.db import models

from . import availability, conf
from .exceptions import ShardUnavailable
from .location import shard_for
from .placement import is_sharded
from .shardmap import shard_map


class ShardStatus(TypedDict):
    """One shard: how many slots it holds, "up" or why not, and the number of rows by model."""

    alias: str
    slots: int
    state: str
    rows: dict[str, int]


class MisplacedRow(TypedDict):
    """A row on another shard than its id says, by aliases."""

    model: str
    id: str
    found_on: str
    belongs_on: str


def sharded_models() -> list[type[models.Model]]:
    """Return every sharded model of the project that has a table of its own."""
    return [
        model
        for model in apps.get_models(include_auto_created=False)
        if is_sharded(model) and model._meta.managed and not model._meta.proxy
    ]


def shard_status(alias: str) -> ShardStatus:
    """Return the state of one shard. Counts all its rows."""
    rows: dict[str, int] = {}
    state = "up"
    try:
        with availability.translate_errors(alias):
            for model in sharded_models():
                rows[model._meta.label] = model._base_manager.using(alias).count()
    except ShardUnavailable as error:
        state = str(error)
    return {"alias": alias, "slots": shard_map.counts()[alias], "state": state, "rows": rows}


def misplaced_rows() -> Iterator[MisplacedRow]:
    """Yield the rows that are on another shard than their id says. Reads every id there is."""
    for model in sharded_models():
        for alias in conf.shards():
            for pk in model._base_manager.using(alias).values_list("pk", flat=True).iterator():
                belongs_on = shard_for(pk)
                if belongs_on != alias:
                    yield {
                        "model": model._meta.label,
                        "id": str(pk),
                        "found_on": alias,
                        "belongs_on": belongs_on,
                    }
