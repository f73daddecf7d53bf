"""The questions of the oracle: conditions and slices, and how many are asked.

`ORACLE_QUERYSETS` sets how many querysets are made (default 2,000; more for a longer run).
"""

import os

from django.db.models import F, Q
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.shardrouter.app.models import (
    Author,
    Bookmark,
    Chapter,
)
from tests.shardrouter.oracle.rows import NAMES, TITLES

QUERYSETS = int(os.environ.get("ORACLE_QUERYSETS", "2000"))

numbers = st.sampled_from([-1, 0, 1, 2, 100])
texts = st.sampled_from([each for each in TITLES if each is not None])

slices = st.one_of(
    st.none(),
    st.tuples(st.integers(0, 6), st.one_of(st.none(), st.integers(0, 6))),
)


def oracle_settings(examples):
    """Hypothesis's settings for `examples` questions: the same ones, unless a longer run is asked
    for."""
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize="ORACLE_QUERYSETS" not in os.environ,
        suppress_health_check=list(HealthCheck),
    )


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
