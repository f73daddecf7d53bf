"""A name's slot: the same for all values that its column calls equal."""

import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, Subquery, Value
from django.db.models.functions import Upper
from django.utils import timezone

from shardrouter import shard_for, slot_for
from shardrouter.exceptions import ShardKeyChanged, UnroutedQuery
from tests.shardrouter.app.models import Author, Book, Moment, Price, Ratio, Sample

pytestmark = pytest.mark.django_db(databases="__all__")

NOON = datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC)

#: A model, its column, and values that the column calls equal, written in several ways.
EQUAL = [
    (Moment, "at", [NOON, NOON.astimezone(ZoneInfo("Asia/Tokyo")), "2026-07-01T14:00:00+02:00",
                    NOON.astimezone(datetime.timezone(datetime.timedelta(hours=-9)))]),
    (Price, "amount", [Decimal("1.5"), Decimal("1.50"), "1.500", 1.5, Decimal("1.5E+0")]),
    (Price, "amount", [Decimal("0"), Decimal("-0.00"), 0, "0.000"]),
    (Price, "amount", [Decimal("100"), Decimal("1E+2"), 100, "100.00"]),
    (Ratio, "value", [0.0, -0.0, 0, "0"]),
    (Ratio, "value", [2.0, 2, "2.0", Decimal("2.00")]),
    (Author, "name", ["Ann", "ANN", "ann"]),
]  # fmt: skip


@pytest.mark.parametrize(("model", "column", "values"), EQUAL)
def test_it_finds_a_row_by_each_way_to_write_its_name(model, column, values):
    assert len({slot_for(model(**{column: value})) for value in values}) == 1
    for written in values:
        with transaction.atomic(using=shard_for(model(**{column: written}))):
            made = model.objects.create(**{column: written})
            found = values if model is not Author else [written]
            for value in found:
                assert model.objects.get(**{column: value}) == made
                assert model.objects.filter(**{f"{column}__in": [value]}).get() == made
            made.delete()


@pytest.mark.parametrize(("model", "column", "values"), EQUAL[:-1])
def test_it_lets_no_doubles_in(model, column, values):
    model.objects.create(**{column: values[0]})
    for value in values:
        with pytest.raises(ValidationError):
            model(**{column: value}).full_clean()
        double = model(**{column: value})
        with (
            pytest.raises(IntegrityError),
            transaction.atomic(using=shard_for(double)),
        ):
            double.save()


@pytest.mark.parametrize(("model", "column", "values"), EQUAL)
def test_it_saves_a_row_as_it_was_read(model, column, values):
    for value in values:
        made = model.objects.create(**{column: value})
        read = model.objects.get(pk=made.pk)
        read.save()
        for again in values:
            setattr(read, column, again)
            read.save()
        made.save()
        made.delete()


def test_it_reads_a_time_without_a_zone_in_djangos():
    at = datetime.datetime(2026, 7, 1, 12)
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        with pytest.warns(RuntimeWarning, match="naive"):
            made = Moment.objects.create(at=at)
        with pytest.warns(RuntimeWarning, match="naive"):
            assert Moment.objects.get(at=at) == made
    assert Moment.objects.get(at=timezone.make_aware(at, timezone.get_default_timezone())) == made


def test_it_rejects_another_name(authors):
    price = Price.objects.create(amount="1.50")
    price.amount = "1.51"
    with pytest.raises(ShardKeyChanged):
        price.save()
    ann = authors["ann"]
    ann.name = Upper("name")
    with pytest.raises(ShardKeyChanged):
        ann.save()
    ann.name = Subquery(Author.objects.filter(pk=ann.pk).values("bio"))
    with pytest.raises(ShardKeyChanged, match="name is an expression"):
        ann.save()


@pytest.mark.parametrize(
    "make",
    [
        lambda ann: Author(name=Upper(Value("new"))),
        lambda ann: Book(author_id=Value(ann.pk), title="x"),
        lambda ann: Book(author_id=F("pages"), title="x"),
        lambda ann: Price(amount=Value(1)),
    ],
)
@pytest.mark.parametrize(
    "save", [lambda row: row.save(), lambda row: type(row).objects.bulk_create([row])]
)
def test_it_needs_to_know_the_value_that_says_where_a_row_goes(authors, make, save):
    with pytest.raises(UnroutedQuery, match="expression"):
        save(make(authors["ann"]))


def test_it_compares_what_is_unique_for_a_date_with_all_shards(apart, monkeypatch):
    monkeypatch.setattr(Sample._meta.get_field("label"), "unique_for_date", "seen")
    a, b = apart
    saved = Sample.objects.create(author=a, label="x", seen=NOON)
    with pytest.raises(ValidationError, match="must be unique for"):
        Sample(author=b, label="x", seen=NOON).validate_unique()
    Sample(author=b, label="x", seen=NOON + datetime.timedelta(days=1)).validate_unique()
    saved.validate_unique()
