"""Selectors: all reads. Each states its cost in queries and shards; tests hold it to that."""
