"""migrate with a data migration, loaddata, dumpdata, flush and shards, as an operator runs them."""

import io
import json
from importlib import import_module

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Model

from shardrouter import shard_for
from tests.notes.notebook.models import Account, Bookmark, Note

pytestmark = pytest.mark.django_db(databases="__all__")

SHARDS = ("shard0", "shard1", "shard2")


def run(*args, **options):
    out = io.StringIO()
    call_command(*args, stdout=out, **options)
    return out.getvalue()


def dump():
    return run("dumpdata", "notebook", indent=1)


def test_it_leaves_nothing_to_check_or_to_migrate():
    assert "no issues" in run("check", databases=["default", *SHARDS])
    run("makemigrations", check_changes=True, dry_run=True)
    for alias in ("default", *SHARDS):
        run("migrate", check_unapplied=True, database=alias)


def test_it_creates_each_table_where_it_belongs():
    ours = {"notebook_account", "notebook_note", "notebook_bookmark"}
    for alias in SHARDS:
        tables = set(connections[alias].introspection.table_names())
        assert ours <= tables
        assert "auth_user" not in tables
    tables = set(connections["default"].introspection.table_names())
    assert "auth_user" in tables
    assert not ours & tables


@pytest.fixture
def first_schema():
    """The notebook as of its first migration, and as of its last one afterwards."""
    run("migrate", "notebook", "0001", no_color=True)
    state = MigrationExecutor(connections["default"]).loader.project_state(
        ("notebook", "0001_initial")
    )
    yield state.apps
    run("migrate", no_color=True)


def pinned(alias):
    with connections[alias].cursor() as cursor:
        names = connections[alias].introspection.get_table_description(cursor, "notebook_note")
    if "pinned" not in {column.name for column in names}:
        return None
    rows = Note.objects.using(alias).order_by("title")
    return set(rows.values_list("title", "pinned"))


DONE = {("!urgent", True), ("plain", False)}


def write_old_notes(apps, accounts):
    for account in accounts.values():
        notes = apps.get_model("notebook", "Note").objects.using(shard_for(account))
        for number, title in enumerate(("!urgent", "plain")):
            notes.create(pk=account.pk + number + 1, account_id=account.pk, title=title)


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_it_runs_the_data_migration_on_every_shard(accounts, first_schema):
    write_old_notes(first_schema, accounts)
    out = run("migrate", no_color=True)
    positions = [out.index(f"Database {alias}:") for alias in ("default", *SHARDS)]
    assert positions == sorted(positions)
    assert {alias: pinned(alias) for alias in SHARDS} == dict.fromkeys(SHARDS, DONE)
    assert Note.objects.scatter().filter(pinned=True).count() == len(accounts)


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_it_names_the_shard_of_a_failed_migration_and_continues_there(accounts, first_schema):
    write_old_notes(first_schema, accounts)
    with connections["shard1"].cursor() as cursor:
        cursor.execute("CREATE TABLE new__notebook_note (in_the_way integer)")
    with pytest.raises(CommandError, match="shard1"):
        run("migrate", no_color=True)
    assert [pinned(alias) for alias in SHARDS] == [DONE, None, None]
    with connections["shard1"].cursor() as cursor:
        cursor.execute("DROP TABLE new__notebook_note")
    run("migrate", no_color=True)
    assert {alias: pinned(alias) for alias in SHARDS} == dict.fromkeys(SHARDS, DONE)


@pytest.mark.django_db(databases="__all__", transaction=True)
@pytest.mark.parametrize("error", [IntegrityError, ValueError])
def test_it_names_the_shard_of_a_failed_data_migration(accounts, first_schema, monkeypatch, error):
    write_old_notes(first_schema, accounts)
    module = import_module("tests.notes.notebook.migrations.0002_pinned")

    def fail_on_one(apps, schema_editor):
        if schema_editor.connection.alias == "shard1":
            raise error("a row that the migration did not expect")
        module.pin_urgent(apps, schema_editor)

    with monkeypatch.context() as patched:
        patched.setattr(module.Migration.operations[1], "code", fail_on_one)
        with pytest.raises(CommandError, match="shard1"):
            run("migrate", no_color=True)
    assert [pinned(alias) for alias in SHARDS] == [DONE, None, None]
    run("migrate", no_color=True)
    assert [pinned(alias) for alias in SHARDS] == [DONE, DONE, DONE]


@pytest.fixture
def marks(notes, ann, far):
    """Ann marks the notes of somebody on another shard, and the other way round."""
    pairs = [(ann, note) for note in far.notes.all()] + [(far, note) for note in ann.notes.all()]
    return [Bookmark.objects.create(account=account, note=note) for account, note in pairs]


def test_it_loads_what_it_has_dumped(marks, notes, tmp_path):
    text = dump()
    assert len(json.loads(text)) == 9 + len(notes) + len(marks)
    where = {note.pk: shard_for(note) for note in notes}
    for model in (Bookmark, Note, Account):
        model.objects.scatter(writes=True).delete()
    assert json.loads(dump()) == []
    path = tmp_path / "notebook.json"
    path.write_text(text)
    assert f"Installed {len(json.loads(text))} object(s)" in run("loaddata", str(path))
    assert dump() == text
    for pk, alias in where.items():
        assert Note.objects.using(alias).filter(pk=pk).exists()
    run("loaddata", str(path))  # a second time changes nothing
    assert dump() == text


def test_it_names_the_bad_row_and_loads_nothing(marks, tmp_path):
    rows = json.loads(dump())
    for model in (Bookmark, Note, Account):
        model.objects.scatter(writes=True).delete()
    rows[-1]["fields"]["note"] ^= 1  # nobody's id
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(rows))
    with pytest.raises(CommandError, match=str(rows[-1]["pk"])):
        run("loaddata", str(path))
    assert json.loads(dump()) == []


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_it_flushes_every_database(notes):
    run("flush", interactive=False)
    assert json.loads(dump()) == []
    ann = Account.objects.create(username="Ann")  # the shard map is still there
    assert Account.objects.get(username="Ann") == ann


def test_it_shows_the_status_of_shards(notes):
    found = json.loads(run("shards", "status", "--format", "json"))
    assert [each["alias"] for each in found] == list(SHARDS)
    assert sum(each["slots"] for each in found) == 4096
    assert sum(each["rows"]["notebook.Note"] for each in found) == len(notes)
    for each in found:
        assert each["state"] == "up"
        assert each["rows"]["notebook.Account"] == Account.objects.using(each["alias"]).count()
    text = run("shards", "status")
    assert all(alias in text for alias in SHARDS)


def test_it_finds_the_shard_of_a_row(accounts, notes):
    for name, account in accounts.items():
        for key in (name, name.upper(), str(account.pk)):
            assert shard_for(account) in run("shards", "where", "notebook.Account", key)
    for note in notes[:3]:
        found = json.loads(
            run("shards", "where", "notebook.Note", str(note.pk), "--format", "json")
        )
        assert found["shard"] == shard_for(note)


def test_it_checks_the_place_of_every_row(ann, far, notes):
    assert "Every row is on the shard" in run("shards", "check", "--rows")
    stray = ann.notes.first()
    Model.save_base(stray, raw=True, using=shard_for(far), force_insert=True)
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 rows"):
        call_command("shards", "check", "--rows", stdout=out)
    assert f"notebook.Note {stray.pk}" in out.getvalue()
    Note.objects.using(shard_for(far)).filter(pk=stray.pk).delete()
    run("shards", "check", "--rows")
