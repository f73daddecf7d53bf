"""The admin: list, search, filter, add, change, history, delete, delete selected."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.urls import reverse

from shardrouter import shard_for
from tests.notes.notebook.models import Account, Bookmark, Note

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def operator(client):
    client.force_login(User.objects.create_superuser("operator", "o@example.org", "x"))
    return client


def url(model, page, *args):
    return reverse(f"admin:notebook_{model}_{page}", args=args)


def when():
    return {"created_0": "2026-01-02", "created_1": "03:04:05"}


def test_it_lists_all_shards_in_order(operator, accounts, notes):
    page = operator.get(url("account", "changelist"))
    assert [row.username for row in page.context["cl"].result_list] == sorted(accounts)
    page = operator.get(url("note", "changelist"))
    assert page.context["cl"].result_count == len(notes)
    newest = sorted(notes, key=lambda note: (note.created, note.pk), reverse=True)
    assert list(page.context["cl"].result_list) == newest
    page = operator.get(url("note", "changelist"), {"o": "1.2"})  # title, then account
    assert page.status_code == 200


def test_it_searches_and_filters(operator, ann, notes):
    Note.objects.filter(account=ann, title="x").update(pinned=True)
    page = operator.get(url("note", "changelist"), {"q": "Ann"})
    assert {row.account for row in page.context["cl"].result_list} == {ann}
    page = operator.get(url("note", "changelist"), {"pinned__exact": "1"})
    assert [row.title for row in page.context["cl"].result_list] == ["x"]


def test_it_offers_the_owners_of_all_shards_to_filter_by(operator, accounts, ann, notes):
    page = operator.get(url("note", "changelist"))
    offered = next(each for each in page.context["cl"].filter_specs if each.title == "account")
    assert [label for _, label in offered.lookup_choices] == sorted(accounts)
    page = operator.get(url("note", "changelist"), {"account__id__exact": ann.pk})
    assert {row.account for row in page.context["cl"].result_list} == {ann}


def test_it_adds_a_row(operator, accounts):
    for account in accounts.values():
        assert operator.get(url("note", "add")).status_code == 200
        data = {"account": account.pk, "title": "added", "body": "b", **when()}
        page = operator.post(url("note", "add"), data)
        assert page.status_code == 302, page.context["errors"]
        assert Note.objects.using(shard_for(account)).filter(account=account).count() == 1
    page = operator.post(url("note", "add"), data)
    assert "already exists" in page.text
    page = operator.post(url("account", "add"), {"username": "Ann"})
    assert "already exists" in page.text
    assert operator.post(url("account", "add"), {"username": "Zoe"}).status_code == 302
    assert Account.objects.get(username="Zoe")


def test_it_changes_a_row_and_shows_its_history(operator, notes):
    for note in notes[:9]:
        page = operator.get(url("note", "change", note.pk))
        assert page.status_code == 200
        data = {"account": note.account_id, "title": "changed", "pinned": "on", **when()}
        page = operator.post(url("note", "change", note.pk), data)
        assert page.status_code == 302, page.context["errors"]
        note.refresh_from_db()
        assert (note.title, note.pinned) == ("changed", True)
        assert "Changed" in operator.get(url("note", "history", note.pk)).text
    assert LogEntry.objects.count() == 9


def test_it_never_changes_the_column_that_places_a_row(operator, ann, far, notes):
    note = ann.notes.get(title="x")
    for where, data in (
        (url("note", "change", note.pk), {"account": far.pk, "title": "moved", **when()}),
        (url("account", "change", ann.pk), {"username": "Somebody else"}),
    ):
        page = operator.post(where, data)
        assert page.status_code == 200
        assert "cannot be changed" in page.text
    note.refresh_from_db()
    assert (note.account, note.title) == (ann, "x")
    assert Account.objects.get(username="Ann") == ann
    assert not LogEntry.objects.exists()


def test_it_deletes_a_row(operator, ann, far, notes):
    Bookmark.objects.create(account=ann, note=far.notes.first())
    page = operator.get(url("account", "delete", ann.pk))
    assert page.status_code == 200
    page = operator.post(url("account", "delete", ann.pk), {"post": "yes"})
    assert page.status_code == 302
    assert Note.objects.scatter().count() == len(notes) - 3
    assert not Bookmark.objects.scatter().exists()
    assert not Account.objects.filter(username="Ann").exists()


def test_it_deletes_the_selected_rows(operator, ann, far, notes):
    data = {"action": "delete_selected", "_selected_action": [note.pk for note in notes[:9]]}
    assert "Are you sure" in operator.post(url("note", "changelist"), data).text
    page = operator.post(url("note", "changelist"), {**data, "post": "yes"})
    assert page.status_code == 302
    assert set(Note.objects.scatter()) == set(notes[9:])


def test_it_serves_bookmarks_with_a_plain_registration(operator, ann, far, notes):
    note = far.notes.first()
    page = operator.post(url("bookmark", "add"), {"account": ann.pk, "note": note.pk})
    assert page.status_code == 302, page.context["errors"]
    mark = Bookmark.objects.get(account=ann)
    assert mark.note == note
    assert operator.get(url("bookmark", "change", mark.pk)).status_code == 200
    assert operator.get(url("bookmark", "changelist")).status_code == 200
    page = operator.post(url("bookmark", "add"), {"account": ann.pk, "note": note.pk ^ 1})
    assert "not one of the available choices" in page.text
