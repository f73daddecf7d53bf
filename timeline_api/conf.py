"""What can be set about timelines: `settings.TIMELINES` over these defaults, read late."""

from typing import Any

from django.conf import settings

DEFAULTS: dict[str, Any] = {
    # How many of the followee's newest messages a follow brings into one's home at once.
    "BACKFILL_MESSAGES": 800,
    # Messages of whoever has more followers than this are not fanned out: readers pull them.
    "FANOUT_MAX_FOLLOWERS": 10_000,
    # How many entries a home keeps; what is older is read from the messages themselves.
    "HOME_CAP": 800,
    # After about so many new entries a home is looked at, and cut to HOME_CAP.
    "HOME_TRIM_EVERY": 100,
    # How many followers a fan-out serves before it lets other events have their turn.
    "FANOUT_CHUNK": 5000,
    # How many events of one shard the relay takes at a time.
    "RELAY_BATCH": 100,
    # After so many failed tries an event is parked for an operator.
    "RELAY_MAX_ATTEMPTS": 10,
    # How long an Idempotency-Key is remembered, in seconds.
    "IDEMPOTENCY_SECONDS": 24 * 60 * 60,
}


def get(name: str) -> Any:
    """settings.TIMELINES[name], or its default."""
    return getattr(settings, "TIMELINES", {}).get(name, DEFAULTS[name])
