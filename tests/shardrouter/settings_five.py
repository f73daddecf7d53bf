"""The same project on five shards, empty: where a fixture of three goes next."""

from .settings import *  # noqa: F403
from .settings import database

SHARDS = [f"shard{number}" for number in range(5)]
DATABASES = {alias: database(alias) for alias in ["default", *SHARDS, "whole"]}
SHARDROUTER = {"SHARDS": SHARDS, "CONTENT_TYPES_ON_SHARDS": True}
