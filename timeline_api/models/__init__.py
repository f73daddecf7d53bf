"""The models of the API, and where each row lives; docs/architecture.md explains why.

All but ThrottleCount and RelayLease are sharded: an Account by its username, the others with the
account that their shard key names. A foreign key has `db_index=False` where another index starts
with its column: that saves writes, and SQLite cannot choose the worse index of the two.
"""

from .accounts import Account, Avatar, LeavingName, Token
from .messages import Hashtag, IdempotencyKey, Message, Revision, Tombstone
from .notifications import Notification
from .outbox import Outbox, RelayLease
from .relations import Block, Blocker, Follow, Follower, Interaction, Like, Mute, Report
from .throttles import ThrottleCount
from .timelines import HomeEntry

__all__ = [
    "Account",
    "Avatar",
    "Block",
    "Blocker",
    "Follow",
    "Follower",
    "Hashtag",
    "HomeEntry",
    "IdempotencyKey",
    "Interaction",
    "LeavingName",
    "Like",
    "Message",
    "Mute",
    "Notification",
    "Outbox",
    "RelayLease",
    "Report",
    "Revision",
    "ThrottleCount",
    "Token",
    "Tombstone",
]
