"""The reference lists all there is, and the concepts' code is true."""

import inspect
import pkgutil
import re
from pathlib import Path

from django.dispatch import Signal

import shardrouter
from shardrouter import conf, exceptions, prepared, signals
from shardrouter.management import commands

DOCS = Path(__file__).parents[2] / "docs" / "shardrouter"
REFERENCE = (DOCS / "reference.md").read_text()


def test_it_lists_every_setting():
    assert [name for name in conf.DEFAULTS if f"| `{name}` |" not in REFERENCE] == []


def test_it_lists_every_exception():
    names = [
        name
        for name, each in inspect.getmembers(exceptions, inspect.isclass)
        if each.__module__ == exceptions.__name__
    ]
    assert len(names) == 9
    assert [name for name in names if f"| `{name}` |" not in REFERENCE] == []


def test_it_lists_every_signal():
    names = [name for name, each in vars(signals).items() if isinstance(each, Signal)]
    assert len(names) == 2
    assert [name for name in names if f"| `{name}` |" not in REFERENCE] == []


def test_it_lists_every_command():
    names = [module.name for module in pkgutil.iter_modules(commands.__path__)]
    assert [name for name in names if not re.search(rf"\| `{name}[ `]", REFERENCE)] == []


def test_it_lists_every_check_and_no_other():
    source = (Path(shardrouter.__file__).parent / "checks.py").read_text()
    source += (Path(shardrouter.__file__).parent / "fields.py").read_text()
    used = set(re.findall(r'id="(shardrouter\.[EW]\d+)"', source))
    assert used == set(re.findall(r"\| `(shardrouter\.[EW]\d+)` \|", REFERENCE))


def test_it_lists_every_public_name():
    missing = [name for name in shardrouter.__all__ if f"`shardrouter.{name}`" not in REFERENCE]
    assert missing == []


def test_it_lists_every_name_of_prepared():
    names = {name for name in prepared.__all__ if name != "PreparedQuery"}
    assert [name for name in names if f"`shardrouter.prepared.{name}`" not in REFERENCE] == []


def test_it_has_no_thread_local_and_needs_django_alone():
    for path in Path(shardrouter.__file__).parent.rglob("*.py"):
        source = path.read_text()
        assert "threading.local" not in source
        for name in re.findall(r"^(?:from|import) (\w+)", source, re.MULTILINE):
            assert name not in {"rest_framework", "requests", "timeline_api"}
