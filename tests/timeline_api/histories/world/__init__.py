"""The world of a history: the real services beside a plain model of what they should do."""

from timeline_api.models import (
    Account,
    Block,
    Blocker,
    Follow,
    Follower,
    HomeEntry,
    Interaction,
    Like,
    Message,
    Mute,
    Notification,
    Outbox,
    Tombstone,
)

from .actions import MEMBER_ACTIONS, MemberActions
from .assertions import assert_as_modelled
from .relay import RelayActions
from .state import CAST

__all__ = ["CAST", "World", "assert_as_modelled"]


class World(MemberActions, RelayActions):
    """Members by number, what they do, and what happens to the relay."""

    def perform(self, action, *arguments):
        """One step of a history. Suspended members do nothing."""
        if arguments[0] not in self.suspended or action not in MEMBER_ACTIONS:
            getattr(self, action)(*arguments)

    def clear(self):
        """Delete all rows."""
        self.late(False, None)
        for model in (
            Outbox,
            HomeEntry,
            Follow,
            Follower,
            Interaction,
            Notification,
            Block,
            Blocker,
            Mute,
            Like,
            Tombstone,
            Message,
            Account,
        ):
            model.objects.scatter(writes=True).delete()
