"""The operators' admin, over all shards. Writes go through the services, which keep counters and
other members' timelines right."""

from . import accounts, follows, messages, outbox, reports, tokens

__all__ = ["accounts", "follows", "messages", "outbox", "reports", "tokens"]
