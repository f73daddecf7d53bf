"""How a project with data comes to the shards: the notebook on one database, with small ids.

`legacy.json` is what `manage.py dumpdata notebook` wrote while the models were unsharded: old ids
from 1 in every table, and a few rows whose owner or note is long gone. Here they are put in tables
of `default`, as `migrate` leaves them, and adopted.
"""

import io
import json
import uuid
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.models import ForeignKey

from shardrouter import ids, shard_for, slot_for
from shardrouter.adoption import adopted_id
from shardrouter.slots import slot_from_text
from tests.notes.notebook.models import Account, Bookmark, Note

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)

OLD = json.loads((Path(__file__).parent / "legacy.json").read_text())
MODELS = (Account, Note, Bookmark)
ORPHANS = [
    ("notebook.note", 40),  # its account is gone
    ("notebook.bookmark", 10),  # its account is gone
]


def _is_id(field):
    return field.primary_key or isinstance(field, ForeignKey)


def _insert(cursor, row, as_id):
    (model,) = (each for each in MODELS if each._meta.label_lower == row["model"])
    values = {"id": as_id(row["pk"])}
    for name, value in row["fields"].items():
        field = model._meta.get_field(name)
        values[field.column] = as_id(value) if _is_id(field) else value
    columns, marks = ", ".join(values), ", ".join(["%s"] * len(values))
    cursor.execute(
        f"INSERT INTO {model._meta.db_table} ({columns}) VALUES ({marks})", list(values.values())
    )


def _fill(kind, as_id, chosen=MODELS):
    """Make the tables of before, with ids of the column type `kind`, and fill them."""
    labels = {model._meta.label_lower for model in chosen}
    with connections["default"].cursor() as cursor:
        for model in chosen:
            columns = ", ".join(
                f'"{field.column}" {kind if _is_id(field) else field.db_type(cursor.db)}'
                for field in model._meta.local_fields
            )
            cursor.execute(f"CREATE TABLE {model._meta.db_table} ({columns}, PRIMARY KEY (id))")
        for row in (row for row in OLD if row["model"] in labels):
            _insert(cursor, row, as_id)


@pytest.fixture
def clean():
    yield
    with connections["default"].cursor() as cursor:
        for model in MODELS:
            cursor.execute(f"DROP TABLE IF EXISTS {model._meta.db_table}")


@pytest.fixture
def old_tables(clean):
    """The tables of before, with their rows, and with ids from 1."""
    _fill("integer", int)


def adopt(*options):
    out = io.StringIO()
    call_command("shards", "adopt", *options, stdout=out)
    return out.getvalue()


def test_it_stops_at_a_row_without_an_owner(old_tables):
    with pytest.raises(CommandError, match=r"notebook.Note\(pk=40\): its owner does not exist"):
        adopt()
    assert not any(model.objects.scatter().exists() for model in MODELS)


def test_it_makes_a_new_row_of_every_old_one_on_the_right_shard(old_tables):
    said = adopt("--skip-orphans")
    assert "notebook.Note: 21 rows" in said
    assert ", 1 orphans left out" in said
    kept = [row for row in OLD if (row["model"], row["pk"]) not in ORPHANS]
    for row in kept:
        (model,) = (each for each in MODELS if each._meta.label_lower == row["model"])
        new = model.objects.get(pk=adopted_id(model, row["pk"]))
        owner = new if model is Account else new.account
        assert slot_for(new) == slot_for(owner)
        assert model.objects.using(shard_for(owner)).filter(pk=new.pk).exists()
    assert sum(model.objects.scatter().count() for model in MODELS) == len(kept)
    call_command("shards", "check", "--rows", stdout=io.StringIO())


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_it_shows_its_progress_on_a_terminal(old_tables):
    terminal = Terminal()
    call_command("shards", "adopt", "--skip-orphans", "--batch-size", "10", stdout=terminal)
    lines = "\rnotebook.Note: rows: 10 of 22\rnotebook.Note: rows: 20 of 22"
    assert f"{lines}\rnotebook.Note: rows: 22 of 22\n" in terminal.getvalue()


def test_it_keeps_columns_and_relations(old_tables):
    adopt("--skip-orphans")
    for row in OLD:
        old = row["fields"]
        if row["model"] == "notebook.note" and row["pk"] != 40:
            note = Note.objects.get(pk=adopted_id(Note, row["pk"]))
            assert note.account_id == adopted_id(Account, old["account"])
            assert (note.title, note.body, note.pinned) == (
                old["title"],
                old["body"],
                old["pinned"],
            )
            assert note.created.isoformat() == old["created"].replace("Z", "+00:00")
        if row["model"] == "notebook.bookmark" and row["pk"] != 10:
            bookmark = Bookmark.objects.get(pk=adopted_id(Bookmark, row["pk"]))
            # A note that is gone has no new id: the key names nothing, as it did.
            assert bookmark.note_id == adopted_id(Note, old["note"]) or old["note"]


def test_it_keeps_the_order_of_an_accounts_notes(old_tables):
    adopt("--skip-orphans")
    for old_id in range(1, 8):
        account = Account.objects.get(pk=adopted_id(Account, old_id))
        olds = [
            row["pk"]
            for row in OLD
            if row["model"] == "notebook.note" and row["fields"]["account"] == old_id
        ]
        news = [adopted_id(Note, old) for old in sorted(olds)]
        assert len(news) == 3
        assert list(account.notes.order_by("id").values_list("pk", flat=True)) == news


def test_it_refuses_to_lose_a_column(old_tables):
    with connections["default"].cursor() as cursor:
        cursor.execute("ALTER TABLE notebook_note ADD COLUMN colour text")
    with pytest.raises(CommandError, match=r"--leave-out notebook.Note.colour"):
        adopt("--skip-orphans")
    adopt("--skip-orphans", "--leave-out", "notebook.Note.colour")


def test_it_refuses_to_drop_what_was_not_adopted(old_tables):
    with pytest.raises(CommandError, match=r"Run `shards adopt` first"):
        adopt("--drop-old-tables", "--no-input")
    adopt("--skip-orphans")
    assert "Dropped notebook_note." in adopt("--drop-old-tables", "--no-input")


def test_it_dumps_and_loads_the_adopted_rows(old_tables, tmp_path):
    adopt("--skip-orphans")
    Bookmark.objects.scatter(writes=True).filter(note_id__lt=1000).delete()
    out = io.StringIO()
    call_command("dumpdata", "notebook", stdout=out)
    counts = {model: model.objects.scatter().count() for model in MODELS}
    for model in reversed(MODELS):
        model.objects.scatter(writes=True).delete()
    path = tmp_path / "adopted.json"
    path.write_text(out.getvalue())
    call_command("loaddata", str(path), stdout=io.StringIO())
    assert {model: model.objects.scatter().count() for model in MODELS} == counts


def test_it_takes_ids_that_are_not_integers(clean):
    names = {number: uuid.UUID(int=1000 - number).hex for number in range(100)}
    _fill("char(32)", names.get)
    adopt("--skip-orphans")
    for row in OLD[:-1]:
        if row["model"] == "notebook.note" and row["pk"] != 40:
            note = Note.objects.get(pk=adopted_id(Note, names[row["pk"]]))
            assert note.account_id == adopted_id(Account, names[row["fields"]["account"]])
            assert note.title == row["fields"]["title"]


def test_it_keeps_ids_that_say_the_right_slot(clean):
    """As of a project whose rows came from another installation."""
    slots = {row["pk"]: slot_from_text(row["fields"]["username"].casefold()) for row in OLD[:7]}
    old = {n: ids.compose(1_750_000_000_000 + n, slots.get(n, 0)) for n in range(100)}
    _fill("bigint", old.get)
    adopt("--skip-orphans")
    for number in slots:
        assert adopted_id(Account, old[number]) == old[number]
    # These were in slot 0, wherever their accounts are.
    moved = [number for number in range(8, 22) if slot_for(adopted_id(Note, old[number])) != 0]
    assert len(moved) > 10
    assert all(adopted_id(Note, old[number]) != old[number] for number in moved)


def test_it_adopts_models_that_are_sharded_later(clean):
    """Accounts first, while a bookmark on a shard names a note by its old id; then notes, whose old
    table has the new ids of accounts by then; then bookmarks."""
    _fill("integer", int, [Account])
    adopt()
    ann = Account.objects.get(pk=adopted_id(Account, 1))
    early = Bookmark.objects.create(account=ann, note_id=5)
    _fill("integer", int, [Note])
    with connections["default"].cursor() as cursor:
        for old in range(1, 8):
            new = adopted_id(Account, old)
            cursor.execute(
                "UPDATE notebook_note SET account_id = %s WHERE account_id = %s", [new, old]
            )
    adopt("--skip-orphans")
    assert Note.objects.scatter().count() == 21
    early.refresh_from_db()
    assert early.note_id == adopted_id(Note, 5)
    assert early.note.title == "first of Hal"
    _fill("integer", int, [Bookmark])
    adopt("--skip-orphans")
    assert adopted_id(Bookmark, 1) != early.pk
    assert Bookmark.objects.get(pk=adopted_id(Bookmark, 1)).note_id == adopted_id(Note, 2)
    assert "nothing to do" in adopt()
