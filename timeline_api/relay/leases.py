"""Leases: of several relays, one works on each shard's outbox.

They save double work, and correctness does not depend on them: every handler may run twice, so a
relay that was frozen, and wakes after its lease was taken over, does no harm. When `default`, which
stores the leases, is down, each relay works on all shards. They expire by the clock of `default`.
"""

import logging
import os
import socket
import time
import uuid
from datetime import timedelta

from django.db import DatabaseError
from django.db.models import Q
from django.db.models.functions import Now

from shardrouter import shards

from ..models import RelayLease

logger = logging.getLogger(__name__)

# Another relay takes over the shards of a dead or frozen one within LEASE + RENEW_SECONDS.
LEASE = timedelta(seconds=10)
RENEW_SECONDS = 3.0


class Leases:
    """The leases of one relay."""

    def __init__(self) -> None:
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._held: list[str] = []
        self._renewed_at = -RENEW_SECONDS

    def held(self) -> list[str]:
        """Return the shards to work on now. Every RENEW_SECONDS, first renew the leases and acquire
        those that are free."""
        if time.monotonic() - self._renewed_at >= RENEW_SECONDS:
            self._renewed_at = time.monotonic()
            try:
                if not self._renew():
                    self._held = [alias for alias in shards() if self._acquire(alias)]
            except DatabaseError as error:
                logger.warning("leases_unreadable error=%s", error)
                self._held = list(shards())
        return self._held

    def release(self) -> None:
        """Release all leases, so that another relay can acquire them at once."""
        try:
            RelayLease.objects.filter(holder=self.holder).update(expires_at=Now())
        except DatabaseError as error:
            logger.warning("leases_not_released error=%s", error)

    def _renew(self) -> bool:
        """Renew the leases of all shards in one statement. Return whether this relay holds all."""
        mine = RelayLease.objects.filter(holder=self.holder, shard__in=shards())
        renewed = mine.update(expires_at=Now() + LEASE)
        return renewed == len(self._held) == len(shards())

    def _acquire(self, alias: str) -> bool:
        lease = {"holder": self.holder, "expires_at": Now() + LEASE}
        free = Q(holder=self.holder) | Q(expires_at__lte=Now())
        for holder in RelayLease.objects.filter(shard=alias).values_list("holder", flat=True):
            if _has_died(holder):
                free |= Q(holder=holder)
        # If two relays try at once, the database lets one UPDATE match the row.
        if RelayLease.objects.filter(free, shard=alias).update(**lease):
            return True
        _, created = RelayLease.objects.get_or_create(shard=alias, defaults=lease)
        return created


def _has_died(holder: str) -> bool:
    """Return whether the holder was a process of this machine that no longer runs: its lease need
    not expire first. Containers that share a host name may guess wrong; then two relays work on a
    shard for a while."""
    host, _, pid = holder.rpartition(":")[0].rpartition(":")
    if host != socket.gethostname() or not pid.isdigit() or int(pid) == os.getpid():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False
