"""Random prefetches, look-ups of many rows at once, dates and generic relations answer as one
database, or raise."""

from collections import Counter

import pytest
from django.core.exceptions import MultipleObjectsReturned, ObjectDoesNotExist
from django.db.models import Count, Exists, Model, OuterRef, Prefetch, Q
from hypothesis import given
from hypothesis import strategies as st

from tests.shardrouter.app.models import Author, Book, Bookmark, Chapter, Comment, Shelf, Tag
from tests.shardrouter.oracle.answers import compared, routed, scattered
from tests.shardrouter.oracle.questions import QUERYSETS, conditions, oracle_settings
from tests.shardrouter.oracle.rows import WHOLE, library

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.timeout(600)]

CUTS = st.one_of(st.none(), st.tuples(st.integers(0, 2), st.integers(0, 3)))
WAYS = ["owned", "cut", "forward", "deep", "marks", "tags", "attribute"]
ORDERS = st.sampled_from([["pk"], ["-pk"], ["title", "pk"], ["-pages", "pk"]])


def test_it_follows_relations_of_many_rows_as_one_database_or_raises():
    authors, books = library()
    seen = Counter()
    some = st.lists(st.sampled_from([each.pk for each in books]), max_size=4)

    @oracle_settings(QUERYSETS // 10)
    @given(conditions(authors, books), conditions(authors, books), some, ORDERS, ORDERS, CUTS,
           st.sampled_from(WAYS))  # fmt: skip
    def compare(where, inner, pks, order, inside, cut, what):
        low, high = (cut[0], cut[0] + cut[1]) if cut else (None, None)

        def ask(rows_of):
            rows = rows_of(Book).filter(where | Q(pk__in=pks)).distinct().order_by(*order)
            related = rows_of(Book).filter(inner).distinct().order_by(*inside)
            owners = rows_of(Author).order_by("pk")
            if what == "owned":
                found = owners.prefetch_related(Prefetch("books", related))
                return [(each.pk, ids(each.books.all())) for each in found]
            if what == "cut":
                plainly = rows_of(Book).filter(pages__gte=0).order_by(*inside)[low:high]
                found = owners.prefetch_related(Prefetch("books", plainly))
                return [(each.pk, ids(each.books.all())) for each in found]
            if what == "attribute":
                found = owners.prefetch_related(Prefetch("books", related, to_attr="chosen"))
                return [(each.pk, ids(each.chosen)) for each in found]
            if what == "forward":
                found = rows_of(Bookmark).order_by("pk").prefetch_related(Prefetch("book", related))
                return [(each.pk, each._state.fields_cache.get("book") is None) for each in found]
            if what == "deep":
                found = rows.prefetch_related(
                    Prefetch("author", rows_of(Author)),
                    Prefetch("author__books", rows_of(Book)),
                    Prefetch("author__books__chapters", rows_of(Chapter)),
                )
                return [
                    (each.pk, [(book.pk, ids(book.chapters.all())) for book in by_pk(each.author)])
                    for each in found[low:high]
                ]
            name, model = {"marks": ("bookmarks", Bookmark), "tags": ("tags", Tag)}[what]
            found = rows.prefetch_related(Prefetch(name, rows_of(model)))
            return [(each.pk, ids(getattr(each, name).all())) for each in found]

        compared(seen, ask, scattered, routed)

    compare()
    assert seen["equal"] > QUERYSETS / 20, seen


def ids(rows):
    return sorted(each.pk for each in rows)


def by_pk(author):
    return sorted(author.books.all(), key=lambda book: book.pk)


def test_it_looks_rows_up_as_one_database_or_raises():
    authors, books = library()
    seen = Counter()
    some = st.lists(st.sampled_from([each.pk for each in books]), max_size=5)
    names = st.lists(st.sampled_from([each.name for each in authors]), max_size=3)

    @oracle_settings(QUERYSETS // 10)
    @given(conditions(authors, books), some, names,
           st.sampled_from(["in_bulk", "by name", "contains", "get", "earliest", "latest", "dates",
                            "datetimes", "none", "exists", "get_or"]))  # fmt: skip
    def compare(where, pks, names, what):
        def ask(rows_of):
            rows = rows_of(Book).filter(where).distinct()
            if what == "in_bulk":
                return sorted(rows_of(Book).filter(where).in_bulk(pks))
            if what == "by name":
                return sorted(rows_of(Author).in_bulk(names, field_name="name"))
            if what == "contains":
                return [rows.contains(book) for book in books[:3]]
            if what in ("earliest", "latest"):
                return single(lambda: getattr(rows, what)("published", "pk"))
            if what == "dates":
                return list(rows.dates("published", "month", order="DESC"))
            if what == "datetimes":
                return list(rows.datetimes("published", "hour"))
            if what == "none":
                return (rows | rows.none()).count(), (rows & rows_of(Book).none()).count()
            if what == "exists":
                about = Exists(Chapter.objects.filter(book=OuterRef("pk"), number=0))
                return sorted(rows.annotate(has=about).values_list("pk", "has"))
            return single(lambda: rows.get(pk__in=pks) if what == "get" else rows.get())

        compared(seen, ask, scattered, routed)

    compare()
    assert seen["equal"] > QUERYSETS / 20, seen


def single(get):
    try:
        return get().pk
    except (ObjectDoesNotExist, MultipleObjectsReturned) as error:
        return type(error).__name__


def test_it_joins_generic_relations_as_one_database_or_raises():
    library()
    shelves = list(Shelf.objects.scatter().order_by("pk"))
    for number, shelf in enumerate(shelves):
        for each in range(number % 3):
            comment = Comment.objects.create(about=shelf, text=f"t{each}")
            Model.save_base(comment, raw=True, using=WHOLE)
    seen = Counter()
    conditions = st.sampled_from([
        Q(), Q(comments__text="t0"), ~Q(comments__text="t1"), Q(comments__isnull=True),
        Q(comments__text="t0") | Q(label="a"), Q(pk__in=[each.pk for each in shelves[:2]]),
        Q(comments__in=Comment.objects.filter(text="t1")),
    ])  # fmt: skip

    @oracle_settings(QUERYSETS // 20)
    @given(
        conditions, conditions, st.booleans(), st.sampled_from(["rows", "values", "groups", "n"])
    )
    def compare(where, other, distinct, what):
        def ask(rows_of):
            rows = rows_of(Shelf).filter(where).filter(other)
            rows = rows.distinct() if distinct else rows
            if what == "rows":
                return ids(rows)
            if what == "values":
                return sorted(map(repr, rows.values_list("label", "comments__text")))
            if what == "groups":
                grouped = rows.values("comments__text").annotate(n=Count("pk", distinct=True))
                return sorted(map(repr, grouped.order_by()))
            return rows.count(), rows.aggregate(n=Count("comments"))

        compared(seen, ask, scattered, routed)

    compare()
    assert seen["equal"] > QUERYSETS / 40, seen
