"""shardrouter: a Django project's rows spread over several databases, each found from its id.

The public face: the names below, `shardrouter.models`, `shardrouter.admin` and
`shardrouter.exceptions`. See docs/shardrouter/ for what each promises.
"""

from .placement import group_by_shard, shard_for, slot_for
from .router import ShardRouter
from .shardmap import shard_map
from .transactions import atomic_for

__all__ = [
    "ShardRouter",
    "atomic_for",
    "group_by_shard",
    "shard_for",
    "shard_map",
    "slot_for",
]
