"""Queries on every shard, compared with what one big database would answer."""

import pytest
from django.db import DatabaseError
from django.db.models import Avg, Count, Max, Min, Prefetch, Q, Sum
from django.db.models.functions import Length

from shardrouter.exceptions import (
    ShardUnavailable,
)
from tests.notes.conftest import SHARDS, asked, everywhere
from tests.notes.notebook.models import Account, Note

pytestmark = pytest.mark.django_db(databases="__all__")


def test_it_merges_exactly(notes):
    found = Note.objects.scatter().filter(title="x").order_by("-id")[:20]
    expected = sorted(everywhere(), key=lambda note: note.pk, reverse=True)
    with asked() as counts:
        assert list(found) == expected[:20]
    assert counts == dict.fromkeys(SHARDS, 1)
    ordered = Note.objects.scatter().order_by("title", "-id")
    whole = sorted(notes, key=lambda note: (note.title, -note.pk))
    for start, stop in ((0, 4), (3, 11), (20, 26), (25, 99), (40, 50)):
        assert list(ordered[start:stop]) == whole[start:stop]


def test_it_aggregates(notes):
    assert Note.objects.scatter().aggregate(n=Count("id")) == {"n": len(notes)}
    figures = Note.objects.scatter().aggregate(
        titles=Count("title", distinct=True),
        ys=Count("id", filter=Q(title="y")),
        low=Min("id"),
        high=Max("id"),
        total=Sum(Length("body")),
        average=Avg(Length("body")),
    )
    ids = [note.pk for note in notes]
    total = sum(len(note.body) for note in notes)
    assert figures == {
        "titles": 3,
        "ys": len(notes) / 3,
        "low": min(ids),
        "high": max(ids),
        "total": total,
        "average": pytest.approx(total / len(notes)),
    }


def test_it_answers_all_that_the_page_lists(accounts, notes):
    xs = Note.objects.scatter().filter(title="x").order_by("id")
    expected = sorted(everywhere(), key=lambda note: note.pk)
    assert xs.count() == len(expected) == len(accounts)
    assert xs.exists()
    assert not Note.objects.scatter().filter(title="none").exists()
    titles = Note.objects.scatter().order_by("title")
    assert list(titles.values_list("title", flat=True).distinct()) == ["x", "y", "z"]
    assert list(xs.values("id", "title")) == [{"id": n.pk, "title": "x"} for n in expected]
    assert list(xs.iterator(chunk_size=2)) == expected
    ids = [note.pk for note in notes[:5]]
    assert Note.objects.scatter().in_bulk(ids) == {note.pk: note for note in notes[:5]}
    assert (xs.first(), xs.last()) == (expected[0], expected[-1])
    by_time = sorted(expected, key=lambda note: note.created)
    assert xs.earliest("created").created == by_time[0].created
    assert xs.latest("created").created == by_time[-1].created


def test_it_orders_by_an_aggregate(accounts):
    for number, account in enumerate(accounts.values()):
        Note.objects.bulk_create(Note(account=account, title=str(n)) for n in range(number))
    counted = Account.objects.scatter().annotate(n=Count("notes"))
    busiest = counted.order_by("-n", "username")
    assert [row.n for row in busiest] == [8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert [row.n for row in busiest[:3]] == [8, 7, 6]
    grouped = Note.objects.scatter().values("account").annotate(n=Count("id"))
    assert [row["n"] for row in grouped.order_by("-n")] == [8, 7, 6, 5, 4, 3, 2, 1]


def test_it_groups_rows_that_several_shards_share(accounts):
    for number, account in enumerate(accounts.values()):
        Note.objects.bulk_create(Note(account=account, title=str(n)) for n in range(number))
    titles = Note.objects.scatter().values("title").annotate(n=Count("id"))
    expected = [{"title": str(n), "n": 8 - n} for n in range(8)]
    assert list(titles.order_by("title")) == expected
    assert list(titles.filter(n__gte=6).order_by("-n")) == expected[:3]
    assert titles.filter(n__gte=6).count() == 3
    assert not titles.filter(n__gt=8).exists()


def test_it_slices_a_prefetch_over_several_shards(accounts, notes):
    top = Prefetch("notes", Note.objects.order_by("-title")[:2], to_attr="top")
    for account in Account.objects.scatter().prefetch_related(top):
        assert [note.title for note in account.top] == ["z", "y"]


@pytest.mark.parametrize("wrong", ["nonsense(", "COUNT(*) > 1", "no_such_column = 1"])
def test_it_does_not_take_wrong_sql_for_an_unavailable_shard(accounts, wrong):
    for scattered in (
        Account.objects.scatter(),
        Account.objects.filter(username="Ann"),
        Account.objects.scatter(on_shard_down="skip"),
    ):
        with pytest.raises(DatabaseError) as error:
            list(scattered.extra(where=[wrong]))
        assert not isinstance(error.value, ShardUnavailable)
