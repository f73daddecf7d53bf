"""Checks of `make up` that need no running stack."""

import sys

import pytest

from deploy.checks import check_driver
from deploy.errors import DeployError

SQLITE = {"ENGINE": "django.db.backends.sqlite3"}
POSTGRESQL = {"ENGINE": "django.db.backends.postgresql"}


def test_it_says_that_postgresql_needs_its_driver(monkeypatch):
    databases = {"default": SQLITE, "shard0": POSTGRESQL}
    check_driver(databases)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    check_driver({"default": SQLITE})
    with pytest.raises(DeployError, match=r"shard0: .* pip install 'psycopg"):
        check_driver(databases)
