"""Moving rows by files: django-import-export."""

import re
from pathlib import Path

import pytest
import tablib
from import_export import fields, resources, widgets

from shardrouter import shard_for
from tests.notes.notebook.models import Account, Note

pytestmark = pytest.mark.django_db(databases="__all__")


PAGE = Path(__file__).parents[2] / "docs" / "shardrouter" / "compatibility.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
(MIXIN,) = (block for block in BLOCKS if "class OnAllShards" in block)
NAMES: dict = {}
exec(MIXIN, NAMES)


class NoteResource(NAMES["OnAllShards"], resources.ModelResource):
    account = fields.Field("account", "account", widgets.ForeignKeyWidget(Account, "username"))

    class Meta:
        model = Note
        fields = ["id", "account", "title"]


def data(*rows):
    return tablib.Dataset(*rows, headers=["id", "account", "title"])


def test_it_exports_the_rows_of_all_shards(notes):
    exported = NoteResource().export()
    assert {int(pk) for pk in exported["id"]} == {note.pk for note in notes}
    assert set(exported["account"]) == {note.account.username for note in notes}


def test_it_imports_rows_to_their_shards(accounts, ann, far):
    rows = data(("", "Ann", "new"), ("", far.username, "new"))
    result = NoteResource().import_data(rows, raise_errors=True)
    assert result.totals["new"] == 2
    assert [note.title for note in ann.notes.all()] == ["new"]
    assert Note.objects.using(shard_for(far)).filter(account=far).count() == 1


def test_it_updates_what_it_exported(notes, ann):
    note = ann.notes.first()
    result = NoteResource().import_data(data((note.pk, "Ann", "changed")), raise_errors=True)
    assert result.totals["update"] == 1
    note.refresh_from_db()
    assert note.title == "changed"


def test_its_dry_run_leaves_nothing(accounts):
    NoteResource().import_data(data(("", "Ann", "new")), dry_run=True, raise_errors=True)
    assert not Note.objects.scatter().exists()


def test_it_imports_all_or_nothing(accounts):
    rows = data(("", "Ann", "new"), ("", "Bob", "newer"), ("", "Ann", "new"))
    result = NoteResource().import_data(rows, use_transactions=True)
    assert result.has_errors()
    assert not Note.objects.scatter().exists()
