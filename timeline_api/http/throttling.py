"""DRF throttles over rate limits: who is counted for what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.throttling import BaseThrottle

from .client_ip import throttle_identity
from .rate_limits import Limit, RateExceeded, now, parse_rate

if TYPE_CHECKING:  # rest_framework.views imports this module, by the settings
    from rest_framework.request import Request
    from rest_framework.views import APIView

# A process that counts several requests before it writes them to the shared counter lets pass at
# most one in so many of the rate beyond it.
STRIDES_IN_RATE = 30


class ScopedThrottle(BaseThrottle):
    """A DRF throttle over a Limit. Subclasses say who is counted."""

    scope: str
    # So many requests at most a process counts before it writes them to the shared counter: a write
    # for each would cost as much as a read, and a part of a post.
    stride = 1
    _wait: float | None = None

    def identity(self, request: Request, view: APIView) -> str | None:
        """Return who is counted; None for nobody."""
        raise NotImplementedError

    def allow_request(self, request: Request, view: APIView) -> bool:
        who, rate = self.identity(request, view), settings.THROTTLE_RATES[self.scope]
        if who is None or not rate:
            return True
        stride = max(1, min(self.stride, parse_rate(rate)[0] // STRIDES_IN_RATE))
        return self._is_within(who, stride)

    def _is_within(self, who: str, stride: int) -> bool:
        pending = pending_counts.of(f"{self.scope}:{who}")
        if pending.blocked_until > now():
            self._wait = pending.blocked_until - now()
            return False
        pending.requests += 1
        if pending.requests < stride:
            return True
        requests, pending.requests = pending.requests, 0
        try:
            Limit(self.scope, who).hit(by=requests)
        except RateExceeded as error:
            self._wait = error.wait
            pending.blocked_until = now() + int(error.wait)
            return False
        return True

    def wait(self) -> float | None:
        return self._wait


class RegistrationThrottle(ScopedThrottle):
    """Registrations from one address."""

    scope = "register"

    def identity(self, request: Request, view: APIView) -> str | None:
        return throttle_identity(request)


class MemberThrottle(ScopedThrottle):
    """What one member does. Visitors are not counted: the view refuses them."""

    def identity(self, request: Request, view: APIView) -> str | None:
        return str(request.user.pk) if request.user.is_authenticated else None


class PostThrottle(MemberThrottle):
    """Messages of one member."""

    scope = "post"
    stride = 10


class NamesThrottle(MemberThrottle):
    """Names that one member has completed: each looks on all shards."""

    scope = "names"
    stride = 10


class PictureThrottle(MemberThrottle):
    """Pictures that one member uploads: each costs up to a second and 100 MB for a moment."""

    scope = "picture"


class PendingCount:
    """Requests of one identity that are not in the shared counter yet."""

    __slots__ = ("blocked_until", "requests")

    def __init__(self) -> None:
        self.requests = 0
        self.blocked_until = 0


class PendingCounts:
    """The pending counts of this process, by identity. They are discarded when there are too many:
    that loses at most a stride of each."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._by_identity: dict[str, PendingCount] = {}

    def of(self, identity: str) -> PendingCount:
        if len(self._by_identity) > self._most:
            self.clear()
        return self._by_identity.setdefault(identity, PendingCount())

    def clear(self) -> None:
        self._by_identity.clear()


pending_counts = PendingCounts()


class AnonymousThrottle(ScopedThrottle):
    """Requests of one address without a login. Generous: it stops floods, not readers."""

    scope = "anonymous"
    stride = 50

    def identity(self, request: Request, view: APIView) -> str | None:
        return None if request.user.is_authenticated else throttle_identity(request)
