"""A test for each system check id."""

import pytest
from django.core import checks
from django.db import models
from django.db.models.functions import Left, Lower, Upper
from django.test.utils import isolate_apps, override_settings

from shardrouter.checks import check_settings, model_messages
from shardrouter.models import ShardedIdField, ShardedModel
from shardrouter.placement import is_sharded
from tests.shardrouter.app.fields import ReversedField
from tests.shardrouter.app.models import Author, Book, Country, Tag

pytestmark = pytest.mark.django_db(databases="__all__")


def model_ids(*classes):
    return ids_of(message for each in classes for message in model_messages(each))


def ids_of(messages):
    messages = list(messages)
    assert all(message.hint for message in messages)
    return sorted({message.id for message in messages})


def test_it_reports_nothing_for_a_correct_project():
    assert [each for each in checks.run_checks() if each.id.startswith("shardrouter")] == []


@isolate_apps("tests.shardrouter.app")
def test_it_reports_e001_for_a_sharded_id_that_is_not_the_primary_key():
    class Odd(models.Model):
        other = ShardedIdField()

    class Copied(models.Model):
        row_id = ShardedIdField(db_index=True)

    assert ids_of(Odd._meta.get_field("other").check()) == ["shardrouter.E001"]
    assert ids_of(Copied._meta.get_field("row_id").check()) == []
    assert not is_sharded(Copied)


@override_settings(SHARDROUTER={})
def test_it_reports_e002_without_shards():
    assert ids_of(check_settings(None)) == ["shardrouter.E002"]


@pytest.mark.parametrize("shards", [["shard0", "shard9"], ["shard0", "shard0"]])
def test_it_reports_e003_for_an_alias_that_is_missing_or_named_twice(shards):
    with override_settings(SHARDROUTER={"SHARDS": shards}):
        assert ids_of(check_settings(None)) == ["shardrouter.E003"]


@override_settings(DATABASE_ROUTERS=[])
def test_it_reports_e004_without_the_router():
    assert ids_of(check_settings(None)) == ["shardrouter.E004"]


@isolate_apps("tests.shardrouter.app")
def test_it_reports_e005_for_a_shard_that_names_no_field_or_a_nullable_one():
    class Wrong(ShardedModel):
        class Shard:
            key = "owner"

    class Nameless(ShardedModel):
        name = models.CharField(max_length=5, null=True, unique=True)

        class Shard:
            slot_from = "name"

    assert model_ids(Wrong) == model_ids(Nameless) == ["shardrouter.E005"]


@isolate_apps("tests.shardrouter.app")
def test_it_reports_e006_for_a_key_without_ids_of_a_sharded_model():
    class Global(models.Model):
        pass

    class ToGlobal(ShardedModel):
        owner = models.ForeignKey(Global, models.DO_NOTHING, db_constraint=False)

        class Shard:
            key = "owner"

    class Text(ShardedModel):
        owner = models.CharField(max_length=5, db_index=True)

        class Shard:
            key = "owner"

    class Nullable(ShardedModel):
        owner = models.ForeignKey(Author, models.CASCADE, null=True)

        class Shard:
            key = "owner"

    class ByName(ShardedModel):
        owner = models.ForeignKey(Author, models.CASCADE, to_field="name")

        class Shard:
            key = "owner"

    for each in (ToGlobal, Text, Nullable, ByName):
        assert model_ids(each) == ["shardrouter.E006"]


@isolate_apps("tests.shardrouter.app")
def test_it_reports_e007_without_an_index_led_by_the_key():
    class Slow(ShardedModel):
        owner = models.ForeignKey(Author, models.CASCADE, db_index=False)

        class Shard:
            key = "owner"

    class Second(ShardedModel):
        owner_id = models.BigIntegerField()
        rank = models.IntegerField()

        class Shard:
            key = "owner_id"

        class Meta:
            indexes = [models.Index(fields=["rank", "owner_id"], name="second_rank")]

    class Led(ShardedModel):
        owner_id = models.BigIntegerField()
        rank = models.IntegerField()

        class Shard:
            key = "owner_id"

        class Meta:
            indexes = [models.Index(fields=["owner_id", "-rank"], name="led_by_owner")]

    assert model_ids(Slow) == model_ids(Second) == ["shardrouter.E007"]
    assert model_ids(Led) == []


@isolate_apps("tests.shardrouter.app")
def test_it_reports_e008_for_a_manager_that_cannot_route():
    class Plain(ShardedModel):
        objects = models.Manager()

    class PlainBase(ShardedModel):
        stock = models.Manager()

        class Meta:
            base_manager_name = "stock"

    assert model_ids(Plain) == model_ids(PlainBase) == ["shardrouter.E008"]


@isolate_apps("tests.shardrouter.app")
def test_it_reports_e009_for_a_constraint_that_crosses_databases():
    class Crossing(ShardedModel):
        owner = models.ForeignKey(Author, models.CASCADE)
        book = models.ForeignKey(Book, models.DO_NOTHING)

        class Shard:
            key = "owner"

    class Inside(ShardedModel):
        owner = models.ForeignKey(Author, models.CASCADE)
        book = models.ForeignKey(Book, models.CASCADE)

        class Shard:
            key = "owner"
            colocated = ("book",)

    class Global(models.Model):
        author = models.ForeignKey(Author, models.DO_NOTHING)

    assert model_ids(Crossing) == model_ids(Global) == ["shardrouter.E009"]
    assert model_ids(Inside) == []


@isolate_apps("tests.shardrouter.app")
def test_it_reports_e010_for_what_is_unique_on_one_shard_only():
    class Field(ShardedModel):
        email = models.CharField(max_length=5, unique=True)

    class Together(ShardedModel):
        owner = models.ForeignKey(Author, models.CASCADE)
        first = models.IntegerField()
        second = models.IntegerField()

        class Shard:
            key = "owner"

        class Meta:
            constraints = [models.UniqueConstraint(fields=["first", "second"], name="both")]

    class Covered(ShardedModel):
        owner = models.OneToOneField(Author, models.CASCADE)
        first = models.IntegerField()

        class Shard:
            key = "owner"

        class Meta:
            unique_together = [("owner", "first")]

    assert model_ids(Field) == model_ids(Together) == ["shardrouter.E010"]
    assert model_ids(Covered) == []


@isolate_apps("tests.shardrouter.app")
def test_it_reports_e011_for_a_key_that_does_not_begin_with_the_shard_key():
    class Reversed(ShardedModel):
        id = None
        pk = models.CompositePrimaryKey("number", "owner_id")
        owner = models.ForeignKey(Author, models.CASCADE)
        number = models.IntegerField()

        class Shard:
            key = "owner"

    class Keyless(ShardedModel):
        id = None
        pk = models.CompositePrimaryKey("owner_id", "number")
        owner_id = models.BigIntegerField()
        number = models.IntegerField()

    class Right(ShardedModel):
        id = None
        pk = models.CompositePrimaryKey("owner_id", "number")
        owner = models.ForeignKey(Author, models.CASCADE, db_index=False)
        number = models.IntegerField()

        class Shard:
            key = "owner"

    assert model_ids(Reversed) == model_ids(Keyless) == ["shardrouter.E011"]
    assert model_ids(Right) == []


@isolate_apps("tests.shardrouter.app")
def test_it_reports_w001_for_a_cascade_that_stops_at_the_shards_edge():
    class Cascading(ShardedModel):
        owner = models.ForeignKey(Author, models.CASCADE)
        book = models.ForeignKey(Book, models.CASCADE, db_constraint=False)

        class Shard:
            key = "owner"

    assert model_ids(Cascading) == ["shardrouter.W001"]


@isolate_apps("tests.shardrouter.app")
def test_it_tells_a_global_composite_key_from_a_sharded_one():
    class Mark(models.Model):
        pk = models.CompositePrimaryKey("author_id", "word")
        author_id = models.BigIntegerField()
        word = models.CharField(max_length=9)

    class Gone(models.Model):
        pk = models.CompositePrimaryKey("author", "word")
        author = models.ForeignKey(Author, models.CASCADE)
        word = models.CharField(max_length=9)

    assert not is_sharded(Mark)
    assert is_sharded(Gone)


@isolate_apps("tests.shardrouter.app")
def test_it_reports_e010_for_an_expression_that_is_unique_on_one_shard_only():
    class Lowered(ShardedModel):
        name = models.CharField(max_length=9)

        class Shard:
            slot_from = "name"

        class Meta:
            constraints = [models.UniqueConstraint(Lower("name"), name="lowered")]

    class Shortened(ShardedModel):
        name = models.CharField(max_length=9)

        class Shard:
            slot_from = "name"
            normalize = str.casefold

        class Meta:
            constraints = [models.UniqueConstraint(Left("name", 1), name="shortened")]

    class Folded(ShardedModel):
        name = models.CharField(max_length=9)

        class Shard:
            slot_from = "name"
            normalize = str.casefold

        class Meta:
            constraints = [
                models.UniqueConstraint(Lower("name"), name="folded"),
                models.UniqueConstraint(Upper("name").desc(), name="folded_up"),
            ]

    class Keyed(ShardedModel):
        owner = models.ForeignKey(Author, models.CASCADE)
        title = models.CharField(max_length=9)

        class Shard:
            key = "owner"

        class Meta:
            constraints = [models.UniqueConstraint("owner", Lower("title"), name="keyed")]

    assert model_ids(Lowered) == model_ids(Shortened) == ["shardrouter.E010"]
    assert model_ids(Folded) == model_ids(Keyed) == []


def test_it_reports_e012_for_equal_names_in_different_slots():
    @isolate_apps("tests.shardrouter.app")
    def model_with(collation, folding):
        class Named(ShardedModel):
            name = models.CharField(max_length=9, db_collation=collation)

            class Shard:
                slot_from = "name"
                normalize = folding

        return ids_of(model_messages(Named))

    assert model_with("NOCASE", None) == model_with("NOCASE", str.strip) == ["shardrouter.E012"]
    assert model_with("RTRIM", None) == ["shardrouter.E012"]
    assert model_with("NOCASE", str.casefold) == model_with("RTRIM", str.strip) == []
    assert model_with("C", None) == model_with(None, None) == []


@isolate_apps("tests.shardrouter.app")
def test_it_reports_e013_for_a_many_to_many_out_of_the_shards():
    class Sorted(ShardedModel):
        countries = models.ManyToManyField(Country)

    class Global(models.Model):
        authors = models.ManyToManyField(Author)

    class Own(ShardedModel):
        tags = models.ManyToManyField(Tag)

    assert model_ids(Sorted) == model_ids(Global) == ["shardrouter.E013"]
    assert model_ids(Own) == []


@isolate_apps("tests.shardrouter.app")
def test_it_reports_w002_for_names_that_it_cannot_compare():
    class Collated(ShardedModel):
        name = models.CharField(max_length=9, db_collation="de-x-icu")

        class Shard:
            slot_from = "name"

    class Converted(ShardedModel):
        name = ReversedField(max_length=9)

        class Shard:
            slot_from = "name"

    assert model_ids(Collated) == model_ids(Converted) == ["shardrouter.W002"]
