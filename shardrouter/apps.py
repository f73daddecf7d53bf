"""App configuration of shardrouter."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ShardRouterConfig(AppConfig):
    name = "shardrouter"
    verbose_name = "Shards"
    # Whatever the project's own is: the migrations are the same everywhere.
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks, content_types  # noqa: F401 importing checks registers them
        from .borders import watch_generic_relations, watch_keys
        from .shardmap import assign_slots

        watch_keys()
        watch_generic_relations()
        content_types.watch()
        post_migrate.connect(assign_slots, sender=self)
