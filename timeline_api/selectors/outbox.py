"""The outbox: how far behind the relay is."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import DatabaseError
from django.db.models import Count, Max, Min, Q
from django.db.models.functions import Now
from django.utils import timezone

from shardrouter import shards

from ..models import Outbox, RelayLease
from .databases import MOST_SKEW_SECONDS

# Beyond this somebody should look; the alerts in deploy/monitoring/ have the same.
SECONDS_BEHIND = 30


@dataclass(frozen=True)
class Lag:
    """How far the relay is behind on one shard: the events `waiting`, the age of the oldest of
    them, the events `parked` for an operator, and the `relay` that holds the lease. `seconds_ahead`
    is the age of the newest below 0: so much is its writer's clock ahead of this one. If the shard
    does not answer, `up` is False and the numbers are 0."""

    shard: str
    up: bool
    waiting: int
    seconds_behind: float
    parked: int
    relay: str
    seconds_ahead: float = 0.0

    def problems(self) -> Iterator[str]:
        """Yield what an operator should look at, a sentence each."""
        if self.seconds_behind > SECONDS_BEHIND:
            yield f"The relay is {self.seconds_behind:.0f} s behind on {self.shard}."
        if self.parked:
            yield f"{self.parked} events of {self.shard} are parked: see the admin's outbox."
        if self.seconds_ahead > MOST_SKEW_SECONDS:
            yield (
                f"Somebody who writes to {self.shard} has a clock that is at least "
                f"{self.seconds_ahead:.0f} s ahead of this machine's: set both by NTP."
            )


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
            newest=Max("created_at", filter=waits),
        )
    except DatabaseError:
        return Lag(alias, False, 0, 0.0, 0, relay)
    now = timezone.now()
    behind = (now - (found["oldest"] or now)).total_seconds()
    ahead = ((found["newest"] or now) - now).total_seconds()
    waiting, parked = found["waiting"], found["parked"]
    return Lag(alias, True, waiting, max(0.0, behind), parked, relay, max(0.0, ahead))


def _relays() -> dict[str, str]:
    """Return shard → the relay that works on it now."""
    try:
        standing = RelayLease.objects.filter(expires_at__gt=Now())
        return dict(standing.values_list("shard", "holder"))
    except DatabaseError:
        return {}
