"""The worker: takes due events from each shard's outbox, hands them on, retries, parks."""

import logging
import random
import threading
from collections.abc import Sequence
from datetime import timedelta
from enum import Enum

from django.db import DatabaseError, close_old_connections
from django.db.models import F
from django.utils import timezone

from shardrouter import shards
from shardrouter.exceptions import ShardUnavailable

from .. import conf, faults, files
from ..models import Outbox
from .handlers import handle
from .leases import Leases

logger = logging.getLogger(__name__)

# Seconds between two looks: short after work, so that a post arrives within a blink, and longer
# when nothing happens, so that idling costs next to nothing.
BUSY_PAUSE = 0.01
IDLE_PAUSE = 0.3
LONGEST_DELAY = timedelta(minutes=5)
# How long an event waits for a shard that is down. That uses up no try.
SHARD_DELAY = timedelta(seconds=2)


class Worker:
    """Drains every shard's outbox until it is told to stop."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._leases = Leases()

    def stop(self) -> None:
        """Finish the event at hand, and no other."""
        self._stop.set()

    def run(self) -> None:
        """Work on the shards that it has leases for until stop() is called, from a signal handler
        or another thread."""
        pause = BUSY_PAUSE
        while not self._stop.is_set():
            close_old_connections()
            files.let_go()
            done = self.run_once(aliases=self._leases.held())
            pause = BUSY_PAUSE if done else min(pause * 2, IDLE_PAUSE)
            self._stop.wait(pause)
        self._leases.release()

    def run_once(self, *, early: bool = False, aliases: Sequence[str] | None = None) -> int:
        """One batch of each shard, or of `aliases`; gives how many events were delivered.

        `early` takes those as well that wait for another try.
        """
        chosen = shards() if aliases is None else aliases
        return sum(self._run_shard(alias, early) for alias in chosen)

    def drain(self) -> int:
        """Deliver all there is, without waiting; gives how many events are left over, parked or
        in need of a shard that is down."""
        while not self._stop.is_set() and self.run_once(early=True):
            pass
        # What failed only now gets its remaining tries.
        for _ in range(conf.get("RELAY_MAX_ATTEMPTS")):
            while self.run_once(early=True) and not self._stop.is_set():
                pass
        return left_over()

    def _run_shard(self, alias: str, early: bool) -> int:
        try:
            events = list(_due(alias, early)[: conf.get("RELAY_BATCH")])
        except DatabaseError as error:
            logger.warning("outbox_unreadable shard=%s error=%s", alias, error)
            return 0
        worked, done = 0, []
        for event in events:
            if self._stop.is_set():
                break
            progress = _deliver(event)
            worked += progress is not Progress.NONE
            if progress is Progress.DONE:
                done.append(event.pk)
        _forget(alias, done)
        return worked


def left_over() -> int:
    """How many events wait in the outboxes of all shards, parked ones included."""
    return Outbox.objects.scatter().count()


def retry(event: Outbox) -> None:
    """Take a parked event up again, with all its tries."""
    Outbox.objects.filter(pk=event.pk).update(
        parked_at=None, attempts=0, available_at=timezone.now()
    )


def drop(event: Outbox) -> bool:
    """Forget a parked event; gives whether it was one. `timelines rebuild` and `counters repair`
    mend what it would have done."""
    gone, _ = Outbox.objects.filter(pk=event.pk, parked_at__isnull=False).delete()
    return bool(gone)


def _due(alias: str, early: bool):
    events = Outbox.objects.using(alias).filter(parked_at__isnull=True)
    if early:
        return events.order_by("id")
    return events.filter(available_at__lte=timezone.now()).order_by("available_at", "id")


class Progress(Enum):
    """What came of an event: put off, a chunk done, or all of it."""

    NONE = 0
    SOME = 1
    DONE = 2


def _deliver(event: Outbox) -> Progress:
    """Handle an event, or a chunk of it, or put it off."""
    try:
        return Progress.DONE if handle(event) else Progress.SOME
    except ShardUnavailable as error:
        logger.warning("event_waits_for_shard event=%s error=%s", event.pk, error)
        _put_off(event, error, SHARD_DELAY, attempts=0)
    except Exception as error:
        # Whatever it is, the events behind this one are not to wait for it.
        logger.exception("event_failed event=%s kind=%s", event.pk, event.kind)
        delay = min(timedelta(seconds=2**event.attempts), LONGEST_DELAY)
        _put_off(event, error, delay, attempts=1)
    return Progress.NONE


def _forget(alias: str, pks: list[int]) -> None:
    """Take what is done out of the outbox: a whole batch in one transaction, since each costs a
    write to the disk. Who dies before it does all of them again."""
    if not pks:
        return
    faults.point("worker.before_delete")
    try:
        Outbox.objects.using(alias).filter(pk__in=pks).delete()
    except DatabaseError as error:
        logger.warning("outbox_unwritable shard=%s error=%s", alias, error)


def _put_off(event: Outbox, error: Exception, delay: timedelta, *, attempts: int) -> None:
    now = timezone.now()
    parked = event.attempts + attempts >= conf.get("RELAY_MAX_ATTEMPTS")
    try:
        Outbox.objects.filter(pk=event.pk).update(
            attempts=F("attempts") + attempts,
            last_error=f"{type(error).__name__}: {error}"[:2000],
            # Jitter, so that what failed together does not come back together.
            available_at=now + delay * random.uniform(0.5, 1.5),  # noqa: S311
            parked_at=now if parked else None,
        )
    except DatabaseError as second:
        # Its own shard is away: it stays due, and comes again.
        logger.warning("event_not_put_off event=%s error=%s", event.pk, second)
