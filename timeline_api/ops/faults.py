"""Fault points: named places where a process may die, for the tests that let it."""

from collections.abc import Callable

POINTS = (
    "fanout.after_a_shard",
    "fanout.before_taking_back",
    "followers.before_cursor",
    "follow_changed.before_mirror",
    "interaction_changed.before_mirror",
    "block_changed.before_mirror",
    "follow_changed.before_catch_up",
    "celebrity_changed.before_delivered",
    "suspension_changed.before_follows",
    "account_deleted.after_a_shard",
    "worker.before_delete",
)


class Faults:
    """Does nothing, unless a test has said what should happen at a point."""

    def __init__(self) -> None:
        self.at: Callable[[str], None] | None = None

    def point(self, name: str) -> None:
        """The place `name`, one of POINTS."""
        if self.at is not None:
            self.at(name)


_faults = Faults()
point = _faults.point


def install(at: Callable[[str], None] | None) -> None:
    """Call `at` with the name of each point that is passed; None ends it."""
    _faults.at = at
