"""Services: all writes. Each is one transaction on one shard, and writes an event to that shard's
outbox for whatever other shards must learn."""
