"""How a project with data moves onto the shards: its old dump, with small ids, as new rows.

`legacy.json` is what `manage.py dumpdata notebook` wrote while the models were unsharded: each
owner before what it owns, old ids from 1 in every table, and a few rows whose owner or note is
long gone. `adopt` below is all that it takes; make the models sharded, `migrate`, and run it.
"""

import io
import json
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.conf import settings
from django.core import serializers
from django.core.management import call_command
from django.db import IntegrityError, transaction

from shardrouter import shard_for, slot_for
from tests.notes.notebook.models import Account, Bookmark, Note

pytestmark = pytest.mark.django_db(databases="__all__")

DUMP = (Path(__file__).parent / "legacy.json").read_text()
OLD = {(row["model"], row["pk"]): row["fields"] for row in json.loads(DUMP)}


def adopt(dump):
    """Save each old row as a new one, all or none; return {(model, old id): row}, and the rest.

    Without an id, saving gives a row one that carries its slot. Its foreign keys are looked up
    among the rows that were moved before it; a row that points at nobody is left out.
    """
    moved, orphans = {}, []
    with ExitStack() as transactions:
        for alias in settings.SHARDROUTER["SHARDS"]:
            transactions.enter_context(transaction.atomic(using=alias))
        for item in serializers.deserialize("json", dump):
            row = item.object
            label, old_id = row._meta.label_lower, row.pk
            keys = [field for field in row._meta.concrete_fields if field.is_relation]
            owners = {
                field.name: moved.get((field.related_model._meta.label_lower, field_id))
                for field in keys
                if (field_id := getattr(row, field.attname)) is not None
            }
            if None in owners.values():
                orphans.append((label, old_id))
                continue
            row.pk = None
            for name, owner in owners.items():
                setattr(row, name, owner)
            row.save()
            moved[label, old_id] = row
    return moved, orphans


ORPHANS = [
    ("notebook.note", 40),  # its account is gone
    ("notebook.bookmark", 9),  # marks that note
    ("notebook.bookmark", 10),  # its account is gone
    ("notebook.bookmark", 11),  # its note is gone
]


def test_it_makes_a_new_row_of_every_old_one_on_the_right_shard():
    moved, orphans = adopt(DUMP)
    assert orphans == ORPHANS
    assert set(moved) == set(OLD) - set(ORPHANS)
    for model in (Account, Note, Bookmark):
        rows = {row.pk for (label, _), row in moved.items() if label == model._meta.label_lower}
        assert set(model.objects.scatter().values_list("pk", flat=True)) == rows
    for row in moved.values():
        owner = row if isinstance(row, Account) else row.account
        assert slot_for(row) == slot_for(owner)
        assert type(row).objects.using(shard_for(owner)).filter(pk=row.pk).exists()
    assert {shard_for(row) for row in moved.values()} == {"shard0", "shard1", "shard2"}
    call_command("shards", "check", "--rows", stdout=io.StringIO())


def test_it_keeps_columns_and_relations():
    moved, _ = adopt(DUMP)
    new = {key: type(row).objects.get(pk=row.pk) for key, row in moved.items()}
    for (label, old_id), row in new.items():
        old = OLD[label, old_id]
        if label == "notebook.account":
            assert Account.objects.get(username=old["username"]) == row
        if label == "notebook.note":
            assert row.account == new["notebook.account", old["account"]]
            assert (row.title, row.body, row.pinned) == (old["title"], old["body"], old["pinned"])
            assert row.created.isoformat() == old["created"].replace("Z", "+00:00")
        if label == "notebook.bookmark":
            assert row.account == new["notebook.account", old["account"]]
            assert row.note == new["notebook.note", old["note"]]
    assert any(
        shard_for(mark) != shard_for(mark.note_id)
        for (label, _), mark in new.items()
        if label == "notebook.bookmark"
    )


def test_it_keeps_the_order_of_an_accounts_notes():
    moved, _ = adopt(DUMP)
    for old_id in range(1, 8):
        account = moved["notebook.account", old_id]
        old = [
            moved[label, pk]
            for (label, pk), fields in sorted(OLD.items())
            if label == "notebook.note" and fields["account"] == old_id
        ]
        assert len(old) == 3
        assert list(account.notes.order_by("id")) == old
    newest = Note.objects.scatter().order_by("-created", "title")[:3]
    assert [note.title for note in newest] == ["!third of ann", "!third of ida", "!third of Hal"]


def test_it_moves_all_or_nothing():
    rows = json.loads(DUMP)
    rows.append({"model": "notebook.account", "pk": 8, "fields": {"username": "Ann"}})
    with pytest.raises(IntegrityError):
        adopt(json.dumps(rows))
    for model in (Account, Note, Bookmark):
        assert not model.objects.scatter().exists()
    adopt(DUMP)  # and then again, from the beginning
    with pytest.raises(IntegrityError):
        adopt(DUMP)
    assert Account.objects.scatter().count() == 7


def test_it_dumps_and_loads_the_moved_rows(tmp_path):
    moved, _ = adopt(DUMP)
    out = io.StringIO()
    call_command("dumpdata", "notebook", stdout=out)
    for model in (Bookmark, Note, Account):
        model.objects.scatter(writes=True).delete()
    path = tmp_path / "moved.json"
    path.write_text(out.getvalue())
    call_command("loaddata", str(path), stdout=io.StringIO())
    for row in moved.values():
        assert type(row).objects.get(pk=row.pk) == row
