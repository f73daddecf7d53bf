"""Prepared equals plain: random bodies, called with random values of all kinds, do what their
querysets do: the same SQL and parameters on the same shards, the same rows, the same errors.

`PREPARED_BODIES` sets how many bodies are made (default 600; more for a longer run).
"""

import datetime
import os
import uuid
import warnings
from collections import Counter
from contextlib import ExitStack
from decimal import Decimal

import pytest
from django.db import connections, models, transaction
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    FilteredRelation,
    Max,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Length, Lower, TruncDate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shardrouter.counters import query_counters
from shardrouter.prepared import prepared, statements
from tests.shardrouter.app.models import Author, Book, Bookmark, Chapter, Country, Tag, Visit
from tests.shardrouter.test_oracle import DAY, WHOLE, _rows

BODIES = int(os.environ.get("PREPARED_BODIES", "600"))
CALLS = 4
NAMES = {
    each.__name__: each
    for each in (
        Author, Book, Bookmark, Chapter, Country, Tag, Visit, Case, Coalesce, Count, Exists, F,
        FilteredRelation, Length, Lower, Max, OuterRef, Q, Subquery, TruncDate, Value, When,
    )
}  # fmt: skip
NAMES["models"] = models

IDS = ["id", "pk", "author_id", "author", "chapters__id"]
NUMBERS = ["pages", "pages", "author__rating", "chapters__number", "price"]
TEXTS = ["title", "author__name", "author__bio", "tags__word"]

# Most bodies bind ids to `a`, numbers to `b`, texts to `c` and times to `d`, as their values mostly
# are, and lists of them to `aa`, `bb` and `cc`.
PARAMETERS = ["a", "aa", "b", "bb", "c", "cc", "d"]
parameters = st.sampled_from(["a", "b", "c"])


def mostly(name):
    return st.sampled_from([name] * 30 + PARAMETERS)


def lookups(name, names, operations):
    return st.builds(
        lambda name, operation, value: f"{name}{operation}={value}",
        st.sampled_from(names),
        st.sampled_from(operations),
        mostly(name),
    )


leaves = st.one_of(
    lookups("a", IDS, ["", "", "__lt", "__gte", "__isnull"]),
    lookups("aa", IDS, ["__in"]),
    lookups("b", NUMBERS, ["", "__lt", "__lte", "__gt", "__gte"]),
    lookups("bb", NUMBERS, ["__in"]),
    lookups("c", TEXTS, ["", "__contains", "__icontains", "__startswith", "__iendswith"]),
    lookups("c", TEXTS, ["__iexact", "__lt", "__endswith", "__regex"]),
    lookups("cc", TEXTS, ["__in"]),
    lookups("d", ["published"], ["", "__lt", "__gte", "__date"]),
    lookups("b", ["published"], ["__year", "__year__gt"]),
    st.builds(lambda a, b: f"pages__range=({a}, {b})", mostly("b"), mostly("b")),
    st.builds(lambda a, b: f"pk__in=[{a}, {b}]", mostly("a"), mostly("a")),
    st.builds(lambda a: f"title__in=('a', {a}, None)", mostly("c")),
    st.just("pages__lt=F('author__rating')"),
    st.just("title__isnull=b"),
)
conditions = st.recursive(
    leaves.map(lambda leaf: f"Q({leaf})"),
    lambda inner: st.one_of(
        st.builds(lambda a, b: f"({a} & {b})", inner, inner),
        st.builds(lambda a, b: f"({a} | {b})", inner, inner),
        inner.map(lambda a: f"~{a}"),
    ),
    max_leaves=3,
)
exists = st.builds(
    lambda value, operation: (
        f"Exists(Chapter.objects.filter(book=OuterRef('pk'), number{operation}={value}))"
    ),
    mostly("b"),
    st.sampled_from(["", "__gt"]),
)
same_author = mostly("a").map(
    lambda value: f"Exists(Visit.objects.filter(author_id={value}, page='/1'))"
)
inner_in = mostly("c").map(lambda value: f"Q(author__in=Author.objects.filter(name={value}))")
filters = st.one_of(
    conditions.map(lambda each: f".filter({each})"),
    conditions.map(lambda each: f".exclude({each})"),
    st.one_of(exists, same_author, inner_in).map(lambda each: f".filter({each})"),
)
annotations = st.one_of(
    mostly("b").map(lambda b: f".annotate(twice=F('pages') * 2).filter(twice__gt={b})"),
    mostly("b").map(lambda b: f".annotate(parts=Count('chapters')).filter(parts__lt={b})"),
    exists.map(lambda each: f".annotate(has={each})"),
    mostly("b").map(lambda a: f".annotate(kind=Case(When(pages__gt={a}, then=1), default=0))"),
    mostly("b").map(lambda a: f".annotate(n=Count('chapters', filter=Q(chapters__number={a})))"),
    mostly("b").map(lambda a: f".annotate(one=Coalesce('pages', {a}))"),
    mostly("b").map(lambda a: f".annotate(two=F('pages') + {a})"),
    mostly("c").map(lambda a: f".annotate(three=Value({a}, output_field=models.TextField()))"),
    mostly("b").map(
        lambda a: (
            ".annotate(ch=FilteredRelation('chapters', condition=Q(chapters__number=" + a + ")))"
            ".annotate(four=F('ch__heading'))"
        )
    ),
    mostly("b").map(
        lambda a: (
            ".annotate(last=Subquery(Chapter.objects.filter(book=OuterRef('pk'), "
            f"number__lt={a}).order_by('-number').values('number')[:1]))"
        )
    ),
    st.just(".annotate(day=TruncDate('published'))"),
)
orders = st.sampled_from(
    ["", ".order_by('-id')", ".order_by('title', 'id')", ".order_by('-pages', 'author__name')"]
    + [".order_by(Lower('title').desc(), '-pk')", ".order_by('published', 'price')"]
    + [".order_by(Case(When(pages=b, then=0), default=1), 'pk')", ".order_by(c)", ".reverse()"]
)
shapes = st.sampled_from(
    ["", "", "", ".values('id', 'title')", ".values()", ".values_list('pages', flat=True)"]
    + [".values_list('id', 'published', 'price')", ".values_list('title', named=True)"]
    + [".select_related('author')", ".only('title')", ".defer('title', 'pages')"]
    + [".prefetch_related('chapters')", ".values('author').annotate(k=Count('pk'))"]
    + [".distinct()", ".values('title').distinct()", ".values(c)", ".values('author__name', 'pk')"]
)
slices = st.sampled_from(["", "", "", "[:n]", "[n:]", "[n:m]", "[:5]", "[:n + 1]", "[:n][:m]"])
bases = st.sampled_from(
    ["Book.objects", "Book.objects", "Book.objects.scatter()", f"Book.objects.using('{WHOLE}')"]
    + ["Book.objects.scatter(on_shard_down='skip')"]
)
keyed = st.sampled_from(
    [".filter(author_id=a)", ".filter(author=a)", ".filter(pk__in=aa)", ".filter(author__in=aa)"]
    + [".filter(author__name=c)"]
)
starts = st.sampled_from(
    ["    if a: b = 1\n", "    b, c = c, b\n", "    a = list(a or ())\n", "    c = c and str(c)\n"]
)


@st.composite
def bodies(draw):
    """The source of a body of seven values and two numbers."""
    middle = "".join(draw(st.lists(st.one_of(filters, filters, annotations), max_size=3)))
    start = draw(st.one_of(st.just(""), st.just(""), starts))
    base = draw(bases)
    key = draw(keyed) if "(" not in base or draw(st.booleans()) else ""
    rows = base + key + middle + draw(orders) + draw(shapes) + draw(slices)
    if rows.startswith("Book.objects") and "(" not in rows:
        rows = rows.replace("Book.objects", "Book.objects.all()", 1)
    return f"def body(a, aa, b, bb, c, cc, d, n=3, m=2):\n{start}    return {rows}\n"


def made(source):
    names = dict(NAMES, __name__=__name__)
    exec(source, names)
    return names["body"]


def values(authors, books):
    """Arguments: an id or several, a number, a text and a time; or anything at all."""
    ids = [each.pk for each in (*authors, *books)]
    id_ = st.sampled_from([author.pk for author in authors] * 4 + [book.pk for book in books])
    number = st.sampled_from([0, 1, 2, 100, -1, 3, 1.5, Decimal("9.50"), 2026, 2**63, True])
    text = st.sampled_from(["", "a", "A", "Ä", "a%_", "ann", "bob", "ANN", "t1", "x' OR 1=1"])
    time = st.sampled_from([DAY, DAY.replace(tzinfo=None), DAY.date(), "2026-02-03"])
    wild = st.sampled_from(
        [None, True, False, 10**18, 2**63 - 1, -(2**70), str(ids[0]), " 12 ", "12", -0.0]
        + [float("inf"), Decimal("9.505"), Decimal("1e30"), DAY.time(), datetime.timedelta(1)]
        + [b"a", uuid.UUID(int=1), "title", "-pages", authors[0], books[0], Author(name="new")]
        + [Country(pk=1), F("pages"), Q(pk=1), object, {"a": 1}, range(3), [], (), set()]
        + [list(range(300)), authors[:3], [None], [None, 1], ["a", None, "b"], [1, 1, 2], {1, "a"}]
        + [(0, 100), [0, "a"], ("a", "b"), [authors[0], ids[1]], [F("pages"), 1]]
    )
    owner = st.one_of(id_, id_, id_, st.sampled_from(authors))
    owners = st.one_of(several(id_), st.sampled_from([ids * 20, authors[:3], ids[3:5]]))
    kinds = [owner, owners, number, several(number), text, several(text), time]
    nearly = [
        st.integers(0, 14).flatmap(lambda at, kind=kind: kind if at else wild) for kind in kinds
    ]
    return st.tuples(*nearly, st.integers(0, 4), st.integers(0, 9))


def several(each):
    kinds = st.sampled_from([list, list, tuple, set])
    return st.builds(lambda kind, made: kind(made), kinds, st.lists(each, max_size=4))


ROWS_TOLD = ("_state", "_prefetched_objects_cache")


def told(row):
    """A row with all that can be seen of it."""
    if not isinstance(row, models.Model):
        return type(row), row if not isinstance(row, dict) else list(row.items())
    state = {name: value for name, value in row.__dict__.items() if name not in ROWS_TOLD}
    cached = {name: told(each) for name, each in row._state.fields_cache.items() if each}
    kept = row.__dict__.get("_prefetched_objects_cache", {})
    fetched = {name: list(map(told, each)) for name, each in kept.items()}
    return type(row), row._state.db, state, cached, fetched


class Outcome:
    """What came of a call: its statements, counters, and rows or error."""

    def __init__(self, call):
        self.statements, self.rows, self.error = [], None, None
        query_counters.reset()
        with ExitStack() as stack:
            for alias in connections:
                stack.enter_context(transaction.atomic(using=alias))
                stack.enter_context(connections[alias].execute_wrapper(self._noted(alias)))
            try:
                rows = call()
                self.rows = list(map(told, rows))
                self.missing = getattr(rows, "shards_missing", ())
            except Exception as error:
                self.error = type(error), str(error)
                for alias in connections:
                    transaction.set_rollback(True, using=alias)
        self.counts = query_counters.counts()

    def _noted(self, alias):
        def note(execute, sql, params, many, context):
            if not sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
                kinds = [(type(each), repr(each)) for each in params or ()]
                self.statements.append((alias, sql, kinds))
            return execute(sql, params, many, context)

        return note

    def __eq__(self, other):
        return self.__dict__ == other.__dict__

    def __repr__(self):
        return repr(self.__dict__)


def plain_rows(body, arguments):
    rows = body(*arguments)
    found = list(rows)
    return found if not getattr(rows, "shards_missing", ()) else rows


def compared(found, source, calls):
    """Call the body of `source` prepared and plain; both must do the same, each time."""
    body = made(source)
    function = prepared(body)
    for arguments in calls:
        expected = Outcome(lambda arguments=arguments: plain_rows(body, arguments))
        got = Outcome(lambda arguments=arguments: function(*arguments))
        assert got == expected, source
        again = Outcome(lambda arguments=arguments: function(*arguments))
        assert again == expected, source
        shape = function.explain(*arguments) if expected.error is None else None
        found["error" if expected.error else "answer"] += 1
        if shape is not None:
            found["prepared" if shape.prepared else shape.reason] += 1
            found["rows"] += bool(expected.rows and shape.prepared)


def run(bodies_made):
    authors, books = _rows()
    found = Counter()

    @settings(
        max_examples=bodies_made,
        deadline=None,
        database=None,
        derandomize="PREPARED_BODIES" not in os.environ,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(
        bodies(),
        st.lists(values(authors, books), min_size=1, max_size=CALLS),
    )
    def compare(source, calls):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compared(found, source, calls)

    compare()
    return found


@pytest.mark.timeout(900)
def test_prepared_does_what_plain_does():
    found = run(BODIES)
    print(found.most_common(30))
    assert found["prepared"] > BODIES / 2, found
    assert found["rows"] > BODIES / 10, found


def test_a_binder_that_swaps_two_arguments_is_caught(monkeypatch):
    bound = statements.Statement.bound

    def swapped(self, values, lookups=None):
        sql, params = bound(self, values, lookups)
        return sql, [*params[1::-1], *params[2:]]

    monkeypatch.setattr(statements.Statement, "bound", swapped)
    monkeypatch.setattr(statements.Statement, "require_as_plain", lambda *args: None)
    with pytest.raises(AssertionError):
        run(100)
