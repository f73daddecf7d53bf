"""The forum on three shards: the lines that its team added."""

from .settings_before import *  # noqa: F403
from .settings_before import INSTALLED_APPS, database

SHARDS = ["shard0", "shard1", "shard2"]
DATABASES = {alias: database(alias) for alias in ["default", *SHARDS]}
DATABASE_ROUTERS = ["shardrouter.ShardRouter"]
SHARDROUTER = {"SHARDS": SHARDS}
INSTALLED_APPS = ["shardrouter", "tests.adoption.after.apps.ForumConfig", *INSTALLED_APPS[1:]]
# Two many-to-many fields lead to models that stay global. Their rows come along; joins are refused.
SILENCED_SYSTEM_CHECKS = ["shardrouter.E013"]
