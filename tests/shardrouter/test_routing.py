"""Where a query goes, as its WHERE says."""

import pickle

import pytest
from django.db import connections
from django.db.models import Count, Exists, F, OuterRef, Q
from django.db.models.functions import Lower
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from shardrouter import atomic_for, shard_for, slot_for
from shardrouter.exceptions import CrossShardQuery, UnroutedQuery
from tests.shardrouter.app.models import Author, Book, Bookmark, Chapter, Country, Visit

pytestmark = pytest.mark.django_db(databases="__all__")

SHARDS = ["shard0", "shard1", "shard2"]


class asked:
    """The aliases that were asked inside the block, with how many queries each."""

    def __enter__(self):
        self._captures = {
            alias: CaptureQueriesContext(connections[alias]).__enter__()
            for alias in ["default", *SHARDS]
        }
        self.counts = {}
        return self

    def __exit__(self, *error):
        for alias, capture in self._captures.items():
            capture.__exit__(*error)
            if len(capture):
                self.counts[alias] = len(capture)


def test_it_finds_a_root_by_its_name(authors):
    for name, author in authors.items():
        with asked() as seen:
            assert Author.objects.get(name=name) == author
        assert seen.counts == {shard_for(author): 1}


def test_it_finds_any_row_by_its_id(authors, books):
    book = books[4]
    with asked() as seen:
        assert Book.objects.get(pk=book.pk) == book
        assert Book.objects.get(id=str(book.pk)) == book
        assert Book.objects.filter(pk=book.pk).exists()
    assert seen.counts == {shard_for(book): 3}


def test_it_finds_colocated_rows_by_their_key(authors, books):
    ann = authors["ann"]
    with asked() as seen:
        assert Book.objects.filter(author=ann).count() == 3
        assert Book.objects.filter(author_id=ann.pk).count() == 3
        assert Book.objects.filter(author__pk=ann.pk).count() == 3
        assert ann.books.count() == 3
        assert len(ann.books.order_by("-id")[:2]) == 2
    assert seen.counts == {shard_for(ann): 5}


def test_it_follows_a_key_of_two_hops_and_an_integer_key(authors, books):
    book = books[0]
    chapter = Chapter.objects.create(book=book, number=1)
    visit = Visit.objects.create(author_id=book.author_id, page="/")
    assert shard_for(chapter) == shard_for(visit) == shard_for(book)
    assert slot_for(chapter) == slot_for(book)
    assert Chapter.objects.get(book=book) == chapter
    assert Visit.objects.get(author_id=book.author_id) == visit


@pytest.mark.parametrize(
    "build",
    [
        lambda a, b: Book.objects.filter(Q(author=a)),
        lambda a, b: Book.objects.filter(Q(author=a) & Q(pages__gt=1)),
        lambda a, b: Book.objects.filter(pages__gt=1).filter(author=a),
        lambda a, b: Book.objects.filter(author=a).exclude(pages=1),
        lambda a, b: Book.objects.filter(author__in=[a]),
        lambda a, b: Book.objects.filter(author=a) | Book.objects.filter(author=a, pages=1),
        lambda a, b: Book.objects.filter(author=a) & Book.objects.filter(pages=1),
        lambda a, b: Book.objects.annotate(owner=F("author_id")).filter(owner=a.pk),
        lambda a, b: Book.objects.filter(author=a).union(Book.objects.filter(author=a, pages=1)),
        lambda a, b: Book.objects.filter(author__in=Author.objects.filter(name=a.name)),
        lambda a, b: Book.objects.filter(author__name=a.name),
        lambda a, b: Chapter.objects.filter(book__author=a),
        lambda a, b: Author.objects.filter(books__pk=a.books.get(pages=100).pk),
    ],
)
def test_it_names_one_shard(apart, books, build):
    with asked() as seen:
        list(build(*apart))
    assert set(seen.counts) == {shard_for(apart[0])}


@pytest.mark.parametrize(
    "build",
    [
        lambda a, b: Book.objects.filter(Q(author=a) | Q(author=b)),
        lambda a, b: Book.objects.filter(author__in=[a, b]),
        lambda a, b: Book.objects.filter(author=a) | Book.objects.filter(author=b),
        lambda a, b: Author.objects.filter(name__in=[a.name, b.name]),
        lambda a, b: Author.objects.filter(Q(name=a.name) | Q(pk=b.pk)),
    ],
)
def test_it_names_the_shards_of_both(apart, books, build):
    a, b = apart
    with asked() as seen:
        rows = list(build(a, b))
    assert {row.pk if isinstance(row, Author) else row.author_id for row in rows} == {a.pk, b.pk}
    assert seen.counts == {shard_for(a): 1, shard_for(b): 1}


@pytest.mark.parametrize(
    "build",
    [
        lambda a, b: Book.objects.all(),
        lambda a, b: Book.objects.filter(title="x"),
        lambda a, b: Book.objects.exclude(author=a),
        lambda a, b: Book.objects.filter(~Q(author=a)),
        lambda a, b: Book.objects.filter(Q(author=a) | Q(pages=1)),
        lambda a, b: Book.objects.filter(author__gt=a.pk),
        lambda a, b: Book.objects.filter(author_id=F("pages")),
        lambda a, b: Author.objects.filter(name__iexact=a.name),
        lambda a, b: Author.objects.annotate(low=Lower("name")).filter(low=a.name),
        lambda a, b: Book.objects.filter(Q(author=a) ^ Q(author=b)),
        lambda a, b: Bookmark.objects.filter(book=1),
        lambda a, b: Book.objects.filter(author=a).union(Book.objects.all()),
    ],
)
@pytest.mark.parametrize(
    "run",
    [
        list,
        len,
        lambda qs: qs.count(),
        lambda qs: qs.exists(),
        lambda qs: qs.aggregate(n=Count("pk")),
        lambda qs: list(qs.iterator()),
        lambda qs: qs[0],
    ],
)
def test_it_refuses_to_guess(apart, books, build, run):
    with asked() as seen, pytest.raises(UnroutedQuery):
        run(build(*apart))
    assert seen.counts == {}


def test_it_says_what_and_why_and_what_to_do():
    with pytest.raises(UnroutedQuery, match=r"app\.Book.*author, id.*\.scatter\(\)"):
        list(Book.objects.filter(title="x"))


@pytest.mark.parametrize(
    "build",
    [
        lambda a, b: Book.objects.filter(author=a).filter(author=b),
        lambda a, b: Book.objects.filter(pk__in=[]),
        lambda a, b: Book.objects.filter(author=a).none(),
        lambda a, b: Author.objects.filter(name=a.name, pk=b.pk),
    ],
)
def test_it_answers_a_contradiction_without_a_query(apart, build):
    with asked() as seen:
        assert list(build(*apart)) == []
        assert build(*apart).count() == 0
        assert not build(*apart).exists()
        assert build(*apart).first() is None
        assert build(*apart).aggregate(n=Count("pk")) == {"n": 0}
    assert seen.counts == {}


@pytest.mark.parametrize(
    "build",
    [
        lambda a: Bookmark.objects.filter(author=a, book__title="x"),
        lambda a: Bookmark.objects.filter(author=a).select_related("book"),
        lambda a: Bookmark.objects.filter(author=a).order_by("book__title"),
        lambda a: Bookmark.objects.filter(author=a).values("book__title"),
        lambda a: Bookmark.objects.filter(author=a).annotate(t=F("book__title")),
        lambda a: Book.objects.filter(author=a, bookmarks__note="x"),
        lambda a: Book.objects.scatter().filter(bookmarks__note="x"),
        lambda a: Book.objects.scatter().filter(pk__in=Bookmark.objects.values("book")),
        lambda a: Book.objects.filter(author=a, pk__in=Book.objects.order_by("-pages")[:1]),
        lambda a: Book.objects.scatter().annotate(
            marked=Exists(Bookmark.objects.filter(book=OuterRef("pk")))
        ),
        lambda a: Book.objects.filter(
            author=a, pages__in=Country.objects.values_list("pk", flat=True)
        ),
        lambda a: Country.objects.filter(pk__in=Book.objects.filter(author=a).values("pages")),
    ],
)
def test_it_refuses_to_look_into_other_shards(authors, build):
    with pytest.raises(CrossShardQuery):
        list(build(authors["ann"]))


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda a: Book.objects.filter(author=a, author__bio__isnull=True), 3),
        (lambda a: Book.objects.filter(author=a).select_related("author"), 3),
        (lambda a: Book.objects.filter(author=a).order_by("author__name", "pk"), 3),
        (lambda a: Author.objects.filter(name=a.name, books__pages=100), 1),
        (lambda a: Author.objects.scatter().filter(books__pages=100), 12),
        (lambda a: Author.objects.scatter().exclude(books__pages=1), 11),
        (
            lambda a: Author.objects.scatter().filter(
                Exists(Book.objects.filter(author=OuterRef("pk"), pages__lt=5))
            ),
            4,
        ),
        (
            lambda a: Author.objects.scatter().filter(
                pk__in=Book.objects.filter(pages__lt=5).values("author")
            ),
            4,
        ),
    ],
)
def test_it_joins_inside_a_slot(authors, books, build, expected):
    assert len(build(authors["ann"])) == expected


def test_it_follows_forward_keys_and_prefetches_across_shards(apart, books):
    a, b = apart
    mine, theirs = a.books.get(pages=100), b.books.get(pages=100)
    for book in (mine, theirs):
        Bookmark.objects.create(author=a, book=book)
    assert {mark.book for mark in a.bookmarks.all()} == {mine, theirs}
    with asked() as seen:
        marks = list(Bookmark.objects.filter(author=a).prefetch_related("book__author"))
        assert {mark.book.author for mark in marks} == {a, b}
    assert seen.counts == {shard_for(a): 3, shard_for(b): 2}


def test_it_never_mixes_up_rows_of_reverse_prefetches(authors, books):
    with asked() as seen:
        found = list(Author.objects.scatter().prefetch_related("books"))
        for author in found:
            assert {book.author_id for book in author.books.all()} == {author.pk}
            assert len(author.books.all()) == 3
    assert seen.counts == dict.fromkeys(SHARDS, 2)


def test_it_pins_no_alias_for_what_is_made_from_it(apart, books):
    a, b = apart
    mine = Book.objects.filter(author=a)
    assert len(mine) == 3
    assert len(mine | Book.objects.filter(author=b)) == 6


def test_it_keeps_rows_and_rules_of_a_pickled_queryset(authors, books):
    ann = authors["ann"]
    copied = pickle.loads(pickle.dumps(Book.objects.filter(author=ann).order_by("pk")))
    assert list(copied) == list(ann.books.order_by("pk"))
    query = pickle.loads(pickle.dumps(Book.objects.scatter().query))
    fresh = Book.objects.all()
    fresh.query = query
    with pytest.raises(UnroutedQuery):
        list(fresh)


def test_it_explains_the_route(authors):
    ann = authors["ann"]
    route = Book.objects.filter(author=ann).explain_route()
    assert route.shards == (shard_for(ann),)
    assert route.reason == f"author = {ann.pk}"
    assert Book.objects.scatter().explain_route().shards == tuple(SHARDS)


def test_it_needs_a_shard_for_raw_sql(authors, books):
    ann = authors["ann"]
    with pytest.raises(UnroutedQuery):
        Book.objects.raw("SELECT * FROM app_book")
    rows = Book.objects.filter(author=ann).raw(
        "SELECT * FROM app_book WHERE author_id = %s", [ann.pk]
    )
    assert {book.author_id for book in rows} == {ann.pk}


def test_it_asks_the_shards_of_the_ids_in_bulk(books):
    found = Book.objects.in_bulk([book.pk for book in books])
    assert found == {book.pk: book for book in books}
    assert Book.objects.in_bulk([]) == {}


def test_it_explains_the_plan_of_each_shard(authors, books):
    ann = authors["ann"]
    one = ann.books.filter(pages__gt=1).explain()
    assert "app_book" in one.lower()
    assert "shard" not in one
    every = Book.objects.scatter().explain()
    assert [line for line in every.splitlines() if line.startswith("shard")] == [
        "shard0:", "shard1:", "shard2:"
    ]  # fmt: skip


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_it_locks_for_update_on_the_shard_of_the_row(authors):
    ann = authors["ann"]
    with atomic_for(ann):
        locked = Author.objects.select_for_update().get(pk=ann.pk)
        assert locked == ann
        locked.bio = "locked"
        locked.save()
    assert Author.objects.get(pk=ann.pk).bio == "locked"
    if connections[shard_for(ann)].features.has_select_for_update:
        with pytest.raises(TransactionManagementError):
            Author.objects.select_for_update().get(pk=ann.pk)


def test_it_knows_that_no_row_is_without_a_key(authors, books):
    with asked() as seen:
        assert Book.objects.filter(pk=None).first() is None
        assert not Book.objects.filter(author=None).exists()
        assert Book.objects.scatter().filter(pk__isnull=True).count() == 0
        assert Book.objects.filter(Q(pk=None) | Q(author=authors["ann"])).count() == 3
    assert seen.counts == {shard_for(authors["ann"]): 1}
    with pytest.raises(UnroutedQuery):
        list(Book.objects.filter(pk__isnull=False))
    with pytest.raises(UnroutedQuery):
        list(Author.objects.filter(books=None))


@pytest.mark.parametrize("swap", [False, True])
def test_it_scatters_what_is_combined_of_scattered_rows_in_either_order(apart, books, swap):
    a, _ = apart
    one, other = Book.objects.filter(author=a), Book.objects.scatter().filter(pages=100)
    if swap:
        one, other = other, one
    assert (one | other).count() == 12 + 2
    assert (one & other).count() == 1
    assert (one ^ other).count() == 12 + 2 - 1
    assert one.count() + other.count() == 12 + 3
