"""`manage.py status`: one screen for an operator."""

import json
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from django.core.management import call_command
from django.utils import timezone

from tests.timeline_api.lost import lost
from timeline_api.models import Outbox, RelayLease
from timeline_api.ops.sqlite_files import path_of
from timeline_api.selectors import status as selector

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture(autouse=True)
def relay_at_work(settings):
    """A relay works on each shard, as while the site runs; no instance is known."""
    settings.INSTANCES = {}
    end = timezone.now() + timezone.timedelta(minutes=5)
    for shard in ("shard0", "shard1", "shard2"):
        RelayLease.objects.update_or_create(
            shard=shard, defaults={"holder": "relay.1", "expires_at": end}
        )


def shown(capsys, *arguments):
    """What the command prints, and its exit code."""
    try:
        call_command("status", *arguments)
    except SystemExit as ended:
        return capsys.readouterr().out, ended.code
    return capsys.readouterr().out, 0


def test_it_says_when_all_is_well(capsys):
    text, code = shown(capsys)
    assert code == 0
    assert "All is well." in text
    for shard in ("shard0", "shard1", "shard2"):
        line = next(line for line in text.splitlines() if line.startswith(shard))
        assert line.split()[1] == "ok"
        assert line.endswith("relay.1")


def test_it_names_a_database_that_is_away_and_shows_the_rest(capsys):
    with lost("shard1"):
        text, code = shown(capsys)
    assert code == 1
    assert "! shard1 cannot be read." in text
    assert "shard0     ok" in text


def test_it_shows_something_without_default_too(capsys):
    with lost("default"):
        text, code = shown(capsys)
    assert code == 1
    assert "! default cannot be read." in text


def test_it_names_parked_events_and_a_shard_without_a_relay(capsys, alice):
    now = timezone.now()
    Outbox.objects.create(
        account=alice, kind="post", created_at=now, available_at=now, parked_at=now
    )
    RelayLease.objects.filter(shard="shard2").delete()
    text, code = shown(capsys)
    assert code == 1
    assert "! 1 events of shard0 are parked" in text
    assert "! No relay works on shard2." in text


def test_it_names_a_relay_that_is_behind(capsys, alice):
    long_ago = timezone.now() - timezone.timedelta(minutes=2)
    Outbox.objects.create(account=alice, kind="post", created_at=long_ago, available_at=long_ago)
    assert "! The relay is 120 s behind on shard0." in shown(capsys)[0]


def test_it_names_an_instance_that_does_not_answer(capsys, settings):
    settings.INSTANCES = {"api.1": "http://127.0.0.1:9"}
    text, _ = shown(capsys)
    assert "instances  api.1 DOWN" in text
    assert "! api.1 does not answer." in text


def test_it_names_a_disk_that_is_nearly_full(capsys, monkeypatch):
    monkeypatch.setattr(selector, "DISK_FREE_BYTES", 10**18)
    assert "MB left." in shown(capsys)[0]


@pytest.mark.parametrize("name", ["{}", "file:{}?mode=rw"])
def test_it_finds_a_file_whatever_its_path_has_in_it(tmp_path, name):
    path = tmp_path / "two words, 100 %.sqlite3"
    shown = quote(str(path)) if name.startswith("file:") else path
    connection = SimpleNamespace(settings_dict={"NAME": name.format(shown)})
    assert path_of(connection) == path


def test_it_is_json_for_programs(capsys):
    text, code = shown(capsys, "--format", "json")
    found = json.loads(text)
    assert code == 0
    assert found["problems"] == []
    assert {each["alias"] for each in found["databases"] if each["up"]} >= {"default", "shard0"}
    assert found["relay"]["shard1"]["parked"] == 0
