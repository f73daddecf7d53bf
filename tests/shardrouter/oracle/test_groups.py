"""Random groups that several shards share are those of one database, or raise."""

from collections import Counter

import pytest
from django.db import OperationalError
from django.db.models import Avg, Count, F, Max, Min, Q, StdDev, Sum
from django.db.models.functions import Lower
from hypothesis import given
from hypothesis import strategies as st

from shardrouter.exceptions import ShardRouterError
from tests.shardrouter.app.models import (
    Book,
)
from tests.shardrouter.oracle.questions import QUERYSETS, conditions, oracle_settings, slices
from tests.shardrouter.oracle.rows import WHOLE, library, same_row

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.timeout(600)]


#: Groups that have rows on several shards, by what and over what.
group_keys = st.sampled_from(
    [
        ("title",),
        ("pages",),
        ("price", "pages"),
        ("published",),
        ("author__rating",),
        ("tags__word",),
        ("chapters__number", "title"),
        ("chapters__book",),
        ("chapters__id",),
        (Lower("title"),),
    ]
)

group_aggregates = {
    "n": Count("pk"),
    "all": Count("*"),
    "titles": Count("title"),
    "kinds": Count("title", distinct=True),
    "total": Sum("pages"),
    "cost": Sum("price", default=0),
    "least": Min("title"),
    "most": Max("author__name"),
    "mean": Avg("pages"),
    "apart": Sum("pages", distinct=True),
    "spread": StdDev("pages", filter=Q(pages__isnull=False)),
    "some": Count("pk", filter=Q(pages__gt=0)),
    "few": Count("title", filter=Q(author__rating__gt=0), distinct=True),
}

havings = st.sampled_from(
    [
        None,
        Q(n__gt=1),
        ~Q(n=1),
        Q(total__gte=2),
        Q(total__isnull=True) | Q(n__in=[2, 3]),
        Q(total__range=(0, 100), n__lt=3),
        ~Q(total__lt=3) & Q(some__gt=0),
        Q(mean__gt=F("n")),
        Q(n__gt=1) | Q(pages__gt=1),
        Q(kinds=1),
        Q(least__gt="A"),
    ]
)

group_orders = st.lists(
    st.sampled_from(["n", "-n", "total", "-least", F("mean").desc(nulls_last=True), "cost"]),
    max_size=2,
)


def test_it_groups_as_one_database_or_raises():
    authors, books = library()
    seen = Counter()

    @oracle_settings(QUERYSETS // 2)
    @given(
        st.lists(conditions(authors, books), max_size=1),
        group_keys,
        st.lists(st.sampled_from(sorted(group_aggregates)), min_size=1, max_size=3),
        havings,
        group_orders,
        st.booleans(),
        slices,
        st.sampled_from(["list", "count", "exists", "iterator", "first", "names", "flat"]),
    )
    def compare(where, keys, wanted, having, order, reverse, cut, ask):
        def build(rows):
            for condition in where:
                rows = rows.filter(condition)
            names = [key for key in keys if isinstance(key, str)]
            made = {f"key{at}": key for at, key in enumerate(keys) if not isinstance(key, str)}
            rows = rows.values(*names, **made)
            needed = {"n", "total", "least", "mean", "cost", "some", "kinds"}
            figures = {name: group_aggregates[name] for name in sorted({*wanted, *needed})}
            rows = rows.annotate(**figures)
            if having is not None:
                rows = rows.filter(having)
            # A total order, so that both have one right answer. (HAVING groups by its columns.)
            hidden = ["pages"] if having is not None and "pages" in repr(having) else []
            rows = rows.order_by(*order, *names, *made, *hidden) if order else rows.order_by()
            return rows.reverse() if reverse and order else rows

        def answer(rows):
            ordered = rows.ordered
            if ask == "names":
                rows = rows.values(*wanted)
            elif ask == "flat":
                rows = rows.values_list("n", flat=True)
            if ask == "first":
                return rows.first() if ordered else None
            if cut and ordered:
                low, length = cut
                rows = rows[low : None if length is None else low + length]
            if ask in ("count", "exists"):
                return getattr(rows, ask)()
            found = list(rows.iterator(chunk_size=2) if ask == "iterator" else rows)
            return found if ordered else sorted(found, key=repr)

        try:
            expected = answer(build(Book.objects.using(WHOLE)))
        except OperationalError:
            # SQLite's own StdDev cannot take an empty group.
            return
        try:
            got = answer(build(Book.objects.scatter()))
        except ShardRouterError as error:
            seen[type(error).__name__] += 1
            return
        seen["equal"] += 1
        if isinstance(expected, list):
            assert len(got) == len(expected), (got, expected)
            for one, other in zip(got, expected, strict=True):
                same_row(one, other)
        elif isinstance(expected, dict):
            same_row(got, expected)
        else:
            assert got == expected

    compare()
    assert seen["equal"] > QUERYSETS / 4, seen
