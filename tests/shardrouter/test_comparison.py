"""Values of several shards are ordered and compared as their database would, not as Python does."""

import pytest
from django.db import models
from django.db.models import Avg, Count, F, Max, Min, Model, Q, Sum, Value, Window
from django.db.models.fields import CharField, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, Collate, Concat, Lower, RowNumber, Upper
from django.test.utils import isolate_apps

from shardrouter.exceptions import CrossShardQuery
from shardrouter.models import ShardedModel
from shardrouter.prepared import prepared
from tests.shardrouter.app.models import Author, Sample
from tests.shardrouter.oracle.rows import WHOLE
from tests.shardrouter.oracle.samples import on_postgresql, plain, save_samples

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def samples(authors):
    """Sixty rows on all shards, and the same in the one big database."""
    for author in authors.values():
        Model.save_base(author, raw=True, using=WHOLE)
    save_samples(list(authors.values()))


def answers(ask, ordered=True):
    """What `ask` gives on the shards and in one database, comparable."""
    found = []
    for rows in (Sample.objects.scatter(), Sample.objects.using(WHOLE)):
        got = ask(rows)
        got = got if isinstance(got, dict | int | bool) else [plain(row) for row in got]
        found.append(got if ordered or not isinstance(got, list) else sorted(got, key=repr))
    return [plain(got) if isinstance(got, dict) else got for got in found]


ORDERED = {
    "an enum kept as numbers": lambda rows: rows.order_by("level", "pk"),
    "the same, in slices": lambda rows: rows.order_by("-level", "pk")[3:20],
    "the same, as values": lambda rows: rows.order_by("level", "pk").values_list("number", "level"),
    "the same, streamed": lambda rows: rows.order_by("-level", "-pk").iterator(chunk_size=2),
    "text kept backwards": lambda rows: rows.order_by("backwards", "pk"),
    "a list of words": lambda rows: rows.order_by("words", "pk"),
    "files": lambda rows: rows.order_by("file", "pk"),
    "files, downwards": lambda rows: rows.order_by("-file", "pk").values_list("file", flat=True),
    "addresses": lambda rows: rows.order_by("address", "pk"),
    "addresses, NULLs last": lambda rows: rows.order_by(F("address").desc(nulls_last=True), "pk"),
    "bytes": lambda rows: rows.order_by("raw", "-pk"),
    "numbers that are none": lambda rows: rows.order_by("ratio", "pk"),
    "numbers that are none, downwards": lambda rows: rows.order_by("-ratio", "pk")[:20],
    "text in JSON": lambda rows: rows.order_by(KeyTextTransform("k", "options"), "pk"),
    "by code point": lambda rows: rows.order_by(Collate("label", code_point()), "pk"),
    "distinct and ordered": lambda rows: rows.order_by("level").values("level").distinct(),
    "distinct and ordered by another": lambda rows: (
        rows.order_by("address", "number").values_list("number").distinct()
    ),
    "groups of an enum": lambda rows: (
        rows.values("level").annotate(n=Count("pk")).order_by("level")
    ),
    "groups of addresses": lambda rows: (
        rows.values("address").annotate(n=Count("pk")).order_by("-address")[:3]
    ),
}  # fmt: skip

UNORDERED = {
    "JSON": lambda rows: rows.order_by().values_list("options").distinct(),
    "one JSON": lambda rows: rows.order_by().values_list("options", flat=True).distinct(),
    "JSON beside others": lambda rows: rows.order_by().values("options", "number").distinct(),
    "a part of JSON": lambda rows: rows.order_by().values("options__k").distinct(),
    "how many JSON": lambda rows: rows.order_by().values("options").distinct().count(),
    "an enum": lambda rows: rows.order_by().values_list("level").distinct(),
    "lists of words": lambda rows: rows.order_by().values_list("words").distinct(),
    "bytes": lambda rows: rows.order_by().values_list("raw").distinct(),
    "numbers": lambda rows: rows.order_by().values_list("ratio").distinct(),
    "addresses": lambda rows: rows.order_by().values_list("address").distinct(),
    "how many levels": lambda rows: rows.aggregate(n=Count("level", distinct=True)),
    "how many lists": lambda rows: rows.aggregate(n=Count("words", distinct=True)),
    "how many ratios": lambda rows: rows.aggregate(n=Count("ratio", distinct=True)),
    "how many bytes": lambda rows: rows.aggregate(n=Count("raw", distinct=True)),
    "least and most level": lambda rows: rows.aggregate(n=Min("level"), m=Max("level")),
    "least and most text": lambda rows: rows.aggregate(n=Min("backwards"), m=Max("backwards")),
    "least and most words": lambda rows: rows.aggregate(n=Min("words"), m=Max("words")),
    "least and most file": lambda rows: rows.aggregate(n=Min("file"), m=Max("file")),
    "least and most address": lambda rows: rows.aggregate(n=Min("address"), m=Max("address")),
    "least and most ratio": lambda rows: rows.aggregate(n=Min("ratio"), m=Max("ratio")),
    "groups of lists": lambda rows: rows.order_by().values("words").annotate(n=Count("pk")),
    "levels of groups": lambda rows: (
        rows.order_by().values("number").annotate(n=Min("level"), m=Count("level", distinct=True))
    ),
    "least file of groups": lambda rows: rows.order_by().values("number").annotate(n=Min("file")),
}


def code_point():
    return "C" if on_postgresql() else "BINARY"


@pytest.mark.parametrize("ask", ORDERED.values(), ids=ORDERED)
def test_it_orders_by_what_the_database_stores(samples, ask):
    got, expected = answers(ask)
    assert got == expected


@pytest.mark.parametrize("ask", UNORDERED.values(), ids=UNORDERED)
def test_it_compares_what_the_database_stores(samples, ask):
    got, expected = answers(ask, ordered=False)
    assert got == expected


#: Whether "a" and "A" are the same, or which comes first, only the database knows.
COLLATED = {
    "order": lambda rows: list(rows.order_by("label", "pk")),
    "order by Collate": lambda rows: list(rows.order_by(Collate("author__name", "NOCASE"), "pk")),
    "order around Collate": lambda rows: list(
        rows.order_by(Concat(Collate("author__name", "NOCASE"), Value("x")), "pk")
    ),
    "order by Cast": lambda rows: list(rows.order_by(Cast("label", TextField()), "pk")),
    "distinct": lambda rows: list(rows.order_by().values("label").distinct()),
    "how many distinct": lambda rows: rows.order_by().values("label").distinct().count(),
    "distinct by Collate": lambda rows: list(
        rows.order_by().values(x=Collate("author__name", "NOCASE")).distinct()
    ),
    "Count": lambda rows: rows.aggregate(n=Count("label", distinct=True)),
    "Count by Collate": lambda rows: rows.aggregate(
        n=Count(Collate("author__name", "NOCASE"), distinct=True)
    ),
    "Min": lambda rows: rows.aggregate(n=Min("label")),
    "Max by Collate": lambda rows: rows.aggregate(n=Max(Collate("author__name", "NOCASE"))),
    "Min around Collate": lambda rows: rows.aggregate(
        n=Min(Coalesce(Collate("author__name", "NOCASE"), Value("x")))
    ),
    "groups": lambda rows: list(rows.order_by().values("label").annotate(n=Count("pk"))),
    "groups by Collate": lambda rows: list(
        rows.order_by().values(x=Collate("author__name", "NOCASE")).annotate(n=Count("pk"))
    ),
    "Min of groups": lambda rows: list(rows.order_by().values("number").annotate(n=Min("label"))),
    "Count of groups": lambda rows: list(
        rows.order_by().values("number").annotate(n=Count("label", distinct=True))
    ),
}


@pytest.mark.parametrize("ask", COLLATED.values(), ids=COLLATED)
def test_it_refuses_to_compare_in_a_collation_of_its_own(samples, ask):
    ask(Sample.objects.using(WHOLE))
    with pytest.raises(CrossShardQuery, match="collation"):
        ask(Sample.objects.scatter())


def test_it_compares_in_a_collation_on_one_shard_or_by_its_own_rows(samples, authors):
    rows = Sample.objects.filter(author=authors["ann"])
    whole = Sample.objects.using(WHOLE).filter(author=authors["ann"])
    for ask in COLLATED.values():
        assert repr(ask(rows)) == repr(ask(whole))
    groups = Sample.objects.scatter().values("author").annotate(n=Count("label", distinct=True))
    expected = (
        Sample.objects.using(WHOLE).values("author").annotate(n=Count("label", distinct=True))
    )
    assert sorted(map(repr, groups)) == sorted(map(repr, expected))


@pytest.mark.parametrize(
    "ask",
    [
        lambda rows: list(rows.order_by("options")),
        lambda rows: list(rows.order_by("options__k")),
        lambda rows: rows.aggregate(n=Count("options", distinct=True)),
        lambda rows: list(rows.values("options__k").annotate(n=Count("pk"))),
        lambda rows: list(rows.values("level").annotate(n=Count("pk")).filter(Q(n=1) | Q(level=2))),
        lambda rows: list(rows.values("number").annotate(n=Min("level")).filter(n=1)),
        lambda rows: list(rows.values("number").annotate(n=Min("level")).order_by("n")),
    ],
)
def test_it_refuses_what_it_cannot_compare(samples, ask):
    with pytest.raises(CrossShardQuery):
        ask(Sample.objects.scatter())


def test_it_compares_plain_values_as_before(samples, authors):
    got, expected = answers(lambda rows: rows.order_by(Lower("author__name"), "pk"))
    assert got == expected
    got, expected = answers(
        lambda rows: rows.aggregate(
            a=Avg("number"), s=Sum("number", distinct=True), u=Max(Upper("author__name"))
        )
    )
    assert got == expected
    got, expected = answers(
        lambda rows: rows.order_by().values(x=Cast("number", CharField())).distinct(), False
    )
    assert got == expected
    assert Author.objects.scatter().values_list("bio").distinct().count() == 1


@prepared
def samples_by_level(number, limit):
    rows = Sample.objects.scatter().filter(number__gte=number)
    return rows.order_by("level", "-file", "pk")[:limit]


@prepared
def options_above(number):
    rows = Sample.objects.scatter().filter(number__gte=number).order_by()
    return rows.values("options", "level").distinct()


@prepared
def numbered_samples(number):
    rows = Sample.objects.scatter().annotate(row=Window(RowNumber(), order_by="pk"))
    return rows.filter(row__gte=number)


def test_it_compares_the_same_in_prepared_queries(samples):
    for number in (0, 2, 3):
        found = samples_by_level(number, 20)
        assert found == list(samples_by_level.queryset(number, 20))
        assert [row.level for row in found] == [
            row.level for row in samples_by_level.queryset(number, 20)
        ]
        got = sorted(map(repr, options_above(number)))
        assert got == sorted(map(repr, options_above.queryset(number)))
    assert samples_by_level.explain(2, 20).prepared
    assert options_above.explain(2).prepared
    with pytest.raises(CrossShardQuery):
        numbered_samples(1)


@isolate_apps("tests.shardrouter.app")
def test_it_knows_the_collation_of_a_generated_column():
    class Folded(ShardedModel):
        name = models.CharField(max_length=9)
        folded = models.GeneratedField(
            expression=Upper("name"),
            output_field=models.CharField(max_length=9, db_collation="NOCASE"),
            db_persist=True,
        )

        class Meta(ShardedModel.Meta):
            app_label = "app"

    for ask in (
        Folded.objects.scatter().values("folded").distinct(),
        Folded.objects.scatter().order_by("folded"),
        Folded.objects.scatter().values("folded").annotate(n=Count("pk")),
    ):
        with pytest.raises(CrossShardQuery, match="collation NOCASE"):
            list(ask)
