"""Keys of global models that hold UUIDs cannot become sharded ids on PostgreSQL."""

import uuid

import pytest
from django.db import connection, migrations, models
from django.db.migrations.state import ProjectState

from shardrouter.exceptions import AdoptionError
from shardrouter.models import ShardedIdField
from shardrouter.past_migrations import WithRoomForIds

pytestmark = pytest.mark.django_db(databases="__all__")

OLD_ID = models.UUIDField(primary_key=True, default=uuid.uuid4)
NEW_ID = migrations.AlterField("label", "id", ShardedIdField(primary_key=True))


def states(*operations):
    """Return the states before and after NEW_ID, if `operations` came before."""
    before = ProjectState()
    for operation in operations:
        operation.state_forwards("old", before)
    after = before.clone()
    NEW_ID.state_forwards("old", after)
    return before, after


def statements(before, after):
    with connection.schema_editor(collect_sql=True) as editor:
        WithRoomForIds(NEW_ID).database_forwards("old", editor, before, after)
    return editor.collected_sql


LABEL = migrations.CreateModel("Label", [("id", OLD_ID)])
BADGE = migrations.CreateModel(
    "Badge",
    [
        ("id", models.AutoField(primary_key=True)),
        ("label", models.ForeignKey("Label", models.PROTECT)),
    ],
)


def test_it_names_the_key():
    with pytest.raises(AdoptionError, match=r"old.Badge.label holds UUIDs of old.Label"):
        statements(*states(LABEL, BADGE))


def test_it_is_content_without_one():
    assert statements(*states(LABEL)) == []


def test_it_gives_room_to_integers():
    label = migrations.CreateModel("Label", [("id", models.AutoField(primary_key=True))])
    (change,) = statements(*states(label, BADGE))
    assert change == 'ALTER TABLE "old_badge" ALTER COLUMN "label_id" TYPE bigint;'
