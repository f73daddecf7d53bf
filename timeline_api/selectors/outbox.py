"""The outbox: how far behind the relay is."""

from dataclasses import dataclass

from django.db import DatabaseError
from django.db.models import Count, Min, Q
from django.utils import timezone

from shardrouter import shards

from ..models import Outbox, RelayLease


@dataclass(frozen=True)
class Lag:
    """How far the relay is behind on one shard: the events `waiting`, the age of the oldest of
    them, the events `parked` for an operator, and the `relay` that holds the lease. If the shard
    does not answer, `up` is False and the numbers are 0."""

    shard: str
    up: bool
    waiting: int
    seconds_behind: float
    parked: int
    relay: str


def lags() -> list[Lag]:
    """Return the lag of each shard. One query on each, and one on `default`."""
    relays = _relays()
    return [_lag(alias, relays.get(alias, "")) for alias in shards()]


def _lag(alias: str, relay: str) -> Lag:
    waits = Q(parked_at__isnull=True)
    try:
        found = Outbox.objects.using(alias).aggregate(
            waiting=Count("pk", filter=waits),
            parked=Count("pk", filter=~waits),
            oldest=Min("created_at", filter=waits),
        )
    except DatabaseError:
        return Lag(alias, False, 0, 0.0, 0, relay)
    behind = (timezone.now() - found["oldest"]).total_seconds() if found["oldest"] else 0.0
    return Lag(alias, True, found["waiting"], max(0.0, behind), found["parked"], relay)


def _relays() -> dict[str, str]:
    """Return shard → the relay that works on it now."""
    try:
        standing = RelayLease.objects.filter(expires_at__gt=timezone.now())
        return dict(standing.values_list("shard", "holder"))
    except DatabaseError:
        return {}
