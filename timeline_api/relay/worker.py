"""The worker: takes due events from each shard's outbox, has them handled, retries, parks."""

import logging
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from enum import Enum

from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from shardrouter import shards
from shardrouter.exceptions import ShardUnavailable

from .. import conf
from ..models import Outbox
from ..ops import failed_connections, sqlite_files
from ..services import idempotency
from . import batches, sick_shards
from . import settled as settling
from .handlers import handle
from .leases import Leases
from .outboxes import MAX_RETRY_DELAY, Outboxes
from .shared_answers import SharedAnswers
from .sick_shards import SickShards

logger = logging.getLogger(__name__)

# Seconds between two rounds: short after work, so that a post arrives at once, but not so short
# that each round delivers few; longer when there is nothing to do: idling costs next to nothing.
BUSY_PAUSE = 0.05
IDLE_PAUSE = 0.3
EXPIRY_SECONDS = 60.0
# How long an event waits for a shard that is down. This does not count as an attempt.
SHARD_DOWN_DELAY = timedelta(seconds=2)
# How long a round handles events one by one. Those that are left come first in the next.
SINGLE_SECONDS = 2.0


class Worker:
    """Delivers the events of every shard's outbox until it is stopped."""

    def __init__(self) -> None:
        self.leases = Leases()
        self._shared_answers = SharedAnswers()
        self._sick = SickShards()
        self._outboxes = Outboxes(self._sick)
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
            renew_connections()
            pause = BUSY_PAUSE if self.run_round() else min(pause * 2, IDLE_PAUSE)
            self._stop.wait(pause)
        self.leases.release()

    def run_round(self) -> int:
        """Work once on the shards whose leases it holds, and make shared answers that are due.
        Return how many events were delivered, in whole or in part."""
        with self._sick.avoided():
            held = self.leases.held()
            worked = self.run_once(aliases=held)
            self._shared_answers.refresh_if_due(held)
        return worked

    def run_once(self, *, early: bool = False, aliases: Sequence[str] | None = None) -> int:
        """Handle the due events of each shard, or of `aliases`, up to RELAY_BATCH of each. Return
        how many events were delivered, in whole or in part.

        With `early=True`, include events that wait for a retry.
        """
        with self._sick.avoided():
            return self._deliver_due(shards() if aliases is None else aliases, early)

    def _deliver_due(self, aliases: Sequence[str], early: bool) -> int:
        events = [event for alias in aliases for event in self._outboxes.due(alias, early)]
        for alias in aliases:
            self._delete_expired_keys(alias)
        batch = [event for event in events if batches.is_for_batch(event)]
        finished, left = self._deliver_batch(batch)
        self._outboxes.delete(finished)
        settled = _settled([event for event in events if settling.may_be_settled(event)])
        self._outboxes.delete(settled)
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
        ends = time.monotonic() + SINGLE_SECONDS
        for event in events:
            if self._stop.is_set() or time.monotonic() > ends:
                break
            progress = self._deliver(event)
            worked += progress is not Progress.NONE
            if progress is Progress.FINISHED:
                finished.append(event)
        self._outboxes.delete(finished)
        return worked

    def _deliver_batch(self, events: list[Outbox]) -> tuple[list[Outbox], list[Outbox]]:
        """Deliver events together. Return those that are finished, and those to deliver singly:
        all, if the batch fails, so that one bad event does not keep the others."""
        if not events:
            return [], []
        try:
            outcome = batches.deliver(events)
        except Exception as error:
            if not sick_shards.means_sick(error):
                logger.exception("batch_failed events=%s", len(events))
            return [], events
        for alias, waiting in outcome.waiting.items():
            logger.warning("events_wait_for_shard shard=%s events=%s", alias, len(waiting))
            self._outboxes.postpone(
                waiting, f"{alias} is down", SHARD_DOWN_DELAY, retry_shard=alias
            )
        return outcome.finished, outcome.single

    def _deliver(self, event: Outbox) -> "Progress":
        """Handle an event, or a chunk of it, or postpone it. Waiting for a shard does not count as
        an attempt."""
        try:
            return Progress.FINISHED if handle(event) else Progress.CHUNK
        except Exception as error:
            # Whatever it is, it must not block the events behind this one.
            if sick_shards.means_sick(error):
                logger.warning("event_waits_for_shard event=%s error=%s", event.pk, error)
                text = f"{type(error).__name__}: {error}"
                self._outboxes.postpone([event], text, SHARD_DOWN_DELAY)
            else:
                logger.exception("event_failed event=%s kind=%s", event.pk, event.kind)
                delay = min(timedelta(seconds=2**event.attempts), MAX_RETRY_DELAY)
                self._outboxes.count_failure(event, error, delay)
        return Progress.NONE

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


def renew_connections() -> None:
    """Close connections that broke, whose file is gone, or that cannot write: before each round."""
    close_old_connections()
    sqlite_files.close_stale_connections()
    failed_connections.close_failed_connections()


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


class Progress(Enum):
    """What was done of an event: nothing, since it was postponed; a chunk; or all of it."""

    NONE = 0
    CHUNK = 1
    FINISHED = 2


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
