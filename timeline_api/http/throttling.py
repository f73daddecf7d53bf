"""DRF's throttle classes over our limits: who is counted for what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.exceptions import Throttled
from rest_framework.throttling import BaseThrottle

from .client_ip import throttle_identity
from .rate_limits import Limit, now, parse_rate

if TYPE_CHECKING:  # rest_framework.views imports this module, by the settings
    from rest_framework.request import Request
    from rest_framework.views import APIView

# A process counts this many anonymous reads before it tells the others: a write for each read
# would cost more than the read.
ANONYMOUS_STRIDE = 50


class ScopedThrottle(BaseThrottle):
    """A DRF throttle over a Limit. Subclasses say who is counted."""

    scope: str

    def identity(self, request: Request, view: APIView) -> str | None:
        """Who is counted; None for nobody."""
        raise NotImplementedError

    def allow_request(self, request: Request, view: APIView) -> bool:
        who = self.identity(request, view)
        if who is not None:
            try:
                Limit(self.scope, who).hit()
            except Throttled as error:
                self._wait = error.wait
                return False
        return True

    def wait(self) -> float | None:
        return getattr(self, "_wait", None)


class RegistrationThrottle(ScopedThrottle):
    """Registrations from one address."""

    scope = "register"

    def identity(self, request: Request, view: APIView) -> str | None:
        return throttle_identity(request)


class MemberThrottle(ScopedThrottle):
    """What one member does; who is nobody is turned away without a count."""

    def identity(self, request: Request, view: APIView) -> str | None:
        return str(request.user.pk) if request.user.is_authenticated else None


class PostThrottle(MemberThrottle):
    """Messages of one member."""

    scope = "post"


class PictureThrottle(MemberThrottle):
    """Pictures that one member uploads: each costs up to a second and 100 MB for a moment."""

    scope = "picture"


class Tally:
    """What this process has counted of one identity in the window that is running."""

    __slots__ = ("blocked_until", "counted")

    def __init__(self) -> None:
        self.counted = 0
        self.blocked_until = 0


class Tallies:
    """Identity → Tally of this process; forgotten when they are many: a stride each is lost."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._by_identity: dict[str, Tally] = {}

    def of(self, identity: str) -> Tally:
        if len(self._by_identity) > self._most:
            self._by_identity = {}
        return self._by_identity.setdefault(identity, Tally())


tallies = Tallies()


class AnonymousThrottle(ScopedThrottle):
    """Requests of one address without a login. Generous: it stops floods, not readers."""

    scope = "anonymous"

    def identity(self, request: Request, view: APIView) -> str | None:
        if request.user.is_authenticated or not settings.THROTTLE_RATES[self.scope]:
            return None
        return throttle_identity(request)

    def allow_request(self, request: Request, view: APIView) -> bool:
        who = self.identity(request, view)
        if who is None:
            return True
        tally = tallies.of(who)
        if tally.blocked_until > now():
            self._wait = tally.blocked_until - now()
            return False
        tally.counted += 1
        stride = min(ANONYMOUS_STRIDE, parse_rate(settings.THROTTLE_RATES[self.scope])[0])
        if tally.counted >= stride:
            counted, tally.counted = tally.counted, 0
            try:
                Limit(self.scope, who).hit(by=counted)
            except Throttled as error:
                self._wait = error.wait
                tally.blocked_until = now() + int(error.wait)
                return False
        return True
