"""The checks of generic keys and relations."""

import pytest
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.db import models
from django.test.utils import isolate_apps, override_settings

from shardrouter.models import ShardedModel
from tests.shardrouter.app.test_checks import model_ids

pytestmark = pytest.mark.django_db(databases="__all__")


@isolate_apps("tests.shardrouter.app")
def test_it_reports_e014_for_generic_keys_without_content_types_on_the_shards():
    class Pointing(ShardedModel):
        kind_id = models.BigIntegerField()
        row_id = models.BigIntegerField()
        row = GenericForeignKey("kind_id", "row_id")

        class Shard:
            key = "row_id"

    class Pointed(ShardedModel):
        pointers = GenericRelation(Pointing)

    without = {"SHARDS": ["shard0", "shard1", "shard2"]}
    with override_settings(SHARDROUTER=without):
        assert generic_ids(Pointing) == generic_ids(Pointed) == ["shardrouter.E014"]
    everywhere = {"GLOBAL_DATABASES": ["default", "shard0", "shard1", "shard2"]}
    for more in (everywhere, {"CONTENT_TYPES_ON_SHARDS": True}):
        with override_settings(SHARDROUTER=without | more):
            assert generic_ids(Pointing) == generic_ids(Pointed) == []


@isolate_apps("tests.shardrouter.app")
def test_it_reports_e015_for_generic_keys_that_leave_the_slot():
    class Pointing(ShardedModel):
        kind_id = models.BigIntegerField()
        row_id = models.BigIntegerField()
        row = GenericForeignKey("kind_id", "row_id")

    class Global(models.Model):
        kind_id = models.BigIntegerField()
        row_id = models.BigIntegerField()

    class Pointed(ShardedModel):
        pointers = GenericRelation(Pointing, "row_id", "kind_id")

    class PointedFromOutside(ShardedModel):
        pointers = GenericRelation(Global, "row_id", "kind_id")

    for model in (Pointing, Pointed, PointedFromOutside):
        assert generic_ids(model) == ["shardrouter.E015"]


def generic_ids(model):
    return [each for each in model_ids(model) if each in ("shardrouter.E014", "shardrouter.E015")]
