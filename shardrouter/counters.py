"""Counters: how many queries of this process were routed and scattered, by model and reason."""

from __future__ import annotations

import threading
from collections import Counter

from django.db import models

from .signals import query_routed, query_scattered

ROUTED = "routed"
SCATTERED = "scattered"


class Counters:
    """Counts of (model label, "routed" or "scattered", reason); signals.py describes the reasons.

    Thread-safe.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str, str]] = Counter()

    def add(self, label: str, kind: str, reason: str) -> None:
        """Count one query."""
        with self._lock:
            self._counts[label, kind, reason] += 1

    def counts(self) -> dict[tuple[str, str, str], int]:
        """Return a copy of all counts since the process started, or since `reset()`."""
        with self._lock:
            return dict(self._counts)

    def reset(self) -> None:
        """Set all counts to zero."""
        with self._lock:
            self._counts.clear()


query_counters = Counters()


def record_query(
    model: type[models.Model], shards: tuple[str, ...], reason: str, operation: str
) -> None:
    """Count one query on `shards` and send its signal."""
    scattered = len(shards) > 1
    query_counters.add(model._meta.label, SCATTERED if scattered else ROUTED, reason)
    signal = query_scattered if scattered else query_routed
    if signal.receivers:
        signal.send(sender=model, shards=shards, reason=reason, operation=operation)
