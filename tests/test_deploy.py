"""Checks of `make up` that need no running stack."""

import sys

import pytest

from deploy import config, exposure, system_packages
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


@pytest.fixture
def configured(monkeypatch, tmp_path):
    """A function that returns the configuration with these settings and no others."""

    def configure(**settings):
        for name in ("LISTEN", "HTTPS", "ALLOWED_HOSTS", "ADMIN_PASSWORD", "POPULATION"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("ENV_FILE", str(tmp_path / ".env"))
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        return config.read()

    return configure


NAMED = {"LISTEN": "0.0.0.0", "ALLOWED_HOSTS": "twitsite.example"}


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({"LISTEN": "0.0.0.0,::"}, "in ALLOWED_HOSTS"),
        ({"HTTPS": "True"}, "in ALLOWED_HOSTS"),
        (NAMED | {"ALLOWED_HOSTS": "*"}, "in ALLOWED_HOSTS"),
        (NAMED | {"ALLOWED_HOSTS": "a.example, *"}, "in ALLOWED_HOSTS"),
        (NAMED | {"LISTEN": "127.0.0.1,192.0.2.1"}, "Set POPULATION=False"),
        (NAMED | {"POPULATION": "true"}, "Set POPULATION=False"),
        (NAMED | {"ADMIN_PASSWORD": "minitwit-demo"}, "another ADMIN_PASSWORD"),
    ],
)
def test_it_refuses_to_open_a_demo_to_other_machines(configured, settings, advice):
    with pytest.raises(DeployError, match=advice) as refusal:
        exposure.check_settings(configured(**settings), is_populated=False)
    assert "\n" not in str(refusal.value)


def test_it_opens_what_is_no_demo_and_keeps_a_demo_to_this_machine(configured):
    exposure.check_settings(configured(ADMIN_PASSWORD="minitwit-demo"), is_populated=True)
    exposure.check_passwords(configured(), "alice, admin")
    configuration = configured(**NAMED, POPULATION="False")
    exposure.check_settings(configuration, is_populated=False)
    exposure.check_passwords(configuration, "")
    with pytest.raises(DeployError, match="First delete alice, admin or change"):
        exposure.check_passwords(configuration, "alice, admin")


def test_it_names_a_flag_that_is_none(configured):
    with pytest.raises(DeployError, match="POPULATION='maybe': use 'True' or 'False'"):
        configured(POPULATION="maybe")
