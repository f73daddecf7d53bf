"""The worker: takes due events from each shard's outbox, has them handled, retries, parks."""

import logging
import random
import threading
from collections.abc import Sequence
from datetime import timedelta
from enum import Enum

from django.db import DatabaseError, close_old_connections
from django.db.models import F, QuerySet
from django.utils import timezone

from shardrouter import shards
from shardrouter.exceptions import ShardUnavailable

from .. import conf
from ..models import Outbox
from ..ops import faults, sqlite_files
from .handlers import handle
from .leases import Leases

logger = logging.getLogger(__name__)

# Seconds between two rounds: short after work, so that a post arrives at once, and longer when
# there is nothing to do, so that idling costs next to nothing.
BUSY_PAUSE = 0.01
IDLE_PAUSE = 0.3
MAX_RETRY_DELAY = timedelta(minutes=5)
# How long an event waits for a shard that is down. This does not count as an attempt.
SHARD_DOWN_DELAY = timedelta(seconds=2)


class Worker:
    """Delivers the events of every shard's outbox until it is stopped."""

    def __init__(self) -> None:
        self.leases = Leases()
        self._stop = threading.Event()

    def stop(self) -> None:
        """Stop after the event that is being handled."""
        self._stop.set()

    def run(self) -> None:
        """Work on the shards whose leases it holds until stop() is called, from a signal handler or
        another thread."""
        pause = BUSY_PAUSE
        while not self._stop.is_set():
            close_old_connections()
            sqlite_files.close_stale_connections()
            worked = self.run_once(aliases=self.leases.held())
            pause = BUSY_PAUSE if worked else min(pause * 2, IDLE_PAUSE)
            self._stop.wait(pause)
        self.leases.release()

    def run_once(self, *, early: bool = False, aliases: Sequence[str] | None = None) -> int:
        """Handle one batch of each shard, or of `aliases`. Return how many events were delivered,
        in whole or in part.

        With `early=True`, include events that wait for a retry.
        """
        chosen = shards() if aliases is None else aliases
        return sum(self._run_shard(alias, early) for alias in chosen)

    def drain(self) -> int:
        """Deliver all events without waiting. Return how many are left: parked, or in need of a
        shard that is down."""
        while not self._stop.is_set() and self.run_once(early=True):
            pass
        # What failed in the last round gets its remaining attempts.
        for _ in range(conf.get("RELAY_MAX_ATTEMPTS")):
            while self.run_once(early=True) and not self._stop.is_set():
                pass
        return undelivered_count()

    def _run_shard(self, alias: str, early: bool) -> int:
        try:
            events = list(_due(alias, early)[: conf.get("RELAY_BATCH")])
        except DatabaseError as error:
            logger.warning("outbox_unreadable shard=%s error=%s", alias, error)
            return 0
        worked, delivered = 0, []
        for event in events:
            if self._stop.is_set():
                break
            progress = _deliver(event)
            worked += progress is not Progress.NONE
            if progress is Progress.FINISHED:
                delivered.append(event.pk)
        _delete_delivered(alias, delivered)
        return worked


def undelivered_count() -> int:
    """Return the number of events in the outboxes of all shards, parked ones included."""
    return Outbox.objects.scatter().count()


def retry(event: Outbox) -> None:
    """Make a parked event due again, with all its attempts."""
    Outbox.objects.filter(pk=event.pk).update(
        parked_at=None, attempts=0, available_at=timezone.now()
    )


def discard(event: Outbox) -> bool:
    """Delete an event if it is parked. Return whether it was.

    `timelines rebuild` and `counters repair` restore what it would have done.
    """
    deleted, _ = Outbox.objects.filter(pk=event.pk, parked_at__isnull=False).delete()
    return bool(deleted)


def _due(alias: str, early: bool) -> QuerySet[Outbox]:
    events = Outbox.objects.using(alias).filter(parked_at__isnull=True)
    if early:
        return events.order_by("id")
    return events.filter(available_at__lte=timezone.now()).order_by("available_at", "id")


class Progress(Enum):
    """What was done of an event: nothing, since it was postponed; a chunk; or all of it."""

    NONE = 0
    CHUNK = 1
    FINISHED = 2


def _deliver(event: Outbox) -> Progress:
    """Handle an event, or a chunk of it, or postpone it."""
    try:
        return Progress.FINISHED if handle(event) else Progress.CHUNK
    except ShardUnavailable as error:
        logger.warning("event_waits_for_shard event=%s error=%s", event.pk, error)
        _postpone(event, error, SHARD_DOWN_DELAY, attempts=0)
    except Exception as error:
        # Whatever it is, it must not block the events behind this one.
        logger.exception("event_failed event=%s kind=%s", event.pk, event.kind)
        delay = min(timedelta(seconds=2**event.attempts), MAX_RETRY_DELAY)
        _postpone(event, error, delay, attempts=1)
    return Progress.NONE


def _delete_delivered(alias: str, pks: list[int]) -> None:
    """Delete a batch of delivered events in one transaction, since each transaction waits for the
    disk. A relay that dies before it delivers all of them again."""
    if not pks:
        return
    faults.point("worker.before_delete")
    try:
        Outbox.objects.using(alias).filter(pk__in=pks).delete()
    except DatabaseError as error:
        logger.warning("outbox_unwritable shard=%s error=%s", alias, error)


def _postpone(event: Outbox, error: Exception, delay: timedelta, *, attempts: int) -> None:
    """Make the event due again after about `delay`, or park it after RELAY_MAX_ATTEMPTS."""
    now = timezone.now()
    parked = event.attempts + attempts >= conf.get("RELAY_MAX_ATTEMPTS")
    try:
        Outbox.objects.filter(pk=event.pk).update(
            attempts=F("attempts") + attempts,
            last_error=f"{type(error).__name__}: {error}"[:2000],
            # Jitter, so that what failed together is not retried together.
            available_at=now + delay * random.uniform(0.5, 1.5),  # noqa: S311
            parked_at=now if parked else None,
        )
    except DatabaseError as second:
        # The event's own shard is down: the event stays due.
        logger.warning("event_not_postponed event=%s error=%s", event.pk, second)
