"""The relay: carries each event of a shard's outbox to the shards it concerns.

At least once and in any order, so that every handler is idempotent and reads the state that
stands instead of trusting the event. docs/timelines.md has the argument.
"""
