"""Inspection: how the shards are, and which rows are where they should not be. Reads only."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import models

from . import availability, conf
from .exceptions import ShardUnavailable
from .location import shard_for
from .placement import is_sharded
from .shardmap import shard_map


def sharded_models() -> list[type[models.Model]]:
    """Every sharded model of the project that has a table of its own."""
    return [
        model
        for model in apps.get_models(include_auto_created=False)
        if is_sharded(model) and model._meta.managed and not model._meta.proxy
    ]


def shard_status(alias: str) -> dict[str, Any]:
    """One shard: `alias`, how many `slots` it holds, its `state` ("up" or why not), and the
    number of `rows` of each model."""
    status: dict[str, Any] = {
        "alias": alias,
        "slots": shard_map.counts()[alias],
        "state": "up",
        "rows": {},
    }
    try:
        with availability.translate_errors(alias):
            for model in sharded_models():
                rows = model._base_manager.using(alias).count()
                status["rows"][model._meta.label] = rows
    except ShardUnavailable as error:
        status["state"] = str(error)
    return status


def misplaced_rows() -> Iterator[dict[str, Any]]:
    """Rows on another shard than their id says, as `model`, `id`, `found_on`, `belongs_on`.

    Reads every id of every shard.
    """
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
