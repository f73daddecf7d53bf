"""Each line of the page of public names, run as it stands there, with its comment held to."""

import inspect
import pickle

import pytest
from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Avg, Count, Max, Min, Prefetch, Q, Sum
from django.db.models.functions import Length
from django.test import TestCase

import shardrouter
from shardrouter import atomic_for, exceptions, shard_for, slot_for
from shardrouter.exceptions import (
    CrossShardQuery,
    CrossShardTransaction,
    ShardKeyChanged,
    ShardRouterError,
    ShardUnavailable,
    SlotMoved,
    UnroutedQuery,
)
from shardrouter.models import ShardedIdField, ShardedModel
from tests.notes.conftest import asked
from tests.notes.notebook.models import Account, Bookmark, Note

SHARDS = ("shard0", "shard1", "shard2")


def everywhere(title="x"):
    """What one big database would hold, read from each shard by hand."""
    return [note for alias in SHARDS for note in Note.objects.using(alias).filter(title=title)]


# Settings and models


def test_the_settings_are_all_it_takes():
    assert settings.DATABASE_ROUTERS == ["shardrouter.ShardRouter"]
    assert settings.SHARDROUTER == {"SHARDS": ["shard0", "shard1", "shard2"]}


def test_the_models_are_sharded():
    for model in (Account, Note, Bookmark):
        assert issubclass(model, ShardedModel)
        assert isinstance(model._meta.pk, ShardedIdField)
    assert Note._meta.pk.primary_key  # by ShardedModel itself


def test_the_slot_comes_from_the_name_after_normalize(ann):
    slot = slot_for(ann)
    ann.delete()
    assert slot_for(Account.objects.create(username="ANN")) == slot


def test_a_note_lives_where_its_account_lives(accounts, notes):
    for note in notes:
        assert slot_for(note) == slot_for(note.account)
        assert Note.objects.using(shard_for(note.account)).filter(pk=note.pk).exists()


def test_a_bookmark_may_point_at_a_row_elsewhere(ann, far):
    note = Note.objects.create(account=far, title="far")
    mark = Bookmark.objects.create(account=ann, note=note)
    assert shard_for(mark) == shard_for(ann) != shard_for(note)
    assert Bookmark.objects.get(pk=mark.pk).note == note
    with pytest.raises(CrossShardQuery):
        list(Bookmark.objects.filter(account=ann).select_related("note"))
    with pytest.raises(CrossShardQuery):
        list(Bookmark.objects.filter(account=ann, note__title="far"))
    note.delete()  # DO_NOTHING
    assert Bookmark.objects.filter(account=ann).exists()


# Reading from where the WHERE says


def test_get_by_name(ann):
    with asked() as counts:
        assert Account.objects.get(username="Ann") == ann
    assert counts == {shard_for(ann): 1}
    with pytest.raises(Account.DoesNotExist):
        Account.objects.get(username="ann")  # the same slot, another name


def test_filter_by_key(ann, notes):
    with asked() as counts:
        found = list(Note.objects.filter(account=ann))
    assert counts == {shard_for(ann): 1}
    assert set(found) == {note for note in notes if note.account == ann}


def test_get_by_pk(notes):
    for note in notes:
        note_id = note.pk
        with asked() as counts:
            assert Note.objects.get(pk=note_id) == note
        assert counts == {shard_for(note): 1}


def test_filter_by_several_pks(notes, ann, far):
    ids = [note.pk for note in notes if note.account in (ann, far)]
    with asked() as counts:
        assert sorted(note.pk for note in Note.objects.filter(pk__in=ids)) == sorted(ids)
    assert counts == {shard_for(ann): 1, shard_for(far): 1}
    assert [n.pk for n in Note.objects.filter(pk__in=ids).order_by("-pk")] == sorted(ids)[::-1]


def test_related_manager(ann, notes):
    with asked() as counts:
        found = list(ann.notes.order_by("-id")[:20])
    assert counts == {shard_for(ann): 1}
    assert [note.title for note in found] == ["z", "y", "x"]


def test_prefetch_related(accounts, notes):
    with asked() as counts:
        found = list(Account.objects.scatter().prefetch_related("notes").order_by("username"))
        titles = {each.username: {note.title for note in each.notes.all()} for each in found}
    assert titles == {name: {"x", "y", "z"} for name in sorted(accounts)}
    assert counts == dict.fromkeys(SHARDS, 2)


def test_forward_keys(accounts, ann, notes):
    for note in notes:
        Bookmark.objects.create(account=ann, note=note)
    assert Note.objects.get(pk=notes[-1].pk).account == notes[-1].account
    with asked() as counts:
        marks = list(Bookmark.objects.filter(account=ann).prefetch_related("note"))
        assert {mark.note for mark in marks} == set(notes)
        assert all(mark.note.pk == mark.note_id for mark in marks)
    assert sum(counts.values()) == 1 + len(SHARDS)


def test_a_contradiction_is_empty_without_a_query(ann, far):
    with asked() as counts:
        assert list(Note.objects.filter(account=ann).filter(account=far)) == []
    assert counts == {}


def test_a_disjunction_unites(ann, far, notes):
    found = Note.objects.filter(Q(account=ann) | Q(account=far))
    assert set(found) == {note for note in notes if note.account in (ann, far)}
    assert set(found.explain_route().shards) == {shard_for(ann), shard_for(far)}


# Writing


def test_create(ann):
    with asked() as counts:
        note = Note.objects.create(account=ann, title="x")
    assert set(counts) == {shard_for(ann)}
    assert shard_for(note) == shard_for(ann)


def test_save_and_the_key_that_never_changes(ann, far):
    note = Note(account=ann, title="x")
    note.save()
    note.title = "renamed"
    note.save()
    assert Note.objects.get(pk=note.pk).title == "renamed"
    note.account = far
    with pytest.raises(ShardRouterError):
        note.save()
    with pytest.raises(ShardKeyChanged):
        Note.objects.filter(pk=note.pk).update(account=far)
    assert Note.objects.get(pk=note.pk).account == ann
    ann.username = "Somebody else"
    with pytest.raises(ShardKeyChanged):
        ann.save()


def test_bulk_create(accounts):
    made = Note.objects.bulk_create(
        Note(account=account, title="bulk") for account in accounts.values()
    )
    assert [shard_for(note) for note in made] == [shard_for(each) for each in accounts.values()]
    assert {note.pk for note in everywhere("bulk")} == {note.pk for note in made}


def test_get_or_create(ann):
    note, new = Note.objects.get_or_create(account=ann, title="x", defaults={"body": "a"})
    assert new
    again, new = Note.objects.get_or_create(account=ann, title="x", defaults={"body": "b"})
    assert (again, new, again.body) == (note, False, "a")
    assert Account.objects.get_or_create(username="Ann") == (ann, False)


def test_update_or_create(ann):
    note, new = Note.objects.update_or_create(account=ann, title="x", defaults={"body": "a"})
    assert new
    again, new = ann.notes.update_or_create(title="x", defaults={"body": "b"})
    assert (again, new, again.body) == (note, False, "b")


def test_update(accounts, ann, notes):
    assert Note.objects.filter(account=ann).update(pinned=True) == 3
    assert Note.objects.scatter().filter(pinned=True).count() == 3
    assert Note.objects.filter(pk__in=[note.pk for note in notes]).update(pinned=True) == len(notes)
    with pytest.raises(UnroutedQuery):
        Note.objects.filter(title="x").update(pinned=False)


def test_delete(accounts, ann, notes):
    assert Note.objects.filter(account=ann, title="x").delete() == (1, {"notebook.Note": 1})
    notes[1].delete()
    assert Note.objects.scatter().count() == len(notes) - 2
    ann.delete()  # with the two notes left
    assert Note.objects.scatter().count() == len(notes) - 4
    with pytest.raises(UnroutedQuery):
        Note.objects.filter(title="x").delete()


# What names no shard


@pytest.mark.parametrize(
    "ask",
    [
        lambda: list(Note.objects.filter(title="x")),
        lambda: Note.objects.filter(title="x").count(),
        lambda: Note.objects.filter(title="x").exists(),
        lambda: Note.objects.filter(title="x").first(),
        lambda: Note.objects.filter(title="x").aggregate(n=Count("id")),
        lambda: Note.objects.get(title="x"),
        lambda: Note.objects.filter(title="x").explain_route(),
        lambda: Note.objects.create(title="x"),
    ],
)
def test_unrouted_says_the_model_why_and_three_ways_out(ask):
    with asked() as counts, pytest.raises(UnroutedQuery) as error:
        ask()
    assert counts == {}
    assert str(error.value).startswith("notebook.Note: ")
    assert "account" in str(error.value)


def test_the_three_ways_out_are_said_and_lead_out(ann, notes):
    with pytest.raises(UnroutedQuery) as error:
        list(Note.objects.filter(title="x"))
    text = str(error.value)
    for way in ("shard key or the primary key", "start from the owner", ".scatter()"):
        assert way in text
    assert Note.objects.filter(title="x", account=ann).count() == 1
    assert ann.notes.filter(title="x").count() == 1
    assert Note.objects.scatter().filter(title="x").count() == len(everywhere())


# Asking every shard


def test_scatter_merges_exactly(notes):
    found = Note.objects.scatter().filter(title="x").order_by("-id")[:20]
    expected = sorted(everywhere(), key=lambda note: note.pk, reverse=True)
    with asked() as counts:
        assert list(found) == expected[:20]
    assert counts == dict.fromkeys(SHARDS, 1)
    ordered = Note.objects.scatter().order_by("title", "-id")
    whole = sorted(notes, key=lambda note: (note.title, -note.pk))
    for start, stop in ((0, 4), (3, 11), (20, 26), (25, 99), (40, 50)):
        assert list(ordered[start:stop]) == whole[start:stop]


def test_scatter_aggregate(notes):
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


def test_scatter_does_all_that_the_comment_lists(accounts, notes):
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


def test_scatter_orders_by_an_aggregate(accounts):
    for number, account in enumerate(accounts.values()):
        Note.objects.bulk_create(Note(account=account, title=str(n)) for n in range(number))
    counted = Account.objects.scatter().annotate(n=Count("notes"))
    busiest = counted.order_by("-n", "username")
    assert [row.n for row in busiest] == [8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert [row.n for row in busiest[:3]] == [8, 7, 6]
    grouped = Note.objects.scatter().values("account").annotate(n=Count("id"))
    assert [row["n"] for row in grouped.order_by("-n")] == [8, 7, 6, 5, 4, 3, 2, 1]


def test_scatter_groups_what_several_shards_share(accounts):
    for number, account in enumerate(accounts.values()):
        Note.objects.bulk_create(Note(account=account, title=str(n)) for n in range(number))
    titles = Note.objects.scatter().values("title").annotate(n=Count("id"))
    expected = [{"title": str(n), "n": 8 - n} for n in range(8)]
    assert list(titles.order_by("title")) == expected
    assert list(titles.filter(n__gte=6).order_by("-n")) == expected[:3]
    assert titles.filter(n__gte=6).count() == 3
    assert not titles.filter(n__gt=8).exists()


def test_a_sliced_prefetch_over_several_shards(accounts, notes):
    top = Prefetch("notes", Note.objects.order_by("-title")[:2], to_attr="top")
    for account in Account.objects.scatter().prefetch_related(top):
        assert [note.title for note in account.top] == ["z", "y"]


def test_a_write_to_every_shard_must_say_so(notes):
    with pytest.raises(ShardRouterError):
        Note.objects.scatter().filter(title="x").delete()
    expected = len(everywhere())
    deleted, by_model = Note.objects.scatter(writes=True).filter(title="x").delete()
    assert (deleted, by_model) == (expected, {"notebook.Note": expected})
    assert everywhere() == []
    assert Note.objects.scatter(writes=True).update(pinned=True) == len(notes) - expected


# Where things are


def test_explain_route(ann):
    with asked() as counts:
        route = Note.objects.filter(account=ann).explain_route()
    assert counts == {}
    assert route.shards == (shard_for(ann),)
    assert route.reason == f"account = {ann.pk}"
    assert repr(route) == f"Route(shards=({shard_for(ann)!r},), reason='account = {ann.pk}')"
    assert Note.objects.scatter().explain_route().shards == SHARDS
    assert Account.objects.filter(username="Ann").explain_route().shards == (shard_for(ann),)


def test_shard_for(accounts):
    for ann in accounts.values():
        note = Note.objects.create(account=ann, title="x")
        note_id = note.pk
        assert shard_for(ann) == shard_for(note) == shard_for(note_id)
        assert shard_for(ann) in SHARDS
        assert Account.objects.using(shard_for(ann)).filter(pk=ann.pk).exists()


def test_slot_for(accounts):
    for ann in accounts.values():
        assert 0 <= slot_for(ann) <= 4095
        assert slot_for(ann) == slot_for(ann.pk) == slot_for(Account(username=ann.username))


def test_atomic_for(ann, far):
    with atomic_for(ann):
        ann.notes.create(title="kept")
    with pytest.raises(ZeroDivisionError), atomic_for(ann):
        ann.notes.create(title="undone")
        raise ZeroDivisionError
    assert [note.title for note in ann.notes.all()] == ["kept"]


@pytest.mark.parametrize(
    "touch",
    [
        lambda far: far.notes.create(title="x"),
        lambda far: far.notes.count(),
        lambda far: list(far.notes.all()),
        lambda far: Note.objects.filter(account=far).update(pinned=True),
        lambda far: Note.objects.filter(account=far).delete(),
        lambda far: Note.objects.bulk_create([Note(account=far, title="x")]),
        lambda far: far.save(),
        lambda far: far.delete(),
        lambda far: far.refresh_from_db(),
        lambda far: Account.objects.get(username=far.username),
        lambda far: list(Note.objects.scatter()),
    ],
)
def test_touching_another_shard_inside_raises(ann, far, touch):
    with pytest.raises(CrossShardTransaction) as error, atomic_for(ann):
        ann.notes.create(title="undone")
        touch(far)
    assert shard_for(ann) in str(error.value)
    assert not ann.notes.exists()
    assert not far.notes.exists()


def test_every_exception_is_a_shard_router_error():
    named = (
        UnroutedQuery,
        CrossShardQuery,
        CrossShardTransaction,
        ShardKeyChanged,
        ShardUnavailable,
        SlotMoved,
    )
    for each in named:
        assert issubclass(each, ShardRouterError)
    assert {ShardRouterError, *named} <= {
        each for _, each in inspect.getmembers(exceptions, inspect.isclass)
    }


def test_the_names_of_the_reference_can_be_imported(accounts):
    assert {
        "ShardRouter", "atomic_for", "group_by_shard", "shard_for", "shard_map", "slot_for"
    } <= set(dir(shardrouter))  # fmt: skip
    groups = shardrouter.group_by_shard(account.pk for account in accounts.values())
    for alias, ids in groups.items():
        assert all(shard_for(each) == alias for each in ids)
    assert sum(map(len, groups.values())) == len(accounts)
    assert set(shardrouter.shard_map.aliases()) == set(SHARDS)
    assert set(shardrouter.shard_map.counts()) == set(SHARDS)
    ann = accounts["Ann"]
    assert shardrouter.shard_map.alias_of(slot_for(ann)) == shard_for(ann)


# What must hold, for an outsider


def test_a_pickled_and_a_combined_queryset_keep_their_route(ann, far, notes):
    mine, theirs = Note.objects.filter(account=ann), Note.objects.filter(account=far)
    assert set(pickle.loads(pickle.dumps(mine))) == set(mine)
    again = Note.objects.none()
    again.query = pickle.loads(pickle.dumps(mine.query))
    assert set(again) == set(mine)
    assert set(mine | theirs) == {*mine, *theirs}
    assert list(mine & theirs) == []


def test_joins_inside_the_slot_work(ann, notes):
    with asked() as counts:
        found = list(Note.objects.filter(account__username="Ann").select_related("account"))
        assert {note.account.username for note in found} == {"Ann"}
    assert len(found) == 3
    assert counts == {shard_for(ann): 1}
    rows = Account.objects.scatter().annotate(n=Count("notes")).values_list("n", flat=True)
    assert set(rows) == {3}


def test_a_taken_name_is_refused_by_its_shard(ann):
    with pytest.raises(IntegrityError), transaction.atomic(using=shard_for(ann)):
        Account.objects.create(username="Ann")
    assert Account.objects.filter(username="Ann").count() == 1


class DjangosOwnTestCase(TestCase):
    """TestCase with databases, assertNumQueries and on_commit, as the page promises."""

    databases = {"default", *SHARDS}

    @classmethod
    def setUpTestData(cls):
        cls.ann = Account.objects.create(username="Ann")

    def test_queries_are_counted_on_the_shard(self):
        with self.assertNumQueries(1, using=shard_for(self.ann)):
            Account.objects.get(username="Ann")

    def test_on_commit_runs_on_the_shard(self):
        told = []
        with (
            self.captureOnCommitCallbacks(using=shard_for(self.ann), execute=True),
            atomic_for(self.ann) as alias,
        ):
            note = self.ann.notes.create(title="x")
            transaction.on_commit(lambda: told.append(note.pk), using=alias)
        assert told == [note.pk]

    def test_refresh_from_db(self):
        note = self.ann.notes.create(title="x")
        Note.objects.filter(pk=note.pk).update(title="y")
        note.refresh_from_db()
        assert note.title == "y"


@pytest.mark.parametrize("wrong", ["nonsense(", "COUNT(*) > 1", "no_such_column = 1"])
def test_wrong_sql_is_not_a_shard_that_is_down(accounts, wrong):
    for scattered in (
        Account.objects.scatter(),
        Account.objects.filter(username="Ann"),
        Account.objects.scatter(on_shard_down="skip"),
    ):
        with pytest.raises(DatabaseError) as error:
            list(scattered.extra(where=[wrong]))
        assert not isinstance(error.value, ShardUnavailable)
