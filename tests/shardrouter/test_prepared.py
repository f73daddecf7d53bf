"""Prepared queries: plain Django is compiled once, and answers as the plain queryset."""

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Lower
from django.test.utils import CaptureQueriesContext

from shardrouter import shard_for
from shardrouter.prepared import caches, prepared
from tests.shardrouter.app.models import Author, Book, Chapter, Country, Visit

from .prepared_queries import is_prepared, newest, nothing_built, the_same, titled, with_ids

pytestmark = pytest.mark.django_db(databases="__all__")

PAGES = 5
NAMED = Q(title__isnull=False)


def test_it_gives_the_rows_of_the_queryset_without_building_it(books, authors):
    ann, bob = authors["ann"].pk, authors["bob"].pk
    assert [row["title"] for row in the_same(newest, ann, 10**18, 2)] == [None, "ann two"]
    with nothing_built():
        assert [row["title"] for row in newest(ann, 10**18, 2)] == [None, "ann two"]
    assert is_prepared(newest, bob, 10**18, 2)
    # The other author's shard has a statement of its own; a limit is a part of the SQL.
    for author in authors.values():
        the_same(newest, author.pk, 10**18, 2)
        the_same(newest, author.pk, 10**18, 1)
    with nothing_built():
        for author in authors.values():
            assert len(newest(author.pk, 10**18, 2)) == 2


BODIES = {
    "values": lambda a: Book.objects.filter(author_id=a).values("title", "price"),
    "values_list": lambda a: Book.objects.filter(author_id=a).values_list("published", "price"),
    "flat": lambda a: Book.objects.filter(author_id=a).values_list("pages", flat=True),
    "named": lambda a: Book.objects.filter(author_id=a).values_list("title", named=True),
    "instances": lambda a: Book.objects.filter(author_id=a),
    "select_related": lambda a: Book.objects.select_related("author").filter(author=a),
    "prefetch": lambda a: Book.objects.prefetch_related("chapters").filter(author=a),
    "only": lambda a: Book.objects.only("title").filter(author=a),
    "defer": lambda a: Book.objects.defer("title").filter(author=a),
    "annotated": lambda a: Book.objects.filter(author=a).annotate(n=F("pages") + 1),
    "joined": lambda a: Book.objects.filter(author=a, author__rating=None).distinct(),
    "excluded": lambda a: Book.objects.exclude(chapters__book=a).filter(author=a),
    "grouped": lambda a: Book.objects.filter(author=a).values("title").annotate(n=Count("pk")),
    "exists": lambda a: Book.objects.filter(
        Exists(Chapter.objects.filter(book=OuterRef("pk"))), author_id=a
    ),
    "same shard": lambda a: Book.objects.filter(author_id=a).annotate(
        seen=Exists(Visit.objects.filter(author_id=a))
    ),
    "subquery": lambda a: Book.objects.filter(author_id=a).annotate(
        last=Subquery(Chapter.objects.filter(book=OuterRef("pk"), pk__lt=a).values("pk")[:1])
    ),
    "case": lambda a: Book.objects.filter(author=a).annotate(
        mine=Case(When(author_id=a, then=Value(1)), default=Value(0))
    ),
    "coalesced": lambda a: Book.objects.filter(author=a).annotate(
        lower=Coalesce(Lower("title"), Value("none"))
    ),
    "pair": lambda a: Book.objects.filter(pk__range=(a, 2**63 - 1), author=a),
    "constant": lambda a: Book.objects.filter(NAMED, author=a, pages__gt=PAGES),
}


@pytest.mark.parametrize("name", BODIES)
def test_it_prepares_plain_django(books, authors, name):
    function = prepared(BODIES[name])
    for author in authors.values():
        rows = the_same(function, author.pk)
        assert is_prepared(function, author.pk)
    if name in ("select_related", "prefetch"):
        with CaptureQueriesContext(connections[shard_for(author)]) as queries:
            (row, *_) = function(author.pk)
            assert row.author == author if name == "select_related" else not row.chapters.all()
        assert len(queries) == (1 if name == "select_related" else 2)
    assert len(rows) in (0, 2, 3)


def test_it_keeps_the_meaning_of_values(books, authors):
    by_page = prepared(lambda a, pages: Book.objects.filter(author=a, pages=pages).order_by("id"))
    ann = authors["ann"]
    for owner in (ann.pk, str(ann.pk), ann):
        for pages in (100, "100", 100.0, None, 2**70, True, 1):
            the_same(by_page, owner, pages)
    assert len(by_page(ann, None)) == len(by_page(ann.pk, "100")) == 1
    with pytest.raises(ValueError, match="expected a number"):
        by_page(ann.pk, "many")
    with pytest.raises(ValueError, match="must be saved"):
        by_page(Author(name="new"), 1)


def test_it_raises_for_a_wrong_value_that_is_not_asked_for(books, authors):
    titles = prepared(
        lambda a, number: (
            Book.objects.filter(author_id=a)
            .annotate(has=Exists(Chapter.objects.filter(book=OuterRef("pk"), number=number)))
            .values("title")
        )
    )
    ann = authors["ann"].pk
    assert len(the_same(titles, ann, 1.0)) == 3
    assert is_prepared(titles, ann, 2.0)
    with pytest.raises(OverflowError):
        titles(ann, float("inf"))


def test_it_raises_for_a_wrong_value_whose_condition_was_replaced(books, authors):
    replaced = prepared(
        lambda a, number: (
            Book.objects.filter(author_id=a)
            .annotate(has=Exists(Chapter.objects.filter(number=number)))
            .annotate(has=Value(1))
        )
    )
    ann = authors["ann"].pk
    assert len(the_same(replaced, ann, 1)) == 3
    assert "not followed" in replaced.explain(ann, 1).looked_at["number"]
    with pytest.raises(ValueError, match="expected a number"):
        replaced(ann, "x")


def test_it_takes_an_in_of_any_length(books):
    ids = [book.pk for book in books]
    for some in (ids, ids[:3], ids[:1], [], [None], [ids[0], None, ids[0]], set(ids), tuple(ids)):
        the_same(with_ids, some)
    the_same(with_ids, ids * 40)
    the_same(with_ids, map(int, ids[:0]))
    assert is_prepared(with_ids, ids[:7])


def test_it_merges_shards(books):
    for title in ("one", "two", "a", "%", ""):
        assert len({row._state.db for row in the_same(titled, title)}) in (0, 1, 3)
    page = prepared(
        lambda low, high: (
            Book.objects.scatter().order_by("-pages", "title").values("title")[low:high]
        )
    )
    the_same(page, 2, 9)
    assert is_prepared(titled, "one")
    assert is_prepared(page, 2, 9)
    with nothing_built():
        assert titled("one")
        assert page(2, 9)


def test_it_runs_groups_that_span_shards_plain_and_those_of_one_not(books, authors):
    sums = prepared(
        lambda ids: Book.objects.filter(author_id__in=ids).values("pages").annotate(n=Count("pk"))
    )
    ids = [author.pk for author in authors.values()]
    for some in (ids, ids[:1], ids):
        found = sums(some)
        assert {row["pages"]: row["n"] for row in found}[100] == len(some)
    with nothing_built():
        assert len(sums(ids[:1])) == 3


def test_it_compiles_less_and_less_often_for_what_never_matches(books, monkeypatch):
    tried = []
    made = caches.Shape.__init__
    monkeypatch.setattr(caches.Shape, "__init__", lambda *args: tried.append(1) or made(*args))
    some = prepared(lambda ids: Book.objects.filter(pk__in=ids))
    assert [some([]) for _ in range(100)] == [[]] * 100
    assert len(tried) == 7
    assert len(some([books[0].pk])) == 1
    assert is_prepared(some, [books[1].pk])


def test_it_binds_rows_by_their_keys(books, authors):
    mine = prepared(lambda author: Book.objects.filter(author=author).order_by("id"))
    ann = authors["ann"]
    for author in (*authors.values(), ann.pk, Author.objects.only("name").get(name="bob")):
        assert len(the_same(mine, author)) == 3
    with nothing_built():
        assert len(mine(authors["cleo"])) == 3
    for wrong in (Author(name="new"), books[0]):
        with pytest.raises(ValueError, match=r"must be saved|Must be"):
            mine(wrong)


def test_it_works_for_a_model_that_is_not_sharded():
    user = User.objects.create(username="kim")
    Country.objects.create(code="de", keeper=user)
    kept = prepared(lambda name: Country.objects.filter(keeper__username=name).values("code"))
    assert the_same(kept, "kim") == [{"code": "de"}]
    assert is_prepared(kept, "leo")
    assert kept("leo") == []
    ordered = prepared(
        lambda name: Country.objects.order_by(
            Exists(User.objects.filter(pk=OuterRef("keeper"), username=name)), "pk"
        )
    )
    assert len(the_same(ordered, "kim")) == 1
    assert is_prepared(ordered, "leo")


def test_it_runs_where_using_says(books, authors):
    on = prepared(lambda alias, title: Book.objects.using(alias).filter(title__contains=title))
    counts = [len(the_same(on, alias, "one")) for alias in ("shard0", "shard1", "shard2")]
    assert sum(counts) == len(authors)
    assert is_prepared(on, "shard1", "two")


def test_it_takes_arguments_by_name_and_defaults(books, authors):
    @prepared
    def some(author_id, /, title="", *, limit=1):
        return Book.objects.filter(author_id=author_id, title__contains=title)[:limit]

    ann = authors["ann"].pk
    assert len(some(ann)) == 1
    assert len(some(ann, limit=3)) == 2
    assert [book.title for book in some(ann, title="two", limit=3)] == ["ann two"]
    with pytest.raises(TypeError, match="missing a required argument"):
        some()


def test_it_explains_itself(books, authors):
    ann = authors["ann"].pk
    explained = newest.explain(ann, 1, 3)
    assert explained.prepared
    assert list(explained.looked_at) == ["limit"]
    assert (
        "before_id" in newest.queryset(ann, 1, 3).query.__class__.__name__ or newest.__doc__ is None
    )
    assert "no_such" not in repr(newest)
    assert repr(newest) == "<prepared newest>"
