"""atomic_for, and Django's own TestCase on shards."""

import pytest
from django.db import transaction
from django.test import TestCase

from shardrouter import atomic_for, shard_for
from shardrouter.exceptions import (
    CrossShardTransaction,
)
from tests.notes.conftest import SHARDS
from tests.notes.notebook.models import Account, Note

pytestmark = pytest.mark.django_db(databases="__all__")


def test_it_opens_a_transaction_on_one_shard(ann, far):
    with atomic_for(ann):
        ann.notes.create(title="kept")
    with pytest.raises(ZeroDivisionError), atomic_for(ann):
        ann.notes.create(title="undone")
        raise ZeroDivisionError
    assert [note.title for note in ann.notes.all()] == ["kept"]


@pytest.mark.parametrize(
    "touch",
    [
        lambda far: far.notes.create(title="x"),
        lambda far: far.notes.count(),
        lambda far: list(far.notes.all()),
        lambda far: Note.objects.filter(account=far).update(pinned=True),
        lambda far: Note.objects.filter(account=far).delete(),
        lambda far: Note.objects.bulk_create([Note(account=far, title="x")]),
        lambda far: far.save(),
        lambda far: far.delete(),
        lambda far: far.refresh_from_db(),
        lambda far: Account.objects.get(username=far.username),
        lambda far: list(Note.objects.scatter()),
    ],
)
def test_it_raises_if_another_shard_is_touched_inside(ann, far, touch):
    with pytest.raises(CrossShardTransaction) as error, atomic_for(ann):
        ann.notes.create(title="undone")
        touch(far)
    assert shard_for(ann) in str(error.value)
    assert not ann.notes.exists()
    assert not far.notes.exists()


class DjangosOwnTestCase(TestCase):
    """TestCase with databases, assertNumQueries and on_commit, as the page promises."""

    databases = {"default", *SHARDS}

    @classmethod
    def setUpTestData(cls):
        cls.ann = Account.objects.create(username="Ann")

    def test_it_counts_queries_on_the_shard(self):
        with self.assertNumQueries(1, using=shard_for(self.ann)):
            Account.objects.get(username="Ann")

    def test_it_runs_on_commit_on_the_shard(self):
        told = []
        with (
            self.captureOnCommitCallbacks(using=shard_for(self.ann), execute=True),
            atomic_for(self.ann) as alias,
        ):
            note = self.ann.notes.create(title="x")
            transaction.on_commit(lambda: told.append(note.pk), using=alias)
        assert told == [note.pk]

    def test_it_refreshes_from_the_database(self):
        note = self.ann.notes.create(title="x")
        Note.objects.filter(pk=note.pk).update(title="y")
        note.refresh_from_db()
        assert note.title == "y"
