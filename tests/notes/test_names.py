"""The public names: exceptions, and what the package exports."""

import inspect

import pytest

import shardrouter
from shardrouter import exceptions, shard_for, slot_for
from shardrouter.exceptions import (
    CrossShardQuery,
    CrossShardTransaction,
    ShardKeyChanged,
    ShardRouterError,
    ShardUnavailable,
    SlotMoved,
    UnroutedQuery,
)
from tests.notes.conftest import SHARDS

pytestmark = pytest.mark.django_db(databases="__all__")


def test_it_raises_subclasses_of_shard_router_error():
    named = (
        UnroutedQuery,
        CrossShardQuery,
        CrossShardTransaction,
        ShardKeyChanged,
        ShardUnavailable,
        SlotMoved,
    )
    for each in named:
        assert issubclass(each, ShardRouterError)
    assert {ShardRouterError, *named} <= {
        each for _, each in inspect.getmembers(exceptions, inspect.isclass)
    }


def test_it_exports_the_names_of_the_reference(accounts):
    assert {
        "ShardRouter", "atomic_for", "atomic_shards", "group_by_shard", "insert_ignoring_conflicts",
        "new_id", "shard_for", "shard_map", "shards", "slot_for",
    } == set(shardrouter.__all__) <= set(dir(shardrouter))  # fmt: skip
    assert shardrouter.shards() == SHARDS
    groups = shardrouter.group_by_shard(account.pk for account in accounts.values())
    for alias, ids in groups.items():
        assert all(shard_for(each) == alias for each in ids)
    assert sum(map(len, groups.values())) == len(accounts)
    assert set(shardrouter.shard_map.aliases()) == set(SHARDS)
    assert set(shardrouter.shard_map.counts()) == set(SHARDS)
    ann = accounts["Ann"]
    assert shardrouter.shard_map.alias_of(slot_for(ann)) == shard_for(ann)
    assert slot_for(shardrouter.new_id(ann)) == slot_for(ann)
    assert slot_for(shardrouter.new_id(slot=7)) == 7
