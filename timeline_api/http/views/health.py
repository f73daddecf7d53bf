"""Health: whether this process answers, and whether it should get traffic."""

from django.apps import apps
from django.db import DatabaseError, connections, router
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache

from shardrouter import shard_map, shards
from shardrouter.exceptions import ShardRouterError

from ...selectors.outbox import lags


@never_cache
def livez(request: HttpRequest) -> HttpResponse:
    """GET /livez: 200 if this process answers at all. Asks no database."""
    return JsonResponse({"status": "ok"})


def is_up(alias: str) -> bool:
    """Return whether the database can be read, is migrated, and has every table that it should: a
    lost file may come back empty or half-made."""
    connection = connections[alias]
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
            is_migrated = cursor.fetchone() is not None
            found = connection.introspection.table_names(cursor)
        return is_migrated and tables_of(alias).issubset(found)
    except DatabaseError:
        return False


def tables_of(alias: str) -> set[str]:
    """Return the names of the tables that belong on a database."""
    return {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and router.allow_migrate_model(alias, model)
    }


def map_is_known() -> bool:
    """Return whether this process has the shard map, or can read it now."""
    try:
        shard_map.aliases()
    except (ShardRouterError, DatabaseError):
        return False
    return True


@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """GET /readyz: each database by name; 503 if this instance should get no traffic.

    With one shard down the service is degraded and ready: the members on the others are served. It
    is so without `default`, too, as long as this process has the shard map: requests of members
    need nothing else of it.
    """
    databases = {alias: is_up(alias) for alias in ("default", *shards())}
    ready = map_is_known() and any(databases[alias] for alias in shards())
    status = "ok" if all(databases.values()) else "degraded"
    return JsonResponse(
        {
            "status": status if ready else "down",
            "databases": {alias: "ok" if up else "down" for alias, up in databases.items()},
            "relay": {
                lag.shard: {
                    "waiting": lag.waiting,
                    "seconds_behind": round(lag.seconds_behind, 3),
                    "parked": lag.parked,
                }
                for lag in lags()
                if lag.up
            },
        },
        status=200 if ready else 503,
    )
