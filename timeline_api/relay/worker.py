"""The worker: takes due events from each shard's outbox, has them handled, retries, parks."""

import logging
import random
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from enum import Enum
from typing import Any

from django.db import DatabaseError, close_old_connections
from django.db.models import F, QuerySet
from django.utils import timezone

from shardrouter import group_by_shard, shards
from shardrouter.exceptions import ShardUnavailable

from .. import conf
from ..models import Outbox
from ..ops import failed_connections, faults, sqlite_files, sqlite_turns
from ..services import idempotency
from . import batches
from . import settled as settling
from .handlers import handle
from .leases import Leases
from .shared_answers import SharedAnswers

logger = logging.getLogger(__name__)

# Seconds between two rounds: short after work, so that a post arrives at once, but not so short
# that each round delivers few; longer when there is nothing to do: idling costs next to nothing.
BUSY_PAUSE = 0.05
IDLE_PAUSE = 0.3
EXPIRY_SECONDS = 60.0
MAX_RETRY_DELAY = timedelta(minutes=5)
# How long an event waits for a shard that is down. This does not count as an attempt.
SHARD_DOWN_DELAY = timedelta(seconds=2)


class Worker:
    """Delivers the events of every shard's outbox until it is stopped."""

    def __init__(self) -> None:
        self.leases = Leases()
        self._shared_answers = SharedAnswers()
        self._stop = threading.Event()
        # Shard → when its expired Idempotency-Keys were deleted.
        self._expired_at: dict[str, float] = {}

    def stop(self) -> None:
        """Stop after the batch or the event that is being handled."""
        self._stop.set()

    def run(self) -> None:
        """Work on the shards whose leases it holds until stop() is called, from a signal handler or
        another thread."""
        pause = BUSY_PAUSE
        while not self._stop.is_set():
            close_old_connections()
            sqlite_files.close_stale_connections()
            failed_connections.close_failed_connections()
            pause = BUSY_PAUSE if self.run_round() else min(pause * 2, IDLE_PAUSE)
            self._stop.wait(pause)
        self.leases.release()

    def run_round(self) -> int:
        """Work once on the shards whose leases it holds, and make shared answers that are due.
        Return how many events were delivered, in whole or in part."""
        held = self.leases.held()
        with sqlite_turns.eagerly():
            worked = self.run_once(aliases=held)
        self._shared_answers.refresh_if_due(held)
        return worked

    def run_once(self, *, early: bool = False, aliases: Sequence[str] | None = None) -> int:
        """Handle the due events of each shard, or of `aliases`, up to RELAY_BATCH of each. Return
        how many events were delivered, in whole or in part.

        With `early=True`, include events that wait for a retry.
        """
        chosen = shards() if aliases is None else aliases
        due = {alias: _due(alias, early) for alias in chosen}
        for alias in chosen:
            self._delete_expired_keys(alias)
        events = [event for of_shard in due.values() for event in of_shard]
        batch = [event for event in events if batches.is_for_batch(event)]
        finished, left = _deliver_batch(batch)
        _delete_delivered(finished)
        settled = _settled([event for event in events if settling.may_be_settled(event)])
        _delete_delivered(settled)
        together = {event.pk for event in (*batch, *settled)}
        left += [event for event in events if event.pk not in together]
        return len(finished) + len(settled) + self._deliver_singly(left)

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

    def _deliver_singly(self, events: list[Outbox]) -> int:
        """Deliver the events one by one. Return how many were, in whole or in part."""
        worked, finished = 0, []
        for event in events:
            if self._stop.is_set():
                break
            progress = _deliver(event)
            worked += progress is not Progress.NONE
            if progress is Progress.FINISHED:
                finished.append(event)
        _delete_delivered(finished)
        return worked

    def _delete_expired_keys(self, alias: str) -> None:
        """Every EXPIRY_SECONDS delete a shard's expired Idempotency-Keys."""
        now = time.monotonic()
        if now - self._expired_at.get(alias, -EXPIRY_SECONDS) < EXPIRY_SECONDS:
            return
        self._expired_at[alias] = now
        try:
            idempotency.delete_expired(alias)
        except DatabaseError as error:
            logger.warning("keys_not_deleted shard=%s error=%s", alias, error)


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


def _due(alias: str, early: bool) -> list[Outbox]:
    """Return the due events of a shard, none if it is down."""
    events = Outbox.objects.using(alias).filter(parked_at__isnull=True)
    if not early:
        events = events.filter(available_at__lte=timezone.now())
    try:
        order = ("id",) if early else ("available_at", "id")
        return list(events.order_by(*order)[: conf.get("RELAY_BATCH")])
    except DatabaseError as error:
        logger.warning("outbox_unreadable shard=%s error=%s", alias, error)
        return []


def _deliver_batch(events: list[Outbox]) -> tuple[list[Outbox], list[Outbox]]:
    """Deliver events together. Return those that are finished, and those to deliver singly: all, if
    the batch fails, so that one bad event does not keep the others."""
    if not events:
        return [], []
    try:
        outcome = batches.deliver(events)
    except Exception:
        logger.exception("batch_failed events=%s", len(events))
        return [], events
    for alias, waiting in outcome.waiting.items():
        logger.warning("events_wait_for_shard shard=%s events=%s", alias, len(waiting))
        _update(waiting, **_postponed(f"{alias} is down", SHARD_DOWN_DELAY), retry_shard=alias)
    return outcome.finished, outcome.single


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


def _settled(events: list[Outbox]) -> list[Outbox]:
    """Return those of the events that need nothing; none if that cannot be found out."""
    try:
        return settling.settled(events)
    except ShardUnavailable as error:
        logger.warning("settled_unknown events=%s error=%s", len(events), error)
        return []
    except Exception:
        logger.exception("settled_unknown events=%s", len(events))
        return []


def _delete_delivered(events: list[Outbox]) -> None:
    """Delete delivered events, those of a shard in one transaction, since each transaction waits
    for the disk. A relay that dies before it delivers all of them again."""
    if events:
        faults.point("worker.before_delete")
    for alias, rows in _by_outbox(events).items():
        try:
            rows.delete()
        except DatabaseError as error:
            logger.warning("outbox_unwritable shard=%s error=%s", alias, error)


def _postpone(event: Outbox, error: Exception, delay: timedelta, *, attempts: int) -> None:
    """Make the event due again after about `delay`, or park it after RELAY_MAX_ATTEMPTS."""
    parked = event.attempts + attempts >= conf.get("RELAY_MAX_ATTEMPTS")
    _update(
        [event],
        **_postponed(f"{type(error).__name__}: {error}", delay),
        attempts=F("attempts") + attempts,
        parked_at=timezone.now() if parked else None,
    )


def _postponed(error: str, delay: timedelta) -> dict[str, Any]:
    # Jitter, so that what failed together is not retried together.
    available_at = timezone.now() + delay * random.uniform(0.5, 1.5)  # noqa: S311
    return {"last_error": error[:2000], "available_at": available_at}


def _update(events: list[Outbox], **columns: Any) -> None:
    for alias, rows in _by_outbox(events).items():
        try:
            rows.update(**columns)
        except DatabaseError as error:
            # The events' own shard is down: they stay due.
            logger.warning("events_not_postponed shard=%s error=%s", alias, error)


def _by_outbox(events: list[Outbox]) -> dict[str, QuerySet[Outbox]]:
    """Return the rows of the events by the alias of their shard."""
    groups = group_by_shard(event.pk for event in events)
    return {alias: Outbox.objects.using(alias).filter(pk__in=pks) for alias, pks in groups.items()}
