"""Health: whether this process answers, and whether it should get traffic."""

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache

from shardrouter import shard_map, shards
from shardrouter.exceptions import ShardRouterError

from ...selectors import databases
from ...selectors.outbox import Lag, lags


@never_cache
def livez(request: HttpRequest) -> HttpResponse:
    """GET /livez: 200 if this process answers at all. Asks no database."""
    return JsonResponse({"status": "ok"})


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
    need nothing else of it. It is degraded, as well, while the relay is late, has parked events, or
    clocks differ: `problems` says what an operator should look at.
    """
    up = {alias: databases.is_up(alias) for alias in ("default", *shards())}
    ready = map_is_known() and any(up[alias] for alias in shards())
    found = [lag for lag in lags() if lag.up]
    skew = databases.clock_skew()
    problems = [problem for lag in found for problem in lag.problems()]
    problems += databases.clock_problems(skew)
    status = "ok" if all(up.values()) and not problems else "degraded"
    return JsonResponse(
        {
            "status": status if ready else "down",
            "databases": {alias: "ok" if is_up else "down" for alias, is_up in up.items()},
            "relay": {lag.shard: _shown(lag) for lag in found},
            "clock_skew_seconds": round(skew, 3),
            "problems": problems,
        },
        status=200 if ready else 503,
    )


def _shown(lag: Lag) -> dict[str, float]:
    return {
        "waiting": lag.waiting,
        "seconds_behind": round(lag.seconds_behind, 3),
        "seconds_ahead": round(lag.seconds_ahead, 3),
        "parked": lag.parked,
    }
