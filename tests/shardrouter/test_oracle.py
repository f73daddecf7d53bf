"""The oracle: random querysets on shards give what the same rows in one database give, or raise.

`ORACLE_QUERYSETS` sets how many are made (default 5,000; more for a longer run).
"""

import datetime
import os
from collections import Counter
from decimal import Decimal

import pytest
from django.db import OperationalError
from django.db.models import Avg, Count, F, Max, Min, Model, Q, StdDev, Sum, Variance
from django.db.models.functions import Length, Lower
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shardrouter.exceptions import ShardRouterError, UnroutedQuery
from tests.shardrouter.app.models import (
    Author,
    Book,
    Bookmark,
    Chapter,
    Country,
    Shelf,
    Tag,
    Visit,
)

QUERYSETS = int(os.environ.get("ORACLE_QUERYSETS", "5000"))
WHOLE = "whole"
NAMES = ["ann", "bob", "cleo", "dan", "Eve", "fay", "Ärne", "zoë"]
TITLES = [None, "", "a", "A", "b", "Ä", "ä", "zz", "日本", "a%_"]
NUMBERS = [None, -1, 0, 1, 1, 2, 100]
PRICES = [None, Decimal("0.00"), Decimal("9.50"), Decimal("10.00")]
DAY = datetime.datetime(2026, 2, 3, 4, 5, tzinfo=datetime.UTC)
DAYS = [None, DAY, DAY + datetime.timedelta(days=1), DAY.replace(year=2024)]


def _rows():
    """The same nasty rows on the shards and in the one big database."""
    countries = [Country.objects.create(code=code) for code in ("de", "pt")]
    for country in countries:
        Model.save_base(country, raw=True, using=WHOLE)
    authors = [
        Author.objects.create(
            name=name,
            bio=TITLES[number],
            born=None if number % 3 else DAY.date(),
            rating=[None, 1.5, 1.5, -2.0][number % 4],
            home=[None, *countries][number % 3],
        )
        for number, name in enumerate(NAMES)
    ]
    shelves = [Shelf(label=TITLES[number % 3 + 1]) for number in range(6)]
    Shelf.objects.bulk_create(shelves)
    books, chapters, visits, marks, tags = [], [], [], [], []
    for number, author in enumerate(authors):
        tags.append(Tag(author=author, word=f"t{number % 2}"))
        for other in range(number % 4):
            books.append(
                Book(
                    author=author,
                    title=TITLES[(number * 3 + other) % len(TITLES)],
                    pages=NUMBERS[(number + other * 2) % len(NUMBERS)],
                    price=PRICES[(number + other) % len(PRICES)],
                    published=DAYS[(number + other) % len(DAYS)],
                )
            )
        visits.append(Visit(author_id=author.pk, page=f"/{number % 3}"))
    Tag.objects.bulk_create(tags)
    Book.objects.bulk_create(books)
    for number, book in enumerate(books):
        chapters += [
            Chapter(book=book, number=each, heading="x" * each) for each in range(number % 3)
        ]
        marks.append(Bookmark(author=authors[number % len(authors)], book=book, note="n"))
    Chapter.objects.bulk_create(chapters)
    Visit.objects.bulk_create(visits)
    Bookmark.objects.bulk_create(marks)
    everything = [*authors, *shelves, *tags, *books, *chapters, *visits, *marks]
    for row in everything:
        Model.save_base(row, raw=True, using=WHOLE)
    for book in books[::2]:
        own = [tag for tag in tags if tag.author_id == book.author_id]
        book.tags.set(own)
        for tag in own:
            link = Book.tags.through(book_id=book.pk, tag_id=tag.pk)
            Model.save_base(link, raw=True, using=WHOLE)
    return authors, books


numbers = st.sampled_from([-1, 0, 1, 2, 100])
texts = st.sampled_from([each for each in TITLES if each is not None])


def conditions(authors, books):
    """Q objects on books: on the key, beside it, through joins, nested."""
    some_authors = st.sampled_from([author.pk for author in authors])
    some_books = st.sampled_from([book.pk for book in books])
    leaves = st.one_of(
        st.builds(lambda pk: Q(author=pk), some_authors),
        st.builds(lambda pks: Q(author__in=pks), st.lists(some_authors, max_size=3)),
        st.builds(lambda pk: Q(pk=pk), some_books),
        st.builds(lambda pks: Q(pk__in=pks), st.lists(some_books, max_size=3)),
        st.builds(lambda pk: Q(pk__gt=pk), some_books),
        st.builds(lambda name: Q(author__name=name), st.sampled_from(NAMES)),
        st.builds(lambda title: Q(title=title), texts),
        st.builds(lambda title: Q(title__icontains=title), texts),
        st.builds(lambda title: Q(author__bio=title), texts),
        st.builds(lambda number: Q(pages__gte=number), numbers),
        st.builds(lambda flag: Q(title__isnull=flag), st.booleans()),
        st.builds(lambda number: Q(chapters__number=number), st.sampled_from([0, 1])),
        st.builds(lambda word: Q(tags__word=word), st.sampled_from(["t0", "t1"])),
        st.just(Q(bookmarks__note="n")),
        st.just(Q(pages__lt=F("author__rating"))),
        st.builds(
            lambda name: Q(author__in=Author.objects.filter(name=name)), st.sampled_from(NAMES)
        ),
        st.just(Q(pk__in=Chapter.objects.filter(number=0).values("book"))),
        st.just(Q(pk__in=Bookmark.objects.values("book"))),
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(lambda a, b: a & b, inner, inner),
            st.builds(lambda a, b: a | b, inner, inner),
            st.builds(lambda a: ~a, inner),
        ),
        max_leaves=4,
    )


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

slices = st.one_of(
    st.none(),
    st.tuples(st.integers(0, 6), st.one_of(st.none(), st.integers(0, 6))),
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


def plain(row):
    return (
        (type(row).__name__, row.pk, getattr(row, "parts", None)) if isinstance(row, Model) else row
    )


def close(left, right):
    if isinstance(left, float | Decimal) and isinstance(right, float | Decimal):
        return float(left) == pytest.approx(float(right))
    return left == right


@pytest.mark.timeout(600)
def test_shards_equal_one_database_or_raise():
    authors, books = _rows()
    seen = Counter()

    @settings(
        max_examples=QUERYSETS,
        deadline=None,
        database=None,
        derandomize="ORACLE_QUERYSETS" not in os.environ,
        suppress_health_check=list(HealthCheck),
    )
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


@pytest.mark.timeout(600)
def test_groups_on_shards_equal_groups_in_one_database_or_raise():
    authors, books = _rows()
    seen = Counter()

    @settings(
        max_examples=QUERYSETS // 2,
        deadline=None,
        database=None,
        derandomize="ORACLE_QUERYSETS" not in os.environ,
        suppress_health_check=list(HealthCheck),
    )
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


#: Of every other model: conditions on its key, beside it and through joins, and orders.
LOOKUPS = {
    Author: (
        ["name", "name__in", "pk", "pk__in", "bio", "rating__gt", "books__pages", "home__code",
         "home", "home__isnull", "books__chapters__number", "tags__word", "books__bookmarks__note"],
        ["name", "-name", "bio", "-rating", "born", "home", "home__code", "books__pages"],
    ),
    Shelf: (["pk", "pk__in", "label", "label__gt"], ["label", "-label"]),
    Tag: (
        ["author", "author__in", "author__name", "word", "book__pages", "pk__in"],
        ["word", "-author__name", "author"],
    ),
    Chapter: (
        ["book", "book__in", "book__author", "book__author__name", "number", "number__gt",
         "heading", "pk", "book__author__home__code", "book__title__isnull"],
        ["number", "-heading", "book", "book__author__name", "-book__price"],
    ),
    Visit: (["author_id", "author_id__in", "page", "pk", "pk__in"], ["page", "-author_id"]),
    Bookmark: (
        ["author", "author__name", "book", "book__in", "book__pages", "note", "book__author"],
        ["note", "author__name", "book", "book__title", "-pk"],
    ),
}  # fmt: skip


@pytest.mark.timeout(600)
def test_every_model_on_shards_equals_one_database_or_raises():
    _, books = _rows()
    seen = Counter()
    ids = {model: list(model.objects.scatter().values_list("pk", flat=True)) for model in LOOKUPS}
    country_ids = list(Country.objects.values_list("pk", flat=True))

    def value_of(draw, model, lookup):
        if lookup.endswith("__isnull"):
            return draw(st.booleans())
        column = lookup.removesuffix("__in").removesuffix("__gt")
        if column == "home":
            choices = country_ids
        elif column in ("author", "author_id", "book__author"):
            choices = ids[Author]
        elif column == "book":
            choices = [book.pk for book in books]
        elif column == "pk":
            choices = ids[model]
        elif column.endswith("name"):
            choices = NAMES
        elif column.endswith(("number", "pages", "rating")):
            choices = [0, 1, 2, 100]
        else:
            choices = ["", "a", "A", "b", "n", "t0", "xx", "/1", "de"]
        one = st.sampled_from(choices)
        return draw(st.lists(one, max_size=3) if lookup.endswith("__in") else one)

    @st.composite
    def questions(draw):
        model = draw(st.sampled_from(list(LOOKUPS)))
        lookups, orders = LOOKUPS[model]
        where = Q()
        for lookup in draw(st.lists(st.sampled_from(lookups), max_size=3)):
            leaf = Q(**{lookup: value_of(draw, model, lookup)})
            leaf = ~leaf if draw(st.integers(0, 5)) == 0 else leaf
            where = where | leaf if draw(st.integers(0, 4)) == 0 else where & leaf
        order = draw(st.lists(st.sampled_from(orders), max_size=2))
        ask = draw(st.sampled_from(["list", "count", "exists", "values", "first", "in_bulk"]))
        combine = draw(
            st.sampled_from([None, None, "union", "intersection", "difference", "|", "&"])
        )
        return model, where, order, draw(st.booleans()), draw(slices), ask, combine

    @settings(
        max_examples=QUERYSETS // 2,
        deadline=None,
        database=None,
        derandomize="ORACLE_QUERYSETS" not in os.environ,
        suppress_health_check=list(HealthCheck),
    )
    @given(questions())
    def compare(question):
        model, where, order, scatter, cut, ask, combine = question

        def answer(base):
            rows = base.filter(where)
            if combine in ("|", "&"):
                other = base.filter(pk__in=ids[model][:2])
                rows = rows | other if combine == "|" else rows & other
            elif combine:
                # Of plain columns, which both databases order alike.
                return sorted(
                    getattr(rows.order_by(), combine)(base.order_by()), key=lambda r: r.pk
                )
            rows = rows.order_by(*order, "pk")
            if ask == "in_bulk":
                return rows.in_bulk(ids[model][::2])
            if cut:
                low, length = cut
                rows = rows[low : None if length is None else low + length]
            if ask == "values":
                return list(rows.values_list("pk", flat=True))
            return list(rows) if ask == "list" else getattr(rows, ask)()

        if ask == "first" and cut:
            return
        try:
            expected = answer(model.objects.using(WHOLE))
        except TypeError:
            # Django does not filter what is sliced.
            return
        try:
            got = answer(model.objects.scatter() if scatter else model.objects.all())
        except UnroutedQuery:
            assert not scatter
            return
        except ShardRouterError as error:
            seen[type(error).__name__] += 1
            return
        seen["equal", model.__name__] += 1
        assert got == expected

    compare()
    for model in LOOKUPS:
        assert seen["equal", model.__name__] > QUERYSETS / 100, seen


def same_row(got, expected):
    if not isinstance(expected, dict):
        assert close(got, expected), (got, expected)
        return
    assert list(got) == list(expected)
    assert all(close(got[name], expected[name]) for name in expected), (got, expected)
