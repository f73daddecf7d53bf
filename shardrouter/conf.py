"""The SHARDROUTER setting, read late so that override_settings works."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

DEFAULTS: dict[str, Any] = {
    # The aliases that hold sharded rows, in the order in which slots are dealt to them.
    "SHARDS": (),
    # The aliases that hold everything else; `migrate` and `flush` cover them before the shards.
    "GLOBAL_DATABASES": ("default",),
    # A scattered read of more rows than this is logged at WARNING on "shardrouter".
    "SCATTER_WARNING_ROWS": 10_000,
}


def get(name: str) -> Any:
    """The value of SHARDROUTER[name], or its default."""
    return getattr(settings, "SHARDROUTER", {}).get(name, DEFAULTS[name])


def shards() -> tuple[str, ...]:
    """The shards' aliases; raises ImproperlyConfigured when none is set."""
    aliases = tuple(get("SHARDS"))
    if not aliases:
        raise ImproperlyConfigured(
            'shardrouter needs SHARDROUTER = {"SHARDS": ["shard0", …]}, each an alias of DATABASES.'
        )
    return aliases


def global_databases() -> tuple[str, ...]:
    """The aliases of what is not sharded, `default` first unless set otherwise."""
    return tuple(get("GLOBAL_DATABASES"))


def all_databases() -> tuple[str, ...]:
    """The global databases, then the shards, each once: what `migrate` and `flush` cover."""
    return tuple(dict.fromkeys((*global_databases(), *shards())))
