"""This project knows the public names of shardrouter and nothing behind them."""

import ast
from pathlib import Path

import pytest

PUBLIC = {
    "shardrouter": {
        "ShardRouter", "atomic_for", "group_by_shard", "insert_ignoring_conflicts", "new_id",
        "shard_for", "shard_map", "shards", "slot_for", "exceptions", "models", "admin",
        "ids",
    },
    "shardrouter.adoption": {"adopted_id"},
    "shardrouter.slots": {"slot_from_text"},
    "shardrouter.models": {"ShardedIdField", "ShardedManager", "ShardedModel", "ShardedQuerySet"},
    "shardrouter.exceptions": {
        "CrossShardQuery", "CrossShardTransaction", "ShardKeyChanged", "ShardRouterError",
        "ShardUnavailable", "SlotMoved", "UnroutedQuery",
    },
    "shardrouter.admin": {"ShardedModelAdmin", "ShardedStackedInline", "ShardedTabularInline"},
}  # fmt: skip
SOURCES = sorted(Path(__file__).parent.rglob("*.py"))


def imports(path):
    """Each (module, name) that a file imports from shardrouter; no name for a whole module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            found = [(node.module, alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            found = [(alias.name, None) for alias in node.names]
        else:
            continue
        yield from (each for each in found if each[0].partition(".")[0] == "shardrouter")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_it_imports_only_public_names(path):
    for module, name in imports(path):
        assert module in PUBLIC, f"{path.name} imports {module}"
        assert name is None or name in PUBLIC[module], f"{path.name} imports {module}.{name}"


def test_it_finds_imports_of_every_public_module():
    found = {module for path in SOURCES for module, _ in imports(path)}
    assert found == set(PUBLIC)


def test_it_borrows_nothing_from_this_repository():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            module = node.module if isinstance(node, ast.ImportFrom) else ""
            if module and module.startswith("tests"):
                assert module.startswith("tests.notes"), f"{path.name} imports {module}"
