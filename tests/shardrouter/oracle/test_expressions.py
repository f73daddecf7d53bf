"""Random expressions in aggregates, orders and writes answer, and write, as one database, or
raise."""

from collections import Counter

import pytest
from django.db.models import (
    Avg,
    Case,
    CharField,
    Count,
    Exists,
    F,
    IntegerField,
    Max,
    Min,
    Model,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Concat, Length, Upper
from hypothesis import given
from hypothesis import strategies as st

from tests.shardrouter.app.models import Author, Book, Bookmark, Chapter, Country
from tests.shardrouter.oracle.answers import compared, routed, scattered
from tests.shardrouter.oracle.questions import QUERYSETS, conditions, oracle_settings, slices
from tests.shardrouter.oracle.rows import library

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.timeout(600)]


def sources(authors, books):
    """Builders of an inner queryset of each kind: tied to the slot, to one shard, or to none. Each
    takes what gives a model's rows, so that both sides ask their own."""
    author = st.sampled_from(authors)
    book = st.sampled_from(books)
    return st.one_of(
        st.just(lambda rows: rows(Chapter).filter(book=OuterRef("pk")).order_by("pk")),
        st.just(lambda rows: rows(Book).filter(author=OuterRef("author")).order_by("pk")),
        st.just(lambda rows: rows(Author).filter(pk=OuterRef("author"))),
        st.just(lambda rows: rows(Bookmark).filter(book=OuterRef("pk")).order_by("pk")),
        st.just(lambda rows: rows(Bookmark).filter(author=OuterRef("author")).order_by("pk")),
        st.just(lambda rows: rows(Book).filter(title=OuterRef("title")).order_by("pk")),
        st.just(lambda rows: rows(Book).filter(pages__gt=1).order_by("pk")),
        st.just(lambda rows: rows(Country).order_by("pk")),
        author.map(lambda each: lambda rows: rows(Book).filter(author=each).order_by("pk")),
        author.map(lambda each: lambda rows: rows(Author).filter(name=each.name)),
        book.map(lambda each: lambda rows: rows(Chapter).filter(book=each).order_by("pk")),
        st.tuples(author, author).map(
            lambda two: lambda rows: rows(Book).filter(author__in=two).order_by("pk")
        ),
    )


def numbers_of(authors, books):
    """Builders of an expression of a book that is a number."""
    source = sources(authors, books)
    leaves = st.one_of(
        st.sampled_from([F("pages"), F("author__rating"), Length("title"), Length("author__bio")])
        .map(lambda each: lambda rows: each),
        st.integers(0, 3).map(lambda each: lambda rows: Value(each)),
        source.map(lambda inner: lambda rows: Subquery(
            inner(rows).values("pk")[:1], output_field=IntegerField())),
        source.map(lambda inner: lambda rows: Subquery(
            inner(rows).order_by().values(one=Value(1)).annotate(n=Count("pk")).values("n"),
            output_field=IntegerField())),
        source.map(lambda inner: lambda rows: Case(
            When(Exists(inner(rows)), then=Value(1)), default=Value(0))),
        source.map(lambda inner: lambda rows: Case(
            When(~Exists(inner(rows)), then=F("pages")), default=Value(5))),
        source.map(lambda inner: lambda rows: Case(
            When(pk__in=inner(rows).values("pk"), then=Value(7)))),
        st.just(lambda rows: F("bookmarks__author")),
        st.just(lambda rows: F("chapters__number")),
    )  # fmt: skip
    return st.recursive(
        leaves,
        lambda inner: st.tuples(inner, inner).map(
            lambda two: (
                lambda rows: Coalesce(two[0](rows), two[1](rows), output_field=IntegerField())
            )
        ),
        max_leaves=2,
    )


def filters_of(authors, books):
    """Builders of a condition of a book that comes late."""
    source = sources(authors, books)
    return st.one_of(
        st.just(lambda rows: None),
        conditions(authors, books).filter(lambda each: "Query" not in repr(each)).map(
            lambda each: lambda rows: each),
        source.map(lambda inner: lambda rows: Q(Exists(inner(rows)))),
        source.map(lambda inner: lambda rows: Q(pk__in=inner(rows).values("pk"))),
        source.map(lambda inner: lambda rows: ~Q(author__in=inner(rows).values("pk"))),
    )  # fmt: skip


def test_it_aggregates_late_expressions_as_one_database_or_raises():
    authors, books = library()
    seen = Counter()

    @oracle_settings(QUERYSETS // 4)
    @given(
        st.lists(conditions(authors, books), max_size=1),
        st.lists(
            st.tuples(
                st.sampled_from([Count, Sum, Min, Max, Avg]),
                numbers_of(authors, books),
                filters_of(authors, books),
                st.booleans(),
            ),
            min_size=1,
            max_size=2,
        ),
        st.sampled_from(["aggregate", "aggregate", "annotate", "order", "group"]),
        slices,
    )
    def compare(where, figures, ask, cut):
        def answer(rows_of):
            rows = rows_of(Book)
            for condition in where:
                rows = rows.filter(condition)
            if ask == "aggregate":
                wanted = {
                    f"n{at}": kind(number(rows_of), filter=late(rows_of),
                                   distinct=apart and kind in (Count, Sum))
                    for at, (kind, number, late, apart) in enumerate(figures)
                }  # fmt: skip
                found = rows.aggregate(**wanted)
                return {name: rounded(value) for name, value in found.items()}
            kind, number, late, _ = figures[0]
            if ask == "group":
                rows = rows.values("author").annotate(
                    n=kind(number(rows_of), filter=late(rows_of), output_field=output_of(kind))
                )
                return sorted((row["author"], rounded(row["n"])) for row in rows.order_by("author"))
            if ask == "annotate":
                rows = rows.annotate(x=number(rows_of)).order_by("x", "pk")
            else:
                rows = rows.order_by(number(rows_of), "pk")
            if late(rows_of) is not None:
                rows = rows.filter(late(rows_of))
            if cut:
                low, length = cut
                rows = rows[low : None if length is None else low + length]
            return [(row.pk, getattr(row, "x", None)) for row in rows]

        compared(seen, answer, scattered, routed)

    compare()
    assert seen["equal"] > QUERYSETS / 16, seen


def output_of(kind):
    return IntegerField() if kind in (Count, Sum) else None


def rounded(value):
    return float(f"{value:.12g}") if isinstance(value, float) else value


def test_it_writes_expressions_as_one_database_or_raises():
    authors, books = library()
    seen = Counter()
    texts = st.one_of(
        st.just(lambda rows: Upper("title")),
        st.just(lambda rows: Concat("title", Value("!"), output_field=CharField())),
        sources(authors, books).map(lambda inner: lambda rows: Coalesce(
            Subquery(inner(rows).values(x=Cast("pk", CharField()))[:1]), Value("LOST"))),
    )  # fmt: skip

    @oracle_settings(QUERYSETS // 4)
    @given(
        st.lists(conditions(authors, books), max_size=1),
        st.one_of(
            st.tuples(st.just("pages"), numbers_of(authors, books)),
            st.tuples(st.just("title"), texts),
        ),
        st.sampled_from(["update", "update", "save", "bulk_update", "update_or_create", "create",
                         "bulk_create"]),
        st.sampled_from(books),
        filters_of(authors, books),
    )  # fmt: skip
    def compare(where, change, way, book, late):
        name, value = change

        def answer(rows_of):
            rows, new = rows_of(Book), value(rows_of)
            if way == "update":
                for condition in where:
                    rows = rows.filter(condition)
                if late(rows_of) is not None:
                    rows = rows.filter(late(rows_of))
                rows.update(**{name: new})
            elif way in ("create", "bulk_create"):
                WRITES[way](rows, Book(author_id=book.author_id, **{name: new}), name)
            else:
                row = rows.get(pk=book.pk)
                setattr(row, name, new)
                WRITES[way](rows, row, name)
            kept = rows_of(Book).order_by("pk").values_list("title", "pages")
            return sorted(map(repr, kept))

        compared(seen, answer, scattered)

    compare()
    assert seen["equal"] > QUERYSETS / 16, seen


def save(rows, row, name):
    if rows._db is None:
        row.save()
    else:
        # The one big database is no shard, on which a sharded model would save.
        Model.save_base(row, using=rows._db)


def on_shards(write):
    return lambda rows, row, name: save(rows, row, name) if rows._db else write(rows, row, name)


WRITES = {
    "save": save,
    "create": save,
    "bulk_create": on_shards(lambda rows, row, name: rows.bulk_create([row])),
    "bulk_update": lambda rows, row, name: rows.bulk_update([row], [name]),
    "update_or_create": on_shards(
        lambda rows, row, name: rows.update_or_create(
            pk=row.pk, defaults={name: getattr(row, name)}
        )
    ),
}
