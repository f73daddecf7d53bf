"""shardrouter: a Django project's rows spread over several databases, each found from its id.

The public names are those below and the ones of `shardrouter.models`, `shardrouter.admin`,
`shardrouter.exceptions`, `shardrouter.signals` and `shardrouter.counters`; docs/shardrouter/
describes them. They are imported when first used (PEP 562), so that `shardrouter.ids` and
`shardrouter.slots` need no Django.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .conf import shards
    from .inserts import insert_ignoring_conflicts
    from .location import group_by_shard, new_id, shard_for, slot_for
    from .router import ShardRouter
    from .shardmap import shard_map
    from .transactions import atomic_for, atomic_shards

__version__ = "0.1.0"

__all__ = [
    "ShardRouter",
    "atomic_for",
    "atomic_shards",
    "group_by_shard",
    "insert_ignoring_conflicts",
    "new_id",
    "shard_for",
    "shard_map",
    "shards",
    "slot_for",
]

_MODULES = {
    "ShardRouter": "router",
    "atomic_for": "transactions",
    "atomic_shards": "transactions",
    "group_by_shard": "location",
    "insert_ignoring_conflicts": "inserts",
    "new_id": "location",
    "shard_for": "location",
    "shard_map": "shardmap",
    "shards": "conf",
    "slot_for": "location",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_MODULES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
