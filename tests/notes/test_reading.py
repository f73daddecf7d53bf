"""Reads that name their shards: by name, key, id, and through relations."""

import pickle

import pytest
from django.db.models import Count, Q

from shardrouter import shard_for
from tests.notes.conftest import SHARDS, asked
from tests.notes.notebook.models import Account, Bookmark, Note

pytestmark = pytest.mark.django_db(databases="__all__")


def test_it_gets_a_row_by_name(ann):
    with asked() as counts:
        assert Account.objects.get(username="Ann") == ann
    assert counts == {shard_for(ann): 1}
    with pytest.raises(Account.DoesNotExist):
        Account.objects.get(username="ann")  # the same slot, another name


def test_it_filters_by_key(ann, notes):
    with asked() as counts:
        found = list(Note.objects.filter(account=ann))
    assert counts == {shard_for(ann): 1}
    assert set(found) == {note for note in notes if note.account == ann}


def test_it_gets_a_row_by_primary_key(notes):
    for note in notes:
        note_id = note.pk
        with asked() as counts:
            assert Note.objects.get(pk=note_id) == note
        assert counts == {shard_for(note): 1}


def test_it_filters_by_several_primary_keys(notes, ann, far):
    ids = [note.pk for note in notes if note.account in (ann, far)]
    with asked() as counts:
        assert sorted(note.pk for note in Note.objects.filter(pk__in=ids)) == sorted(ids)
    assert counts == {shard_for(ann): 1, shard_for(far): 1}
    assert [n.pk for n in Note.objects.filter(pk__in=ids).order_by("-pk")] == sorted(ids)[::-1]


def test_it_routes_a_related_manager(ann, notes):
    with asked() as counts:
        found = list(ann.notes.order_by("-id")[:20])
    assert counts == {shard_for(ann): 1}
    assert [note.title for note in found] == ["z", "y", "x"]


def test_it_prefetches_over_shards(accounts, notes):
    with asked() as counts:
        found = list(Account.objects.scatter().prefetch_related("notes").order_by("username"))
        titles = {each.username: {note.title for note in each.notes.all()} for each in found}
    assert titles == {name: {"x", "y", "z"} for name in sorted(accounts)}
    assert counts == dict.fromkeys(SHARDS, 2)


def test_it_follows_forward_keys(accounts, ann, notes):
    for note in notes:
        Bookmark.objects.create(account=ann, note=note)
    assert Note.objects.get(pk=notes[-1].pk).account == notes[-1].account
    with asked() as counts:
        marks = list(Bookmark.objects.filter(account=ann).prefetch_related("note"))
        assert {mark.note for mark in marks} == set(notes)
        assert all(mark.note.pk == mark.note_id for mark in marks)
    assert sum(counts.values()) == 1 + len(SHARDS)


def test_it_answers_a_contradiction_without_a_query(ann, far):
    with asked() as counts:
        assert list(Note.objects.filter(account=ann).filter(account=far)) == []
    assert counts == {}


def test_it_unites_a_disjunction(ann, far, notes):
    found = Note.objects.filter(Q(account=ann) | Q(account=far))
    assert set(found) == {note for note in notes if note.account in (ann, far)}
    assert set(found.explain_route().shards) == {shard_for(ann), shard_for(far)}


def test_it_explains_the_route(ann):
    with asked() as counts:
        route = Note.objects.filter(account=ann).explain_route()
    assert counts == {}
    assert route.shards == (shard_for(ann),)
    assert route.reason == f"account = {ann.pk}"
    assert repr(route) == f"Route(shards=({shard_for(ann)!r},), reason='account = {ann.pk}')"
    assert Note.objects.scatter().explain_route().shards == SHARDS
    assert Account.objects.filter(username="Ann").explain_route().shards == (shard_for(ann),)


def test_it_keeps_the_route_of_a_pickled_and_a_combined_queryset(ann, far, notes):
    mine, theirs = Note.objects.filter(account=ann), Note.objects.filter(account=far)
    assert set(pickle.loads(pickle.dumps(mine))) == set(mine)
    again = Note.objects.none()
    again.query = pickle.loads(pickle.dumps(mine.query))
    assert set(again) == set(mine)
    assert set(mine | theirs) == {*mine, *theirs}
    assert list(mine & theirs) == []


def test_it_joins_inside_the_slot(ann, notes):
    with asked() as counts:
        found = list(Note.objects.filter(account__username="Ann").select_related("account"))
        assert {note.account.username for note in found} == {"Ann"}
    assert len(found) == 3
    assert counts == {shard_for(ann): 1}
    rows = Account.objects.scatter().annotate(n=Count("notes")).values_list("n", flat=True)
    assert set(rows) == {3}
