"""Checks of `make up` that need no running stack."""

import sys

import pytest

from deploy import system_packages
from deploy.checks import check_driver
from deploy.completed_steps import CompletedSteps
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


def test_it_takes_over_the_steps_file_of_an_earlier_checkout(tmp_path):
    (tmp_path / "stamps.json").write_text('{"population": "loaded"}')
    for _ in range(2):
        steps = CompletedSteps(tmp_path / "completed_steps.json")
        assert steps.get("population") == "loaded"
    assert [path.name for path in tmp_path.iterdir()] == ["completed_steps.json"]


@pytest.mark.parametrize("folder", ["postgresql/{}/bin", "opt/postgresql@{}/bin"])
def test_it_finds_the_newest_postgresql(tmp_path, monkeypatch, folder):
    """In the folders of Debian and of Homebrew."""
    for version in ("9.6", "15", "17"):
        (tmp_path / folder.format(version)).mkdir(parents=True)
        (tmp_path / folder.format(version) / "initdb").touch()
    pattern = str(tmp_path / folder.format("*") / "initdb")
    monkeypatch.setattr(system_packages, "INITDB", (pattern,))
    assert system_packages.find_postgresql() == str(tmp_path / folder.format("17"))
