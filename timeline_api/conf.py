"""Settings of timelines: the keys of `settings.TIMELINES` with their defaults, read at each use."""

from typing import Any

from django.conf import settings

DEFAULTS: dict[str, Any] = {
    # How many of the followee's newest messages a follow adds to the follower's home at once.
    "BACKFILL_MESSAGES": 800,
    # Messages of authors with more followers than this are not fanned out: readers pull them.
    "FANOUT_MAX_FOLLOWERS": 10_000,
    # How many entries a home keeps; older messages are read from the shards.
    "HOME_CAP": 800,
    # A home is trimmed to HOME_CAP after about so many new entries.
    "HOME_TRIM_EVERY": 100,
    # How many followers a fan-out serves before the relay goes on with other events.
    "FANOUT_CHUNK": 5000,
    # How many events of one shard the relay takes at a time.
    "RELAY_BATCH": 100,
    # After so many failed attempts an event is parked for an operator.
    "RELAY_MAX_ATTEMPTS": 10,
    # How long an Idempotency-Key is kept, in seconds.
    "IDEMPOTENCY_SECONDS": 24 * 60 * 60,
    # A token ends when it was not used for so many days, and after so many days in any case.
    "TOKEN_IDLE_DAYS": 30,
    "TOKEN_DAYS": 365,
    # How many tokens a member has at most. A new one ends the one that was not used for longest.
    "TOKENS": 100,
    # How many of the newest matches a search ranks, and has in its pages.
    "SEARCH_MATCHES": 1000,
    # Through how many of its newest rows each shard looks for words that no index finds, of scripts
    # without spaces.
    "SEARCH_LOOKED_THROUGH": 20_000,
}


def get(name: str) -> Any:
    """Return `settings.TIMELINES[name]`, or its default."""
    return getattr(settings, "TIMELINES", {}).get(name, DEFAULTS[name])
