"""A database router for what may be lost: the cache's table and the throttle counters.

Sharded and global models are shardrouter.ShardRouter's."""

from typing import Any

CACHE_ALIAS = "cache"
# (app label, model name) of what lives on the alias `cache`, and nowhere else.
CACHED = {("django_cache", "cacheentry"), ("timeline_api", "throttlecount")}


class CacheRouter:
    """Routes the models of CACHED to the alias `cache`, and keeps all others off it.

    List it before shardrouter.ShardRouter in DATABASE_ROUTERS.
    """

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        meta = model._meta
        return CACHE_ALIAS if (meta.app_label, meta.model_name) in CACHED else None

    db_for_write = db_for_read

    def allow_migrate(
        self, db: str, app_label: str, model_name: str | None = None, **hints: Any
    ) -> bool | None:
        cached = (app_label, model_name) in CACHED
        if cached or db == CACHE_ALIAS:
            return cached and db == CACHE_ALIAS
        return None
