"""The relay: delivers each event of a shard's outbox to the shards it concerns.

At least once and in any order: so every handler is idempotent, and reads the current rows instead
of trusting the event. docs/timelines.md has the argument.
"""
