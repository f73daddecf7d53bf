"""Rate limits: how often somebody may do something. Counted exactly over all instances.

A count is one row of ThrottleCount on the alias `cache`, raised by one atomic upsert: DRF's own
throttles read, change and write a cached list, and lost 580 of 1,000 counts from 4 processes.
Windows are fixed, so at a window's edge twice the rate may pass.
"""

import hashlib
import logging
import random
import time

from django.conf import settings
from django.db import DatabaseError, connections
from django.db.models import F
from rest_framework.exceptions import Throttled

from ..models import ThrottleCount
from ..routers import CACHE_ALIAS

logger = logging.getLogger(__name__)

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# One upsert in so many also deletes what has expired, so that the table stays small.
PURGE_ONE_IN = 1000

UPSERT = """
    INSERT INTO {table} (key, count, expires_at) VALUES (%s, %s, %s)
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN {table}.expires_at > %s THEN {table}.count ELSE 0 END + excluded.count,
        expires_at = CASE WHEN {table}.expires_at > %s THEN {table}.expires_at
                          ELSE excluded.expires_at END
    RETURNING count, expires_at
"""


def parse_rate(text: str) -> tuple[int, int]:
    """Return the count and its seconds: (30, 60) for "30/min"."""
    count, _, period = text.partition("/")
    return int(count), SECONDS[period[0]]


def now() -> int:
    """Return the Unix time in whole seconds."""
    return int(time.time())


class RateExceeded(Throttled):
    """The rate is used up; `wait` says for how many seconds."""

    wait: float  # set by DRF


class Limit:
    """The count of one scope for one identity, against the scope's rate in THROTTLE_RATES."""

    def __init__(self, scope: str, *identity: str) -> None:
        self.rate = settings.THROTTLE_RATES[scope]
        # Hashed: a key of bounded length, and no list of who logged in from where.
        digest = hashlib.sha256("\0".join(identity).encode()).hexdigest()[:32]
        self.key = f"{scope}:{digest}"

    def count(self, by: int = 1) -> tuple[int, int]:
        """Count `by` more. Return the count and when its window ends (Unix time)."""
        if not self.rate:
            return 0, 0
        try:
            return self._upsert(by, parse_rate(self.rate)[1])
        except DatabaseError:
            self._let_pass()
            return 0, 0

    def hit(self, by: int = 1) -> None:
        """Count `by` more. Raise RateExceeded if that is over the rate."""
        count, expires_at = self.count(by)
        if self.rate and count > parse_rate(self.rate)[0]:
            raise RateExceeded(wait=max(1, expires_at - now()))

    def take_back(self) -> None:
        """Count one less in this window: what was counted did not happen."""
        if not self.rate:
            return
        counted = ThrottleCount.objects.filter(key=self.key, expires_at__gt=now(), count__gt=0)
        try:
            counted.update(count=F("count") - 1)
        except DatabaseError:
            self._let_pass()

    def _upsert(self, by: int, seconds: int) -> tuple[int, int]:
        at = now()
        sql = UPSERT.format(table=ThrottleCount._meta.db_table)
        with connections[CACHE_ALIAS].cursor() as cursor:
            cursor.execute(sql, [self.key, by, at + seconds, at, at])
            count, expires_at = cursor.fetchone()
        if random.randrange(PURGE_ONE_IN) == 0:  # noqa: S311 no secret
            ThrottleCount.objects.filter(expires_at__lte=at).delete()
        return count, expires_at

    def _let_pass(self) -> None:
        """Log that a request goes unthrottled: the service works without its counters."""
        logger.warning("throttle_unavailable", extra={"key": self.key}, exc_info=True)
