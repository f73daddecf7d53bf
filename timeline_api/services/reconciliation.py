"""Mirrors: made equal to their facts, by the relay, and soon by the request that changes them."""

import logging
from collections.abc import Callable
from typing import TypeVar

from django.db import DatabaseError

from ..ops import faults

logger = logging.getLogger(__name__)

State = TypeVar("State")


def settle(read: Callable[[], State], write: Callable[[State], None]) -> State:
    """Write what `read` says of the fact to its mirror; gives what stood in the end.

    The fact is read again after the mirror is written, until both agree: whoever writes the mirror
    last has seen a fact that stood after the write.
    """
    state = read()
    while True:
        write(state)
        seen, state = state, read()
        if seen == state:
            return state


def soon(sync: Callable[[], object]) -> None:
    """Try `sync`, which makes a mirror equal to a fact, after the transaction of that fact, so that
    whoever waits for the next page sees it. Where it fails, the relay does it."""
    try:
        faults.point("soon")
        sync()
    except DatabaseError as error:
        logger.warning("left_to_relay error=%s", error)
