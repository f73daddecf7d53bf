"""The site's settings, read late so that a test can override them."""

from django.conf import settings

DEFAULTS = {
    "API_BASE_URL": "http://127.0.0.1:8080",
    # Seconds. On one machine a connection takes microseconds or is refused; an answer that waits
    # for a busy shard may take a while, one that takes longer than this nobody waits for.
    "API_CONNECT_TIMEOUT": 1.0,
    "API_READ_TIMEOUT": 6.0,
    # After so many failures in a row a thread stops asking, for so many seconds.
    "API_BREAKER_FAILURES": 5,
    "API_BREAKER_SECONDS": 2.0,
    # Networks whose X-Forwarded-For is believed: the load balancer's alone.
    "TRUSTED_PROXIES": ["127.0.0.0/8", "::1/128"],
    "INSTANCE_NAME": "dev.0",
}


def get(name: str):
    """The value of the setting `name`, or its default; KeyError for a name that is none of ours."""
    return getattr(settings, name, DEFAULTS[name])
