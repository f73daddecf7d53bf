"""Writes: each on its row's own shard, and none that would move a row."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from shardrouter import insert_ignoring_conflicts, shard_for
from shardrouter.exceptions import (
    ShardKeyChanged,
    ShardRouterError,
    UnroutedQuery,
)
from tests.notes.conftest import asked, everywhere
from tests.notes.notebook.models import Account, Note

pytestmark = pytest.mark.django_db(databases="__all__")


def test_it_creates(ann):
    with asked() as counts:
        note = Note.objects.create(account=ann, title="x")
    assert set(counts) == {shard_for(ann)}
    assert shard_for(note) == shard_for(ann)


def test_it_saves_rows_whose_key_never_changes(ann, far):
    note = Note(account=ann, title="x")
    note.save()
    note.title = "renamed"
    note.save()
    assert Note.objects.get(pk=note.pk).title == "renamed"
    note.account = far
    with pytest.raises(ShardRouterError):
        note.save()
    with pytest.raises(ShardKeyChanged):
        Note.objects.filter(pk=note.pk).update(account=far)
    assert Note.objects.get(pk=note.pk).account == ann
    ann.username = "Somebody else"
    with pytest.raises(ShardKeyChanged):
        ann.save()


def test_it_creates_in_bulk(accounts):
    made = Note.objects.bulk_create(
        Note(account=account, title="bulk") for account in accounts.values()
    )
    assert [shard_for(note) for note in made] == [shard_for(each) for each in accounts.values()]
    assert {note.pk for note in everywhere("bulk")} == {note.pk for note in made}


def test_it_gets_or_creates(ann):
    note, new = Note.objects.get_or_create(account=ann, title="x", defaults={"body": "a"})
    assert new
    again, new = Note.objects.get_or_create(account=ann, title="x", defaults={"body": "b"})
    assert (again, new, again.body) == (note, False, "a")
    assert Account.objects.get_or_create(username="Ann") == (ann, False)


def test_it_updates_or_creates(ann):
    note, new = Note.objects.update_or_create(account=ann, title="x", defaults={"body": "a"})
    assert new
    again, new = ann.notes.update_or_create(title="x", defaults={"body": "b"})
    assert (again, new, again.body) == (note, False, "b")


def test_it_updates(accounts, ann, notes):
    assert Note.objects.filter(account=ann).update(pinned=True) == 3
    assert Note.objects.scatter().filter(pinned=True).count() == 3
    assert Note.objects.filter(pk__in=[note.pk for note in notes]).update(pinned=True) == len(notes)
    with pytest.raises(UnroutedQuery):
        Note.objects.filter(title="x").update(pinned=False)


def test_it_deletes(accounts, ann, notes):
    assert Note.objects.filter(account=ann, title="x").delete() == (1, {"notebook.Note": 1})
    notes[1].delete()
    assert Note.objects.scatter().count() == len(notes) - 2
    ann.delete()  # with the two notes left
    assert Note.objects.scatter().count() == len(notes) - 4
    with pytest.raises(UnroutedQuery):
        Note.objects.filter(title="x").delete()


def test_it_rejects_a_taken_name_on_its_shard(ann):
    with pytest.raises(IntegrityError), transaction.atomic(using=shard_for(ann)):
        Account.objects.create(username="Ann")
    assert Account.objects.filter(username="Ann").count() == 1


def test_it_writes_to_every_shard_only_if_told_so(notes):
    with pytest.raises(ShardRouterError):
        Note.objects.scatter().filter(title="x").delete()
    expected = len(everywhere())
    deleted, by_model = Note.objects.scatter(writes=True).filter(title="x").delete()
    assert (deleted, by_model) == (expected, {"notebook.Note": expected})
    assert everywhere() == []
    assert Note.objects.scatter(writes=True).update(pinned=True) == len(notes) - expected


def test_it_inserts_many_rows_and_ignores_those_that_exist(accounts):
    rows = [
        (account.pk, title, "", False, timezone.now())
        for account in accounts.values()
        for title in ("x", "y")
    ]
    columns = ["account", "title", "body", "pinned", "created"]
    for each in (rows[::2], rows):
        insert_ignoring_conflicts(Note, columns, each, unique_fields=["account", "title"])
    assert len(everywhere()) == len(accounts)
    assert all(shard_for(note) == shard_for(note.account_id) for note in everywhere("y"))
