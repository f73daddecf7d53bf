"""Services: all writes. Each is one transaction on one shard, with an event in that shard's
outbox for whatever the other shards must learn."""
