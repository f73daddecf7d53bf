"""The site's settings, read late so that tests can override them."""

from collections.abc import Sequence

from django.conf import settings


class Settings:
    """Each setting of the site, or its default. Times are in seconds."""

    @property
    def API_BASE_URL(self) -> str:
        return getattr(settings, "API_BASE_URL", "http://127.0.0.1:8080")

    @property
    def API_CONNECT_TIMEOUT(self) -> float:
        # On one machine a connection takes microseconds or is refused.
        return getattr(settings, "API_CONNECT_TIMEOUT", 1.0)

    @property
    def API_READ_TIMEOUT(self) -> float:
        # An answer that waits for a busy shard may take a while; nobody waits longer than this.
        return getattr(settings, "API_READ_TIMEOUT", 6.0)

    @property
    def API_BREAKER_FAILURES(self) -> int:
        """The number of failures in a row after which a thread stops asking the API."""
        return getattr(settings, "API_BREAKER_FAILURES", 5)

    @property
    def API_BREAKER_SECONDS(self) -> float:
        """How long a thread does not ask the API after these failures."""
        return getattr(settings, "API_BREAKER_SECONDS", 2.0)

    @property
    def TRUSTED_PROXIES(self) -> Sequence[str]:
        """Networks whose X-Forwarded-For is believed: those of the load balancer."""
        return getattr(settings, "TRUSTED_PROXIES", ["127.0.0.0/8", "::1/128"])

    @property
    def MICROCACHE_SECONDS(self) -> int:
        """How long nginx may keep a page for all visitors; 0: not at all."""
        return getattr(settings, "MICROCACHE_SECONDS", 1)

    @property
    def RENDER_ANEW(self) -> bool:
        """Whether nothing that was rendered or parsed is kept in this process."""
        return getattr(settings, "RENDER_ANEW", False)

    @property
    def KEPT_ANSWERS(self) -> int:
        """How many answers of the API a process keeps, to be asked for again by their ETags."""
        return getattr(settings, "KEPT_ANSWERS", 128)

    @property
    def SIGN_IN_AFTER_SIGN_UP(self) -> bool:
        """Whether a new member is signed in at once, and need not type the password again."""
        return getattr(settings, "SIGN_IN_AFTER_SIGN_UP", False)

    @property
    def INSTANCE_NAME(self) -> str:
        return getattr(settings, "INSTANCE_NAME", "dev.0")


conf = Settings()


def kept(count: int) -> int:
    """Return the size of a cache of what was rendered or parsed: `count`, or 0 with RENDER_ANEW.
    Read once, when its module is loaded."""
    return 0 if conf.RENDER_ANEW else count
