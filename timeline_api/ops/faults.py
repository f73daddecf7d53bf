"""Fault points: named places in the code where tests let a process die or an operation fail."""

from collections.abc import Callable

#: Where a relay may die.
POINTS = (
    "fanout.before_a_shard",
    "fanout.after_a_shard",
    "fanout.before_second_look",
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
#: Where a request may fail to write a mirror, and leave it to the relay.
REQUEST_BEFORE_MIRROR = "request.before_mirror"
#: Where a migration that moves rows may die.
MIGRATION_AFTER_A_BATCH = "migration.after_a_batch"


class Faults:
    """Does nothing until a test installs a function."""

    def __init__(self) -> None:
        self.at: Callable[[str], None] | None = None

    def point(self, name: str) -> None:
        """Mark the place `name`: one of POINTS, or of those that have a name of their own."""
        if self.at is not None:
            self.at(name)


_faults = Faults()
point = _faults.point


def install(at: Callable[[str], None] | None) -> None:
    """Call `at` with the name of each point that is passed, from now on; None uninstalls it."""
    _faults.at = at
