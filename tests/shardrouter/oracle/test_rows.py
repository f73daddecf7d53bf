"""Random querysets on shards give what the same rows in one database give, or raise."""

from collections import Counter

import pytest
from django.db import OperationalError
from django.db.models import Avg, Count, F, Max, Min, Q, StdDev, Sum, Variance
from django.db.models.functions import Length, Lower
from hypothesis import given
from hypothesis import strategies as st

from shardrouter.exceptions import ShardRouterError, UnroutedQuery
from tests.shardrouter.app.models import (
    Book,
)
from tests.shardrouter.oracle.questions import QUERYSETS, conditions, oracle_settings, slices
from tests.shardrouter.oracle.rows import WHOLE, close, library, plain

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.timeout(600)]

fields = st.sampled_from(
    [
        "title",
        "-title",
        "pages",
        "-pages",
        "price",
        "published",
        "author",
        "author__name",
        "-author__bio",
    ]
)

nulls = st.builds(
    lambda name, descending, first: (
        F(name).desc(nulls_first=first or None, nulls_last=not first or None)
        if descending
        else F(name).asc(nulls_first=first or None, nulls_last=not first or None)
    ),
    st.sampled_from(["title", "pages", "price"]),
    st.booleans(),
    st.booleans(),
)

expressions = st.sampled_from([Lower("title").asc(), Length("title").desc(), F("pages") + 1])

orders = st.lists(st.one_of(fields, nulls, expressions), max_size=3)

shapes = st.sampled_from(
    [
        lambda qs: qs,
        lambda qs: qs.values("title", "pages"),
        lambda qs: qs.values_list("pages", flat=True),
        lambda qs: qs.values_list("title", "author__name"),
        lambda qs: qs.values_list("title", named=True),
        lambda qs: qs.annotate(twice=F("pages") * 2).values("twice", "pk"),
        lambda qs: qs.annotate(parts=Count("chapters")),
        lambda qs: qs.annotate(parts=Count("chapters")).filter(parts__gt=0).values("pk", "parts"),
        lambda qs: qs.values("author").annotate(n=Count("pk"), top=Max("pages")),
        lambda qs: qs.values("title").annotate(n=Count("pk")),
        lambda qs: qs.select_related("author"),
        lambda qs: qs.only("title"),
        lambda qs: qs.defer("author", "title"),
    ]
)

aggregates = {
    "n": Count("pk"),
    "titles": Count("title"),
    "different": Count("title", distinct=True),
    "total": Sum("pages"),
    "cost": Sum("price"),
    "least": Min("title"),
    "most": Max("title"),
    "first": Min("published"),
    "mean": Avg("pages"),
    "mean_price": Avg("price"),
    "apart": Sum("pages", distinct=True),
    # SQLite's own cannot take a NULL.
    "spread": StdDev("pages", filter=Q(pages__isnull=False)),
    "sample": Variance("pages", sample=True, filter=Q(pages__isnull=False)),
    "price_spread": Variance("price", filter=Q(price__isnull=False)),
    "some": Count("pk", filter=Q(pages__gt=0)),
    "padded": Sum("pages", default=7),
}


def test_it_answers_as_one_database_or_raises():
    authors, books = library()
    seen = Counter()

    @oracle_settings(QUERYSETS)
    @given(
        st.lists(conditions(authors, books), max_size=2),
        st.booleans(),
        orders,
        shapes,
        st.booleans(),
        st.booleans(),
        slices,
        st.sampled_from(
            ["list", "count", "exists", "aggregate", "first", "last", "iterator", "bool"]
        ),
        st.sets(st.sampled_from(sorted(aggregates)), min_size=1, max_size=3),
    )
    def compare(where, scatter, order, shape, distinct, reverse, cut, ask, wanted):
        def build(base):
            rows = base
            for condition in where:
                rows = rows.filter(condition)
            rows = shape(rows)
            grouped = rows.query.group_by not in (None, True)
            if order and not grouped:
                # A total order, so that both have one right answer.
                total = [*order, "pk"]
                rows = rows.order_by(*total)
            elif grouped:
                rows = rows.order_by()
            if distinct:
                rows = rows.distinct()
            if reverse and rows.ordered:
                rows = rows.reverse()
            return rows

        def answer(rows):
            ordered = rows.ordered
            if cut and ordered and ask in ("list", "count", "exists", "aggregate", "iterator"):
                low, length = cut
                rows = rows[low : None if length is None else low + length]
            if ask == "list":
                found = [plain(row) for row in rows]
            elif ask == "iterator":
                found = [plain(row) for row in rows.iterator(chunk_size=2)]
            elif ask == "aggregate":
                return rows.aggregate(**{name: aggregates[name] for name in sorted(wanted)})
            elif ask == "bool":
                return bool(rows)
            elif ask in ("first", "last"):
                # Without an order these sort by primary key, which not every shape has.
                found = getattr(rows.order_by("pk") if not ordered else rows, ask)()
                return plain(found)
            else:
                return getattr(rows, ask)()
            return found if ordered else Counter(map(repr, found))

        if ask == "aggregate" and shape(Book.objects.none())._fields is not None:
            return
        base = Book.objects.scatter() if scatter else Book.objects.all()
        try:
            expected = answer(build(Book.objects.using(WHOLE)))
        except OperationalError:
            # SQLite's own VAR_SAMP cannot take a single value.
            return
        try:
            got = answer(build(base))
        except UnroutedQuery:
            seen["unrouted"] += 1
            assert not scatter
            return
        except ShardRouterError as error:
            seen[type(error).__name__] += 1
            return
        seen["equal"] += 1
        if isinstance(expected, dict) and ask == "aggregate":
            assert set(got) == set(expected)
            assert all(close(got[name], expected[name]) for name in expected), (got, expected)
        else:
            assert got == expected

    compare()
    assert seen["equal"] > QUERYSETS / 3, seen
