"""The SHARDROUTER setting, read late so that override_settings works."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

DEFAULTS: dict[str, Any] = {
    # The aliases that hold sharded rows, in the order in which slots are assigned to them.
    "SHARDS": (),
    # The aliases that hold everything else; `migrate` and `flush` cover them before the shards.
    "GLOBAL_DATABASES": ("default",),
    # Whether each shard has django.contrib.contenttypes' table, with the ids of `default`.
    "CONTENT_TYPES_ON_SHARDS": False,
    # A scattered read of more rows than this is logged at WARNING on "shardrouter".
    "SCATTER_WARNING_ROWS": 10_000,
}


def get(name: str) -> Any:
    """Return SHARDROUTER[name], or its default."""
    return getattr(settings, "SHARDROUTER", {}).get(name, DEFAULTS[name])


def shards() -> tuple[str, ...]:
    """Return the aliases of the shards. Raise ImproperlyConfigured if none is set."""
    aliases = tuple(get("SHARDS"))
    if not aliases:
        raise ImproperlyConfigured(
            'shardrouter needs SHARDROUTER = {"SHARDS": ["shard0", …]}, each an alias of DATABASES.'
        )
    return aliases


def global_databases() -> tuple[str, ...]:
    """Return the aliases of what is not sharded; `default` alone unless set otherwise."""
    return tuple(get("GLOBAL_DATABASES"))


def all_databases() -> tuple[str, ...]:
    """Return the global databases, then the shards, each once."""
    return tuple(dict.fromkeys((*global_databases(), *shards())))
