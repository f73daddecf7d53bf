"""Models whose primary key is their shard key and another column, with no id of their own."""

import json
import pickle

import pytest
from django.contrib import admin
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connections, models
from django.db.models import Count, Exists, F, OuterRef, Window
from django.db.models.functions import RowNumber
from django.test.utils import CaptureQueriesContext

from shardrouter import atomic_for, insert_ignoring_conflicts, shard_for, slot_for
from shardrouter.counters import query_counters
from shardrouter.exceptions import CrossShardQuery, ShardKeyChanged, UnroutedQuery
from shardrouter.ids import generator
from shardrouter.placement import is_sharded
from shardrouter.prepared import prepared
from tests.shardrouter.app.models import Author, Book, Reading
from tests.shardrouter.conftest import SHARDS

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def readings(authors):
    """Three readings of each author: pages 1 to 12, 100 everywhere, and none."""
    rows = []
    for number, author in enumerate(authors.values(), 1):
        rows += [
            Reading(reader=author, book_id=7, page=number),
            Reading(reader=author, book_id=8, page=100),
            Reading(reader=author, book_id=9),
        ]
    return Reading.objects.bulk_create(rows)


def keys(rows):
    return [row.pk for row in rows]


def test_it_lives_with_its_owner(authors):
    for author in authors.values():
        row = Reading.objects.create(reader=author, book_id=7)
        assert row.pk == (author.pk, 7)
        assert shard_for(row) == shard_for(row.pk) == shard_for(author)
        assert slot_for(row) == slot_for(row.pk) == slot_for(author)
        found_on = [alias for alias in SHARDS if Reading.objects.using(alias).filter(pk=row.pk)]
        assert found_on == [shard_for(author)]


def test_it_routes_by_key_owner_and_in(readings, apart, django_assert_num_queries):
    a, b = apart
    for rows, expected in [
        (Reading.objects.filter(pk=(a.pk, 7)), [(a.pk, 7)]),
        (Reading.objects.filter(pk=[str(a.pk), "7"]), [(a.pk, 7)]),
        (
            Reading.objects.filter(pk__in=[(a.pk, 7), (a.pk, 9), (a.pk, None)]),
            [(a.pk, 7), (a.pk, 9)],
        ),
        (Reading.objects.filter(reader=a, book_id__gt=7), [(a.pk, 8), (a.pk, 9)]),
        (Reading.objects.filter(reader__name=a.name, book_id=8), [(a.pk, 8)]),
        (a.readings.filter(page=100), [(a.pk, 8)]),
    ]:
        assert rows.explain_route().shards == (shard_for(a),)
        with django_assert_num_queries(1, using=shard_for(a)):
            assert sorted(keys(rows)) == expected
    both = Reading.objects.filter(pk__in=[(b.pk, 7), (a.pk, 8)])
    assert set(both.explain_route().shards) == {shard_for(a), shard_for(b)}
    assert keys(both.order_by("pk")) == sorted([(b.pk, 7), (a.pk, 8)])
    assert Reading.objects.get(pk=(b.pk, 7)).reader_id == b.pk
    assert Reading.objects.in_bulk([(b.pk, 7), (a.pk, 8)]).keys() == {(b.pk, 7), (a.pk, 8)}


def test_it_asks_nobody_for_what_cannot_match(readings, apart):
    a, b = apart
    for rows in (
        Reading.objects.filter(pk__in=[]),
        Reading.objects.filter(pk__in=[(None, 7)]),
        Reading.objects.filter(reader=b, pk=(a.pk, 7)),
    ):
        assert rows.explain_route().shards == ()
        assert list(rows) == []


def test_it_explains_and_counts_the_key_by_its_name(readings, apart):
    a, _ = apart
    rows = Reading.objects.filter(pk=(a.pk, 7))
    assert rows.explain_route().reason == f"pk = ({a.pk}, 7)"
    query_counters.reset()
    assert rows.count() == 1
    assert query_counters.counts() == {("app.Reading", "routed", "pk"): 1}


@pytest.mark.parametrize(
    "conditions", [{}, {"book_id": 7}, {"pk__gt": (1, 2)}, {"pk__isnull": False}]
)
def test_it_raises_for_what_names_no_owner(readings, conditions):
    with pytest.raises(UnroutedQuery, match="reader, pk"):
        list(Reading.objects.filter(**conditions))
    with pytest.raises(UnroutedQuery):
        Reading.objects.filter(pk=(F("reader"), 7)).first()


def test_it_saves_updates_and_deletes_on_its_shard(authors):
    ann = authors["ann"]
    row = Reading(reader=ann, book_id=7, page=1)
    row.save()
    row.page = 2
    row.save()
    row.note = "half"
    row.save(update_fields=["note"])
    Reading.objects.filter(pk=row.pk).update(page=F("page") + 1)
    row.refresh_from_db()
    assert (row.page, row.note) == (3, "half")
    with pytest.raises(IntegrityError), atomic_for(ann):
        Reading.objects.create(reader=ann, book_id=7)
    assert Reading.objects.scatter().count() == 1
    assert row.delete() == (1, {"app.Reading": 1})
    assert not Reading.objects.scatter().exists()


def test_it_gets_or_creates_and_updates_or_creates(authors):
    ann = authors["ann"]
    row, created = Reading.objects.get_or_create(reader=ann, book_id=7, defaults={"page": 1})
    assert created
    assert Reading.objects.get_or_create(pk=(ann.pk, 7)) == (row, False)
    assert Reading.objects.update_or_create(reader=ann, book_id=7, defaults={"page": 5}) == (
        row,
        False,
    )
    assert Reading.objects.get(pk=row.pk).page == 5


def test_it_writes_in_bulk_over_shards(readings, authors):
    for row in readings:
        row.note = f"{row.reader_id}"
    assert Reading.objects.bulk_update(readings, ["note"]) == 36
    assert {row.note == str(row.reader_id) for row in Reading.objects.scatter()} == {True}
    again = [Reading(reader=author, book_id=7) for author in authors.values()]
    Reading.objects.bulk_create(again, ignore_conflicts=True)
    with pytest.raises(IntegrityError):
        Reading.objects.bulk_create(
            [Reading(reader=authors["bob"], book_id=1), Reading(reader=authors["ann"], book_id=7)]
        )
    Reading.objects.bulk_create(
        [Reading(reader=authors["ann"], book_id=7, page=55)],
        update_conflicts=True,
        unique_fields=["reader", "book_id"],
        update_fields=["page"],
    )
    assert Reading.objects.get(pk=(authors["ann"].pk, 7)).page == 55
    assert Reading.objects.scatter().count() == 36
    pks = [(author.pk, 8) for author in authors.values()]
    assert Reading.objects.filter(pk__in=pks).update(page=0) == 12
    assert Reading.objects.filter(pk__in=pks).delete() == (12, {"app.Reading": 12})
    assert Reading.objects.scatter(writes=True).filter(book_id=9).delete()[0] == 12
    with pytest.raises(ValueError, match="must have a primary key set"):
        Reading.objects.bulk_update([Reading(reader=authors["ann"])], ["page"])


def test_it_does_not_write_without_an_owner_or_to_another(readings, apart):
    a, b = apart
    with pytest.raises(UnroutedQuery):
        Reading(book_id=7).save()
    with pytest.raises(ShardKeyChanged):
        Reading.objects.filter(reader=a).update(reader=b)
    with pytest.raises(ShardKeyChanged):
        Reading.objects.filter(reader=a).update(pk=(b.pk, 7))
    with pytest.raises(CrossShardQuery):
        Reading(reader=a, book_id=1).save(using=shard_for(b))
    assert Reading.objects.scatter().count() == 36


def test_it_disappears_with_its_owner(readings, authors):
    authors["ann"].delete()
    assert Reading.objects.scatter().count() == 33


def test_it_inserts_many_without_making_ids(authors, monkeypatch):
    monkeypatch.setattr(generator, "next_ids", None)
    rows = [(author.pk, 7, "", 1) for author in authors.values()]

    def insert(rows):
        insert_ignoring_conflicts(
            Reading,
            ["reader", "book_id", "note", "page"],
            rows,
            unique_fields=["reader", "book_id"],
        )

    insert(rows[:1])
    insert([(*row[:3], 2) for row in rows])
    pages = sorted(Reading.objects.scatter().values_list("page", flat=True))
    assert pages == [1, *[2] * 11]
    with pytest.raises(IntegrityError):
        insert_ignoring_conflicts(
            Reading, ["reader", "page"], [(rows[0][0], 1)], unique_fields=["reader", "book_id"]
        )


def test_it_scatters_in_the_order_of_the_key(readings):
    expected = sorted(keys(readings))
    rows = Reading.objects.scatter()
    assert keys(rows.order_by("pk")) == expected
    assert keys(rows.order_by("-pk")) == expected[::-1]
    assert keys(rows.order_by("pk")[5:9]) == expected[5:9]
    assert keys(rows.order_by("page")[:30]) == keys(rows.order_by("page", "pk")[:30])
    assert list(rows.order_by("pk").values_list("pk", flat=True)) == expected
    with_page = rows.filter(page__isnull=False)
    assert list(with_page.order_by("-page", "pk").values("pk", "page")[:1]) == [
        {"pk": min(pk for pk in expected if pk[1] == 8), "page": 100}
    ]
    assert list(rows.order_by("pk").values_list("pk", flat=True).iterator(5)) == expected
    assert keys([rows.first(), rows.last(), rows.earliest("pk"), rows.latest("pk")]) == [
        expected[0], expected[-1], expected[0], expected[-1]
    ]  # fmt: skip
    assert keys(with_page.only("page").order_by("page", "pk"))[:1] == keys(rows.filter(page=1))


def test_it_counts_and_groups_as_stock(readings, authors):
    rows = Reading.objects.scatter()
    assert rows.count() == rows.distinct().count() == rows.values("pk").distinct().count() == 36
    assert rows.aggregate(n=Count("*"), pages=Count("page")) == {"n": 36, "pages": 24}
    assert rows.aggregate(n=Count("pk")) == {"n": 36}
    with pytest.raises(ValueError, match="composite primary keys"):
        rows.aggregate(n=Count("pk", distinct=True))
    by_book = rows.values("book_id").annotate(n=Count("page")).order_by("book_id")
    assert [row["n"] for row in by_book] == [12, 12, 0]
    by_reader = rows.values("reader").annotate(n=Count("*"))
    assert {row["reader"]: row["n"] for row in by_reader} == {
        author.pk: 3 for author in authors.values()
    }
    by_key = rows.values_list("reader", "book_id").annotate(n=Count("page"))
    assert {row[:2]: row[2] for row in by_key} == {
        row.pk: int(row.page is not None) for row in readings
    }


def test_it_joins_prefetches_and_looks_inside_its_slot(readings, books, authors):
    with CaptureQueriesContext(connections["shard0"]) as queries:
        found = {
            author.pk: keys(sorted(author.readings.all(), key=lambda row: row.pk))
            for author in Author.objects.scatter().prefetch_related("readings")
        }
    assert found == {a.pk: [(a.pk, book) for book in (7, 8, 9)] for a in authors.values()}
    assert len(queries) == 2
    by_reader = Reading.objects.scatter().select_related("reader").filter(reader__name="ann")
    assert {row.reader.name for row in by_reader} == {"ann"}
    forward = Reading.objects.scatter().prefetch_related("reader")
    assert {row.reader.pk == row.reader_id for row in forward} == {True}
    reading = Reading.objects.filter(reader=OuterRef("author"), page__lt=3)
    with_readers = Book.objects.scatter().filter(Exists(reading), title__contains="one")
    assert {book.author.name for book in with_readers} == {"ann", "bob"}
    same = Reading.objects.filter(pk=OuterRef("pk"), page=100)
    assert Reading.objects.scatter().filter(Exists(same)).count() == 12
    inner = Reading.objects.filter(page=100).values("pk")
    assert Reading.objects.scatter().filter(pk__in=inner).count() == 12
    assert Reading.objects.filter(reader=authors["ann"], pk__in=inner).count() == 1
    row_number = Window(RowNumber(), partition_by=F("reader"), order_by="book_id")
    newest = Reading.objects.scatter().annotate(row=row_number).filter(row=1)
    assert {row.book_id for row in newest} == {7}


def test_it_does_not_look_into_another_slot(readings, authors):
    elsewhere = Book.objects.filter(pages=1).values("pk")[:1]
    with pytest.raises(CrossShardQuery):
        list(Reading.objects.filter(pk=(authors["ann"].pk, elsewhere)))


def test_it_is_pickled_and_refreshed(readings):
    rows = pickle.loads(pickle.dumps(Reading.objects.scatter().order_by("pk")))
    assert keys(rows) == sorted(keys(readings))
    row = pickle.loads(pickle.dumps(readings[0]))
    Reading.objects.filter(pk=row.pk).update(page=77)
    row.refresh_from_db(fields=["page"])
    assert row.page == 77
    assert Reading.objects.only("note").get(pk=row.pk).page == 77
    assert row == Reading.objects.get(pk=row.pk)
    assert hash(row) == hash(row.pk)


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_it_goes_through_a_fixture(readings, tmp_path):
    path = tmp_path / "rows.json"
    call_command("dumpdata", "app", output=str(path), verbosity=0)
    dumped = path.read_text()
    shown = [row for row in json.loads(dumped) if row["model"] == "app.reading"]
    assert [tuple(row["pk"]) for row in shown] == sorted(keys(readings))
    call_command("flush", interactive=False, verbosity=0)
    for _ in range(2):
        call_command("loaddata", str(path), verbosity=0)
        assert keys(Reading.objects.scatter().order_by("pk")) == sorted(keys(readings))
    call_command("dumpdata", "app", output=str(path), verbosity=0)
    assert path.read_text() == dumped


def test_it_is_found_and_checked_by_the_command(readings, apart, capsys):
    a, b = apart
    for text in (f"{a.pk},7", f"({a.pk}, 7)", str(a.pk)):
        call_command("shards", "where", "app.Reading", text, "--format", "json")
        assert json.loads(capsys.readouterr().out)["shard"] == shard_for(a)
    with pytest.raises(CommandError, match="is not an id"):
        call_command("shards", "where", "app.Reading", "seven")
    call_command("shards", "check", "--rows")
    stray = Reading(reader=a, book_id=1)
    models.Model.save_base(stray, raw=True, using=shard_for(b))
    with pytest.raises(CommandError, match="1 rows"):
        call_command("shards", "check", "--rows")
    assert f"app.Reading ({a.pk}, 1) is on {shard_for(b)}" in capsys.readouterr().out
    Reading.objects.using(shard_for(b)).filter(pk=stray.pk).delete()


def test_it_is_sharded_in_migrations_as_it_is_today():
    from django.db.migrations.loader import MigrationLoader

    apps = MigrationLoader(None).project_state().apps
    assert is_sharded(apps.get_model("app", "Reading"))
    for alias in SHARDS:
        assert "app_reading" in connections[alias].introspection.table_names()
    assert "app_reading" not in connections["default"].introspection.table_names()


def test_it_cannot_be_registered_with_the_admin():
    with pytest.raises(ImproperlyConfigured, match="composite primary key"):
        admin.site.register(Reading)


@prepared
def _one(reader_id: int, book_id: int):
    return Reading.objects.filter(pk=(reader_id, book_id))


@prepared
def _some(keys: list):
    return Reading.objects.filter(pk__in=keys).order_by("pk")


@prepared
def _of_reader(reader_id: int, above: int):
    return Reading.objects.filter(reader_id=reader_id, book_id__gt=above).order_by("pk")


@prepared
def _first_of_all(limit: int):
    return Reading.objects.scatter().order_by("-pk").values_list("pk", "page")[:limit]


def test_it_is_read_through_prepared_queries_as_plain(readings, apart, django_assert_num_queries):
    for owner in (*apart, *apart):
        assert keys(_one(owner.pk, 7)) == [(owner.pk, 7)]
        assert keys(_of_reader(owner.pk, 7)) == [(owner.pk, 8), (owner.pk, 9)]
        with django_assert_num_queries(1, using=shard_for(owner)):
            assert not _one(owner.pk, 1)
    wanted = [(owner.pk, 8) for owner in apart]
    assert keys(_some(wanted)) == keys(_some(wanted)) == sorted(wanted)
    assert keys(_some(wanted[:1])) == wanted[:1]
    expected = sorted(((row.pk, row.page) for row in readings), reverse=True)
    for limit in (3, 5, 3):
        assert _first_of_all(limit) == expected[:limit]
