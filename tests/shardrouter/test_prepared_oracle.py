"""Prepared equals plain: random bodies, called with random values of all kinds, do what their
querysets do: the same SQL and parameters on the same shards, the same rows, the same errors.

`PREPARED_BODIES` sets how many bodies are made (default 300; more for a longer run).
"""

import datetime
import os
import re
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
    ExpressionWrapper,
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
from django.db.models.lookups import Contains
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shardrouter.counters import query_counters
from shardrouter.prepared import direct, keys, prepared, routes, statements
from tests.shardrouter.app.models import Author, Book, Bookmark, Chapter, Country, Tag, Visit
from tests.shardrouter.oracle.rows import DAY, PRICES, WHOLE, library

pytestmark = pytest.mark.django_db(databases="__all__")

BODIES = int(os.environ.get("PREPARED_BODIES", "300"))
CALLS = 3
NAMES = {
    each.__name__: each
    for each in (
        Author, Book, Bookmark, Chapter, Country, Tag, Visit, Case, Coalesce, Count, Exists,
        ExpressionWrapper, F, FilteredRelation, Length, Lower, Max, OuterRef, Q, Subquery,
        TruncDate, Value, When,
    )
}  # fmt: skip
NAMES["models"] = models

IDS = ["id", "pk", "author_id", "author", "chapters__id"]
NUMBERS = ["pages", "pages", "author__rating", "chapters__number", "price"]
TEXTS = ["title", "author__name", "author__bio", "tags__word"]
PARAMETERS = ["a", "aa", "b", "bb", "c", "cc", "d"]

#: Names, what may be asked of them, and the parameter whose values mostly fit.
LOOKUPS = [
    (IDS, ["", "", "__lt", "__gte"], "{a}"),
    (IDS, ["__in"], "{aa}"),
    (NUMBERS, ["", "__lt", "__lte", "__gt", "__gte"], "{b}"),
    (NUMBERS, ["__in"], "{bb}"),
    (TEXTS, ["", "__contains", "__icontains", "__startswith", "__iendswith"], "{c}"),
    (TEXTS, ["__iexact", "__lt", "__endswith", "__regex"], "{c}"),
    (TEXTS, ["__in"], "{cc}"),
    (["published"], ["", "__lt", "__gte", "__date"], "{d}"),
    (["published"], ["__year", "__year__gt"], "{b}"),
]
SPECIAL = [
    "pages__range=({b}, {b})", "pk__in=[{a}, {a}]", "title__in=('a', {c}, None)",
    "pages__lt=F('author__rating')", "title__isnull={b}", "title={c}, pages={b}",
]  # fmt: skip
INNER = [
    "Exists(Chapter.objects.filter(book=OuterRef('pk'), number={b}))",
    "Exists(Visit.objects.filter(author_id={a}, page='/1'))",
    "Q(author__in=Author.objects.filter(name={c}))",
    "Q(pk__in=Chapter.objects.filter(number={b}).values('book'))",
]
ANNOTATIONS = [
    "twice=F('pages') * 2).filter(twice__gt={b}",
    "parts=Count('chapters')).filter(parts__lt={b}",
    "has=Exists(Chapter.objects.filter(book=OuterRef('pk'), number__gt={b}))",
    "seen=Exists(Visit.objects.filter(author_id={a}))",
    "kind=Case(When(pages__gt={b}, then=1), default=0)",
    "n=Count('chapters', filter=Q(chapters__number={b}))",
    "one=Coalesce('pages', {b})",
    "two=F('pages') + {b}",
    "three=Value({c}, output_field=models.TextField())",
    "ch=FilteredRelation('chapters', condition=Q(chapters__number={b}))"
    ").annotate(four=F('ch__heading')",
    "last=Subquery(Chapter.objects.filter(book=OuterRef('pk'), number__lt={b})"
    ".order_by('-number').values('number')[:1])",
    "day=TruncDate('published')",
    "where=ExpressionWrapper(Q(title={c}) | Q(pages={b}), output_field=models.BooleanField())",
]
ORDERS = [
    "", "", ".order_by('-id')", ".order_by('title', 'id')", ".order_by('-pages', 'author__name')",
    ".order_by(Lower('title').desc(), '-pk')", ".order_by('published', 'price')", ".reverse()",
    ".order_by(Case(When(pages={b}, then=0), default=1), 'pk')", ".order_by({c})",
]  # fmt: skip
SHAPES = [
    "", "", "", "", ".values('id', 'title')", ".values()", ".values_list('pages', flat=True)",
    ".values_list('id', 'published', 'price')", ".values_list('title', named=True)",
    ".select_related('author')", ".only('title')", ".defer('title', 'pages')", ".distinct()",
    ".prefetch_related('chapters')", ".values('author').annotate(k=Count('pk'))",
    ".values('title').distinct()", ".values({c})", ".values('author__name', 'pk')",
]  # fmt: skip
SLICES = ["", "", "", "[:n]", "[n:]", "[n:m]", "[:5]", "[:n + 1]", "[:n][:m]"]
BASES = ["Book.objects"] * 3 + ["Book.objects.scatter()"] * 2
BASES += ["Book.objects.scatter(on_shard_down='skip')", f"Book.objects.using('{WHOLE}')"]
KEYS = ["author_id={a}", "author={a}", "pk__in={aa}", "author__in={aa}", "author__name={c}"]
STARTS = ["if a: b = 1", "b, c = c, b", "aa = list(aa or ())", "c = c and str(c)", "b = b or 5"]


class Writer:
    """Writes bodies of seven values and two numbers, by a random generator."""

    def __init__(self, chance):
        self.chance = chance

    def pick(self, items):
        return self.chance.choice(items)

    def filled(self, text):
        """`text` with parameters in it, hardly ever others than those that fit."""
        while match := re.search(r"{(\w+)}", text):
            name = match[1] if self.chance.random() < 0.96 else self.pick(PARAMETERS)
            text = text[: match.start()] + name + text[match.end() :]
        return text

    def leaf(self):
        if self.chance.random() < 0.2:
            return f"Q({self.filled(self.pick(SPECIAL))})"
        names, operations, parameter = self.pick(LOOKUPS)
        return f"Q({self.pick(names)}{self.pick(operations)}={self.filled(parameter)})"

    def condition(self, depth=0):
        at = self.chance.random()
        if depth > 1 or at < 0.6:
            return self.leaf()
        if at < 0.7:
            return f"~{self.condition(depth + 1)}"
        return f"({self.condition(depth + 1)} {self.pick('&|')} {self.condition(depth + 1)})"

    def step(self):
        at = self.chance.random()
        if at < 0.55:
            return f".filter({self.condition()})"
        if at < 0.7:
            return f".exclude({self.condition()})"
        if at < 0.8:
            return f".filter({self.filled(self.pick(INNER))})"
        return f".annotate({self.filled(self.pick(ANNOTATIONS))})"

    def body(self):
        base = self.pick(BASES)
        keyed = self.chance.random() < (0.4 if "(" in base else 0.97)
        rows = base + (f".filter({self.filled(self.pick(KEYS))})" if keyed else ".all()")
        rows += "".join(self.step() for _ in range(self.chance.randrange(3)))
        rows += self.filled(self.pick(ORDERS)) + self.filled(self.pick(SHAPES)) + self.pick(SLICES)
        start = f"    {self.pick(STARTS)}\n" if self.chance.random() < 0.1 else ""
        return f"def body(a, aa, b, bb, c, cc, d, n=3, m=2):\n{start}    return {rows}\n"


def made(source):
    names = dict(NAMES, __name__=__name__)
    exec(source, names)
    return names["body"]


class Caller:
    """Makes the arguments of some calls of one body. Each has the kind of values that it mostly
    has, as in a project, so that later calls find a shape; now and then there is anything."""

    def __init__(self, chance, authors, books):
        self.chance = chance
        ids = [author.pk for author in authors] * 4 + [book.pk for book in books]
        numbers = [0, 0, 1, 1, 2, 100, 100, -1, 3, 2026, 2**63, 2**70, -(2**63) - 1, -(2**70)]
        texts = ["", "a", "A", "Ä", "a%_", "ann", "bob", "ANN", "t1", "x' OR 1=1"]
        times = [DAY, DAY.replace(year=2024), DAY.replace(second=7)]
        self.wild = [
            None, True, False, 10**18, 2**63 - 1, str(ids[0]), " 12 ", "12", -0.0, float("inf"),
            Decimal("9.505"), Decimal("1e30"), DAY.time(), datetime.timedelta(1), b"a",
            uuid.UUID(int=1), "title", "-pages", authors[0], books[0], Author(name="new"),
            Country(pk=1), F("pages"), Q(pk=1), object, {"a": 1}, range(3), [], (), set(),
            list(range(300)), ids * 20, authors[:3], [None], [None, 1], ["a", None, "b"],
            [1, 1, 2], {1, "a"}, (0, 100), [0, "a"], ("a", "b"), [authors[0], ids[1]],
            [F("pages"), 1],
        ]  # fmt: skip
        self.kinds = [
            [ids, ids, ids, authors, [str(each) for each in ids]],
            [(list, ids), (list, ids), (tuple, ids), (set, ids), (list, authors)],
            [numbers, numbers, numbers, [1.5, 100.0, 0.0], PRICES[1:]],
            [(list, numbers), (tuple, numbers)],
            [texts],
            [(list, texts), (set, texts)],
            [times, [day.replace(tzinfo=None) for day in times], [str(day) for day in times]],
        ]

    def calls(self):
        chosen = [self.chance.choice(each) for each in self.kinds]
        return [self.arguments(chosen) for _ in range(CALLS)]

    def arguments(self, chosen):
        given = [self.value(each) for each in chosen]
        at = self.chance.randrange(4 * len(given))
        if at < len(given):
            given[at] = self.chance.choice(self.wild)
        return [*given, self.chance.randrange(4), self.chance.randrange(9)]

    def value(self, kind):
        if isinstance(kind, list):
            return self.chance.choice(kind)
        made, members = kind
        return made(self.chance.choices(members, k=self.chance.randrange(1, 5)))


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


def compared(found, source, given):
    """Call the body of `source` prepared and plain; both must do the same, each time."""
    body = made(source)
    function = prepared(body)
    for arguments in given:
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
            found["again"] += shape.prepared and arguments is not given[0]


def run(number, derandomize=True):
    authors, books = library()
    found = Counter()

    @settings(
        max_examples=number,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        derandomize=derandomize,
        suppress_health_check=list(HealthCheck),
    )
    # True randomness of one seed: hypothesis varies what it has made, and so makes few bodies.
    @given(st.randoms(use_true_random=True))
    def compare(chance):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compared(found, Writer(chance).body(), Caller(chance, authors, books).calls())

    compare()
    return found


@pytest.mark.timeout(900)
def test_it_does_what_plain_does():
    found = run(BODIES, derandomize="PREPARED_BODIES" not in os.environ)
    assert found["prepared"] > BODIES / 2, found
    assert found["rows"] > BODIES / 10, found


BOUND = statements.Statement.bound


def swapped(self, values, connection):
    """Two parameters, each in the other's place."""
    sql, params = BOUND(self, values, connection)
    return sql, [*params[1::-1], *params[2:]]


SLOTS = routes._Terms.slots


def kept_slots(self, values):
    """The slots that the first call's arguments told."""
    return self.__dict__.setdefault("kept", SLOTS(self, values))


FAULTS = {
    "two arguments swapped": (statements.Statement, "bound", swapped),
    "any int in any column": (direct, "_within", lambda prepare, low, high: prepare),
    "one key for all that a body looks at": (keys, "frozen", type),
    "the shards of the first call": (routes._Terms, "slots", kept_slots),
    "a text that is not escaped": (direct, "COMPARISONS", {*direct.COMPARISONS, Contains}),
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", FAULTS)
def test_it_catches_a_planted_fault(monkeypatch, fault):
    monkeypatch.setattr(statements.Statement, "_require_as_plain", lambda *args: None)
    monkeypatch.setattr(*FAULTS[fault])
    with pytest.raises(AssertionError):
        run(1000)
