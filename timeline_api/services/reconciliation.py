"""Reconciliation: making a mirror equal to the fact that it mirrors, on another shard."""

import logging
from collections.abc import Callable
from typing import TypeVar

from django.db import DatabaseError

from ..ops import faults

logger = logging.getLogger(__name__)

State = TypeVar("State")


def reconcile(read: Callable[[], State], write: Callable[[State], None]) -> State:
    """Write the state of the fact, as `read` returns it, to its mirror. Return the final state.

    The fact is read again after each write, until both agree: so whoever writes the mirror last
    has read the fact after that write. Idempotent.
    """
    state = read()
    while True:
        write(state)
        written, state = state, read()
        if written == state:
            return state


def try_reconcile(reconcile_mirror: Callable[[], object]) -> None:
    """Reconcile a mirror right after the transaction that changed its fact, so that the member's
    next page shows it. If the database fails, leave it to the relay."""
    try:
        faults.point(faults.REQUEST_BEFORE_MIRROR)
        reconcile_mirror()
    except DatabaseError as error:
        logger.warning("left_to_relay error=%s", error)
