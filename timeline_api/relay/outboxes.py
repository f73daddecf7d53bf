"""Outboxes: the due events of each shard, and what becomes of them.

The outbox of a sick shard can often be read and not be written. Its events are delivered once, and
remembered here until they can be deleted or postponed: otherwise each round would deliver them
again.
"""

import logging
import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from shardrouter import group_by_shard

from .. import conf
from ..models import Outbox
from ..ops import faults
from .sick_shards import SickShards

logger = logging.getLogger(__name__)

# Of so many events of one shard it is remembered that they cannot be written. No more are taken.
MOST_REMEMBERED = 5000
MAX_RETRY_DELAY = timedelta(minutes=5)
LONGEST_DELAY = 2 * MAX_RETRY_DELAY


class Outboxes:
    """The outboxes of all shards, as one relay works on them."""

    def __init__(self, sick: SickShards) -> None:
        self._sick = sick
        # Shard → the events that are delivered, and those that are to be tried later.
        self._delivered: defaultdict[str, set[int]] = defaultdict(set)
        self._left: defaultdict[str, set[int]] = defaultdict(set)

    def due(self, alias: str, early: bool) -> list[Outbox]:
        """Return the due events of a shard, at most RELAY_BATCH, with `early=True` also those that
        wait for a retry; none if the shard is down."""
        if alias not in self._sick:
            self._left.pop(alias, None)
        remembered = self._delivered[alias] | self._left[alias]
        if len(remembered) > MOST_REMEMBERED:
            return []
        events = Outbox.objects.using(alias).filter(parked_at__isnull=True)
        if not early:
            events = events.filter(_is_due(timezone.now()))
        if remembered:
            events = events.exclude(pk__in=remembered)
        try:
            order = ("id",) if early else ("available_at", "id")
            return list(events.order_by(*order)[: conf.get("RELAY_BATCH")])
        except DatabaseError as error:
            logger.warning("outbox_unreadable shard=%s error=%s", alias, error)
            return []

    def delete(self, events: Iterable[Outbox]) -> None:
        """Delete delivered events, those of a shard in one transaction, since each transaction
        waits for the disk. A relay that dies before it delivers all of them again."""
        groups = group_by_shard(event.pk for event in events)
        if groups:
            faults.point("worker.before_delete")
        for alias, pks in groups.items():
            self._delivered[alias].update(pks)
        for alias in [alias for alias, pks in self._delivered.items() if pks]:
            try:
                _rows(alias, self._delivered[alias]).delete()
                del self._delivered[alias]
            except DatabaseError as error:
                if alias in groups:
                    logger.warning("outbox_unwritable shard=%s error=%s", alias, error)

    def postpone(
        self, events: Iterable[Outbox], error: str, delay: timedelta, **columns: Any
    ) -> None:
        """Make events due again after about `delay`. If their shard is sick they stay due, and are
        left alone until it is tried again."""
        # Jitter, so that what failed together is not retried together.
        available_at = timezone.now() + delay * random.uniform(0.5, 1.5)  # noqa: S311
        columns |= {"last_error": error[:2000], "available_at": available_at}
        for alias, pks in group_by_shard(event.pk for event in events).items():
            try:
                _rows(alias, pks).update(**columns)
            except DatabaseError as failed:
                self._left[alias].update(pks)
                logger.warning("events_not_postponed shard=%s error=%s", alias, failed)

    def count_failure(self, event: Outbox, error: Exception, delay: timedelta) -> None:
        """Postpone an event that has failed, or park it after RELAY_MAX_ATTEMPTS."""
        parked = event.attempts + 1 >= conf.get("RELAY_MAX_ATTEMPTS")
        self.postpone(
            [event],
            f"{type(error).__name__}: {error}",
            delay,
            attempts=F("attempts") + 1,
            parked_at=timezone.now() if parked else None,
        )


def _is_due(now: datetime) -> Q:
    """Events that are new, whatever their writer's clock says, or whose time has come; and those
    that a relay with another clock has postponed for longer than any does."""
    is_new = Q(available_at=F("created_at"))
    return Q(available_at__lte=now) | is_new | Q(available_at__gt=now + LONGEST_DELAY)


def _rows(alias: str, pks: Iterable[int]) -> QuerySet[Outbox]:
    return Outbox.objects.using(alias).filter(pk__in=pks)
