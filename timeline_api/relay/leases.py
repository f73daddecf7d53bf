"""Leases: of several relays, one works on each shard's outbox.

They spare double work and nothing else: every handler may run twice, so a relay that was frozen and
wakes after its lease was taken over does no harm. Without `default`, where leases are kept, each
relay works on all shards.
"""

import logging
import os
import socket
import time
import uuid
from datetime import timedelta

from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone

from shardrouter import shards

from ..models import RelayLease

logger = logging.getLogger(__name__)

# A dead or frozen relay's shards are taken over after LEASE and one look of another, in 15 s.
LEASE = timedelta(seconds=10)
RENEW_SECONDS = 3.0


class Leases:
    """What one relay holds."""

    def __init__(self) -> None:
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._held: list[str] = []
        self._looked_at = -RENEW_SECONDS

    def held(self) -> list[str]:
        """The shards to work on now; renews, and takes what is free, every RENEW_SECONDS."""
        if time.monotonic() - self._looked_at >= RENEW_SECONDS:
            self._looked_at = time.monotonic()
            try:
                if not self._renew():
                    self._held = [alias for alias in shards() if self._take(alias)]
            except DatabaseError as error:
                logger.warning("leases_unreadable error=%s", error)
                self._held = list(shards())
        return self._held

    def release(self) -> None:
        """Let another relay have them at once."""
        try:
            RelayLease.objects.filter(holder=self.holder).update(expires_at=timezone.now())
        except DatabaseError as error:
            logger.warning("leases_not_released error=%s", error)

    def _renew(self) -> bool:
        """Say again that all shards are ours, in one statement; gives whether they are."""
        mine = RelayLease.objects.filter(holder=self.holder, shard__in=shards())
        renewed = mine.update(expires_at=timezone.now() + LEASE)
        return renewed == len(self._held) == len(shards())

    def _take(self, alias: str) -> bool:
        now = timezone.now()
        lease = {"holder": self.holder, "expires_at": now + LEASE}
        free = Q(holder=self.holder) | Q(expires_at__lte=now)
        for holder in RelayLease.objects.filter(shard=alias).values_list("holder", flat=True):
            if _is_dead(holder):
                free |= Q(holder=holder)
        # One UPDATE decides between two that want it.
        if RelayLease.objects.filter(free, shard=alias).update(**lease):
            return True
        _, made = RelayLease.objects.get_or_create(shard=alias, defaults=lease)
        return made


def _is_dead(holder: str) -> bool:
    """Whether that relay was surely of this machine and is no more: nobody need wait for its lease
    to run out. Only a guess between containers that share a host name; then both work a while."""
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
