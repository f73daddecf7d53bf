"""Random windows and set operations answer as one database, or raise."""

from collections import Counter

import pytest
from django.db.models import Count, F, Max, OuterRef, Q, Subquery, Sum, Window
from django.db.models.functions import FirstValue, Lag, Rank, RowNumber
from hypothesis import given
from hypothesis import strategies as st

from tests.shardrouter.app.models import Author, Book
from tests.shardrouter.oracle.answers import compared, routed, scattered
from tests.shardrouter.oracle.questions import QUERYSETS, conditions, oracle_settings, slices
from tests.shardrouter.oracle.rows import library

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.timeout(600)]

# Each with an order of its own that leaves no ties, so that there is one right answer.
windows = st.builds(
    lambda function, partition, down: Window(
        function(),
        partition_by=partition,
        order_by=[F("pages").desc(nulls_last=True), "-pk"] if down else ["title", "pk"],
    ),
    st.sampled_from([RowNumber, Rank, lambda: Lag("pages"), lambda: FirstValue("pages")]),
    st.sampled_from([None, "author", "author", "title", ["author", "pages"], "author__name"]),
    st.booleans(),
)


def window_conditions(authors):
    """Conditions on `row`, a window, alone and beside the key."""
    own = st.builds(lambda at: Q(author=authors[at]), st.integers(0, len(authors) - 1))
    of_row = st.builds(
        lambda number, way: Q(**{f"row{way}": number}),
        st.integers(1, 3),
        st.sampled_from(["", "__lte", "__gt"]),
    )
    return st.one_of(
        of_row,
        st.builds(lambda a, b: a & b, own, of_row),
        st.builds(lambda a, b: a | b, own, of_row),
        st.builds(lambda a, b, c: (a & b) | (a & c), own, of_row, of_row),
        st.builds(lambda a, b: ~(a & b), own, of_row),
        st.builds(lambda a, b: a & ~b, own, of_row),
    )


def test_it_numbers_rows_as_one_database_or_raises():
    authors, books = library()
    seen = Counter()

    @oracle_settings(QUERYSETS // 4)
    @given(
        st.lists(conditions(authors, books), max_size=1),
        windows,
        st.one_of(st.none(), window_conditions(authors)),
        st.one_of(st.none(), windows),
        slices,
        st.sampled_from(
            ["list", "count", "exists", "aggregate", "flat", "masked", "pk__in", "keep", "update",
             "order", "correlated"]
        ),
    )  # fmt: skip
    def compare(where, window, having, order, cut, ask):
        def answer(rows_of):
            rows = rows_of(Book)
            for condition in where:
                rows = rows.filter(condition)
            rows = rows.annotate(row=window)
            if having is not None:
                rows = rows.filter(having)
            if ask in ("count", "exists"):
                return getattr(rows, ask)()
            if ask == "aggregate":
                return rows.aggregate(
                    n=Count("pk"), top=Max("row"), some=Sum("pages", filter=Q(row__gt=1))
                )
            if ask == "masked":
                return sorted(rows.values_list("pk", flat=True))
            if ask == "flat":
                return sorted(map(repr, rows.values_list("row", "pk")))
            if ask == "correlated":
                own = rows.filter(author=OuterRef("pk")).order_by("pk").values("title")[:1]
                found = rows_of(Author).annotate(own=Subquery(own)).order_by("pk")
                return [(author.pk, author.own) for author in found]
            if ask in ("pk__in", "keep", "update"):
                outer = rows_of(Book)
                if ask == "keep":
                    outer = outer.exclude(pk__in=rows.values("pk"))
                    outer.delete()
                else:
                    outer = outer.filter(pk__in=rows.values("pk"))
                if ask == "update":
                    outer.update(pages=F("pages") + 1)
                found = outer if ask == "pk__in" else rows_of(Book)
                return list(found.order_by("pk").values_list("pk", "pages"))
            rows = rows.order_by(*([order] if order and ask == "order" else []), "title", "pk")
            if cut:
                low, length = cut
                rows = rows[low : None if length is None else low + length]
            return [(row.pk, row.row) for row in rows]

        compared(seen, answer, scattered, routed)

    compare()
    assert seen["equal"] > QUERYSETS / 8, seen


columns = st.sampled_from(
    [(), (), ("title",), ("pages",), ("author", "title"), ("pages", "author"), ("pk",),
     ("author__name",), ("chapters__book",), ("title", "pages")]
)  # fmt: skip


def test_it_combines_rows_as_one_database_or_raises():
    authors, books = library()
    seen = Counter()
    operations = st.sampled_from(["union", "intersection", "difference"])
    parts = st.tuples(
        st.one_of(
            conditions(authors, books),
            st.builds(lambda at: Q(author=authors[at]), st.integers(0, len(authors) - 1)),
            st.builds(
                lambda one, other: Q(author__in=[authors[one], authors[other]]),
                st.integers(0, len(authors) - 1),
                st.integers(0, len(authors) - 1),
            ),
        ),
        st.booleans(),
    )

    @oracle_settings(QUERYSETS // 4)
    @given(
        st.lists(parts, min_size=2, max_size=3),
        st.lists(operations, min_size=2, max_size=2),
        columns,
        st.booleans(),
        st.sampled_from(["list", "count", "exists", "values", "in"]),
    )
    def compare(parts, ways, names, nested, ask):
        def answer(rows_of):
            def part(where, excluded):
                rows = rows_of(Book)
                rows = rows.exclude(where) if excluded else rows.filter(where)
                rows = rows.order_by()
                return rows.values_list(*names) if names else rows

            made = [part(*each) for each in parts]
            rows = getattr(made[0], ways[0])(made[1])
            if len(made) > 2:
                rows = (
                    getattr(made[2], ways[1])(rows) if nested else getattr(rows, ways[1])(made[2])
                )
            if ask in ("count", "exists"):
                return getattr(rows, ask)()
            if ask == "values" and not names:
                rows = rows.values_list("title")
            if ask == "in" and len(names) == 1:
                return sorted(rows_of(Book).filter(**{f"{names[0]}__in": rows}), key=repr)
            return sorted((row.pk if not isinstance(row, tuple) else row for row in rows), key=repr)

        compared(seen, answer, scattered, routed)

    compare()
    assert seen["equal"] > QUERYSETS / 16, seen
