"""Soon: what the relay would do, done by the request that has made the event, so that whoever waits
for the next page sees it. Where it fails, the relay does it."""

import logging
from collections.abc import Callable

from django.db import DatabaseError

from .. import faults

logger = logging.getLogger(__name__)


def soon(sync: Callable[[], object]) -> None:
    """Try `sync`, which makes a mirror equal to a fact, after the transaction of that fact."""
    try:
        faults.point("soon")
        sync()
    except DatabaseError as error:
        logger.warning("left_to_relay error=%s", error)
