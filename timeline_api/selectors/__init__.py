"""Selectors: all reads. Each says what it costs in queries and shards; a test holds it to that."""
