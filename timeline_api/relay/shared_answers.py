"""Shared answers: what is the same for everybody, which one relay makes for all instances.

Left to the readers, whoever comes first after it has expired waits for queries on every shard, and
all who come meanwhile make it again.
"""

import logging
import time
from collections.abc import Sequence

from shardrouter import shards

from ..selectors import discovery

logger = logging.getLogger(__name__)

REFRESH_SECONDS = 60.0


class SharedAnswers:
    """The answers of `discovery.SHARED`, as one relay makes them."""

    def __init__(self) -> None:
        self._refreshed_at = -REFRESH_SECONDS

    def refresh_if_due(self, held: Sequence[str]) -> None:
        """Every REFRESH_SECONDS make them anew, if this relay has `held` the lease of the first
        shard: of several relays one does. A failure is logged, and tried again next time."""
        now = time.monotonic()
        if shards()[0] not in held or now - self._refreshed_at < REFRESH_SECONDS:
            return
        self._refreshed_at = now
        for name in discovery.SHARED:
            try:
                discovery.refresh(name)
            except Exception:
                # Whatever it is, events must go on, and readers can make it themselves.
                logger.exception("answer_not_refreshed name=%s", name)
