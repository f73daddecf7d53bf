"""What can be set about timelines, and the names that nobody may take."""

from typing import Any

from django.conf import settings

DEFAULTS: dict[str, Any] = {
    # How many of the followee's newest messages a follow brings into one's home at once.
    "BACKFILL_MESSAGES": 100,
    # How many followers one fan-out transaction serves.
    "FANOUT_CHUNK": 500,
    # How many events of one shard the relay takes at a time.
    "RELAY_BATCH": 100,
    # After so many failed tries an event is parked for an operator.
    "RELAY_MAX_ATTEMPTS": 10,
    # How long an Idempotency-Key is remembered, in seconds.
    "IDEMPOTENCY_SECONDS": 24 * 60 * 60,
}

# Paths of the site, of the API, and words that would mislead. Compared in lower case.
RESERVED_USERNAMES = frozenset(
    (
        "about account accounts add_message admin administrator api blog docs edit error explore "
        "export favicon feed feeds follow followers following help home index info livez login "
        "logout me media message messages metrics moderator new notifications null operator "
        "password privacy public readyz register robots root rules search security settings "
        "signup sitemap static status support system tag tags terms timeline timelines token "
        "tokens twitsite undefined unfollow user users web"
    ).split(" ")
)


def get(name: str) -> Any:
    """settings.TIMELINES[name], or its default."""
    return getattr(settings, "TIMELINES", {}).get(name, DEFAULTS[name])
