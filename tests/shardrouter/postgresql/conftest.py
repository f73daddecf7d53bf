"""Tests of what shardrouter does on PostgreSQL alone."""

from django.conf import settings

if "postgresql" not in settings.DATABASES["shard0"]["ENGINE"]:
    collect_ignore_glob = ["test_*.py"]
