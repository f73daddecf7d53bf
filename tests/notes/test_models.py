"""Where the rows of the page's models live."""

import pytest
from django.conf import settings

from shardrouter import shard_for, slot_for
from shardrouter.exceptions import (
    CrossShardQuery,
)
from shardrouter.models import ShardedIdField, ShardedModel
from tests.notes.conftest import SHARDS
from tests.notes.notebook.models import Account, Bookmark, Note

pytestmark = pytest.mark.django_db(databases="__all__")


def test_it_needs_these_settings_alone():
    assert settings.DATABASE_ROUTERS == ["shardrouter.ShardRouter"]
    assert settings.SHARDROUTER == {"SHARDS": ["shard0", "shard1", "shard2"]}


def test_it_shards_the_models():
    for model in (Account, Note, Bookmark):
        assert issubclass(model, ShardedModel)
        assert isinstance(model._meta.pk, ShardedIdField)
    assert Note._meta.pk.primary_key  # by ShardedModel itself


def test_it_hashes_the_normalised_name(ann):
    slot = slot_for(ann)
    ann.delete()
    assert slot_for(Account.objects.create(username="ANN")) == slot


def test_it_puts_a_note_where_its_account_lives(accounts, notes):
    for note in notes:
        assert slot_for(note) == slot_for(note.account)
        assert Note.objects.using(shard_for(note.account)).filter(pk=note.pk).exists()


def test_it_lets_a_bookmark_point_at_a_row_elsewhere(ann, far):
    note = Note.objects.create(account=far, title="far")
    mark = Bookmark.objects.create(account=ann, note=note)
    assert shard_for(mark) == shard_for(ann) != shard_for(note)
    assert Bookmark.objects.get(pk=mark.pk).note == note
    with pytest.raises(CrossShardQuery):
        list(Bookmark.objects.filter(account=ann).select_related("note"))
    with pytest.raises(CrossShardQuery):
        list(Bookmark.objects.filter(account=ann, note__title="far"))
    note.delete()  # DO_NOTHING
    assert Bookmark.objects.filter(account=ann).exists()


def test_it_finds_the_shard_of_a_row_and_an_id(accounts):
    for ann in accounts.values():
        note = Note.objects.create(account=ann, title="x")
        note_id = note.pk
        assert shard_for(ann) == shard_for(note) == shard_for(note_id)
        assert shard_for(ann) in SHARDS
        assert Account.objects.using(shard_for(ann)).filter(pk=ann.pk).exists()


def test_it_finds_the_slot_of_a_row_and_an_id(accounts):
    for ann in accounts.values():
        assert 0 <= slot_for(ann) <= 4095
        assert slot_for(ann) == slot_for(ann.pk) == slot_for(Account(username=ann.username))
