"""The rows of the API and where each lives; docs/timelines.md says why.

Everything but ThrottleCount and RelayLease is sharded: an Account by its username, all else with
the account that its shard key names. A foreign key has `db_index=False` where another index begins
with it: one index less to write, and none that SQLite could mistake for the better one.
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
