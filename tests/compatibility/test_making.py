"""Making rows: factory_boy, model-bakery and django-model-utils."""

import factory
import pytest
from model_bakery import baker

from shardrouter import shard_for
from shardrouter.exceptions import UnroutedQuery
from tests.compatibility.app.models import Task
from tests.notes.notebook.models import Account, Note

pytestmark = pytest.mark.django_db(databases="__all__")


class AccountFactory(factory.django.DjangoModelFactory):
    username = factory.Sequence(lambda number: f"member{number}")

    class Meta:
        model = Account
        django_get_or_create = ["username"]


class NoteFactory(factory.django.DjangoModelFactory):
    account = factory.SubFactory(AccountFactory)
    title = factory.Faker("sentence")

    class Meta:
        model = Note


def test_factories_make_rows_on_their_shards():
    made = NoteFactory.create_batch(12)
    assert {shard_for(note) for note in made} == {"shard0", "shard1", "shard2"}
    for note in made:
        assert Note.objects.using(shard_for(note.account)).get(pk=note.pk).title == note.title
    again = AccountFactory(username=made[0].account.username)
    assert again == made[0].account
    assert NoteFactory.build().pk is None


def test_bakery_makes_rows_on_their_shards():
    made = baker.make(Note, _quantity=6)
    assert all(note in note.account.notes.all() for note in made)
    account = baker.make(Account, username="ann")
    notes = baker.make(
        Note, account=account, title=iter(["a", "b"]), _quantity=2, _bulk_create=True
    )
    assert {note.title for note in account.notes.all()} == {note.title for note in notes}
    assert baker.prepare(Note, account=account).pk is None


def test_model_utils_times_states_and_tracks(accounts, ann):
    task = Task.objects.create(account=ann, title="first")
    assert (task.status, task.created.date()) == ("open", task.modified.date())
    task.title = "second"
    assert task.tracker.previous("title") == "first"
    task.save()
    task.refresh_from_db()
    assert task.modified > task.created
    Task.objects.create(account=ann, title="over", status="done")
    assert [each.title for each in ann.tasks.filter(status="done")] == ["over"]


def test_model_utils_status_manager_is_not_there_by_itself(ann):
    """StatusModel adds managers that are not ShardedManagers; StatusField alone adds none."""
    assert {manager.name for manager in Task._meta.managers} == {"objects", "sharded_rows"}
    with pytest.raises(UnroutedQuery):
        list(Task.objects.filter(status="done"))
