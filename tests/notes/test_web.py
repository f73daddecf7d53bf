"""The project's own pages, its form and its API, through the test client."""

import pytest
from django.urls import reverse

from shardrouter import shard_for
from tests.notes.conftest import asked
from tests.notes.notebook.forms import AccountForm, BookmarkForm
from tests.notes.notebook.models import Account, Bookmark, Note

pytestmark = pytest.mark.django_db(databases="__all__")

API = "/api/notes/"


# Plain views


def test_it_pages_through_recent_notes_of_all_shards(client, notes):
    newest = sorted(notes, key=lambda note: (note.created, note.pk), reverse=True)
    seen = []
    for number in range(1, 7):
        page = client.get(reverse("recent"), {"page": number})
        assert page.status_code == 200
        seen += page.context["object_list"]
    assert seen == newest
    assert client.get(reverse("recent"), {"page": 7}).status_code == 404


def test_it_asks_one_shard_for_a_notebook(client, ann, notes):
    Note.objects.filter(account=ann, title="y").update(pinned=True)
    with asked() as counts:
        page = client.get(reverse("notebook", args=["Ann"]))
    assert [note.title for note in page.context["object_list"]] == ["y", "z", "x"]
    assert counts == {shard_for(ann): 2}
    assert "Ann: y" in page.text
    assert client.get(reverse("notebook", args=["Nobody"])).status_code == 404


def test_it_finds_a_note_from_its_id(client, notes):
    for note in notes[:9]:
        with asked() as counts:
            page = client.get(reverse("note", args=[note.pk]))
        assert page.json() == {"title": note.title, "by": note.account.username}
        assert counts == {shard_for(note): 1}
    for unknown in (notes[0].pk ^ 1, 0, 2**63 - 1, 2**63, 2**80):
        assert client.get(reverse("note", args=[unknown])).status_code == 404


def test_it_shows_bookmarked_notes_of_other_shards(client, ann, notes):
    Bookmark.objects.bulk_create(Bookmark(account=ann, note=note) for note in notes)
    with asked() as counts:
        rows = client.get(reverse("bookmarks", args=["Ann"])).json()["bookmarks"]
    assert rows == [{"title": note.title, "by": note.account.username} for note in notes]
    assert sum(counts.values()) == 2 + 3 + 3  # account, marks; notes and their accounts a shard


def test_it_shows_numbers_over_all_shards(client, accounts, notes):
    assert client.get(reverse("numbers")).json() == {"notes": 27, "titles": 3, "accounts": 9}


# Forms


def test_it_signs_up_and_reports_a_taken_name(client):
    page = client.post(reverse("join"), {"username": "Ann"}, follow=True)
    assert page.redirect_chain == [("/Ann/", 302)]
    page = client.post(reverse("join"), {"username": "Ann"})
    assert page.status_code == 200
    assert "Account with this Username already exists." in page.text
    assert Account.objects.scatter().count() == 1


def test_it_reports_a_duplicate_in_the_form(client, ann, far):
    where = reverse("write", args=["Ann"])
    page = client.get(where)
    assert f'type="hidden" name="account" value="{ann.pk}"' in page.text
    data = {"account": ann.pk, "title": "x", "body": "mine"}
    assert client.post(where, data).status_code == 302
    page = client.post(where, data)
    assert page.status_code == 200
    assert page.context["form"].non_field_errors() == [
        "Note with this Account and Title already exists."
    ]
    assert client.post(where, {**data, "account": far.pk}).status_code == 302
    assert Note.objects.scatter().filter(title="x").count() == 2


@pytest.mark.parametrize("account", ["", "nobody", "1", str(2**70)])
def test_it_rejects_a_wrong_account_in_the_form(client, ann, account):
    page = client.post(reverse("write", args=["Ann"]), {"account": account, "title": "x"})
    assert page.status_code == 200
    assert "account" in page.context["form"].errors


def test_it_offers_the_rows_of_all_shards_in_a_select(accounts, ann, far, notes):
    page = BookmarkForm().as_p()
    assert all(f'<option value="{row.pk}">{row}</option>' in page for row in accounts.values())
    form = BookmarkForm({"account": ann.pk, "note": far.notes.first().pk})
    assert form.save().note == far.notes.first()
    assert not BookmarkForm({"account": ann.pk ^ 1, "note": far.pk}).is_valid()


def test_it_rejects_another_shard_key_in_a_form(ann, far, notes):
    mark = Bookmark.objects.create(account=ann, note=notes[0])
    form = BookmarkForm({"account": far.pk, "note": notes[1].pk}, instance=mark)
    assert form.errors == {"account": ["This says where the row is kept and cannot be changed."]}
    form = AccountForm({"username": "Somebody"}, instance=Account.objects.get(pk=ann.pk))
    assert list(form.errors) == ["username"]
    form = AccountForm({"username": "ANN"}, instance=Account.objects.get(pk=ann.pk))
    assert form.save().username == "ANN"


# The API


def test_it_walks_all_shards_by_cursor(client, notes):
    seen, link = [], API
    while link:
        page = client.get(link).json()
        assert len(page["results"]) <= 4
        seen += [row["id"] for row in page["results"]]
        link, back = page["next"], page["previous"]
    assert seen == sorted((note.pk for note in notes), reverse=True)
    assert [row["id"] for row in client.get(back).json()["results"]] == seen[-7:-3]


def test_it_asks_one_shard_for_a_detail(client, notes):
    for note in notes[:9]:
        with asked() as counts:
            page = client.get(f"{API}{note.pk}/")
        assert page.json() == {
            "id": note.pk,
            "account": note.account_id,
            "title": note.title,
            "body": note.body,
            "pinned": False,
        }
        assert counts == {shard_for(note): 1}
    for unknown in (notes[0].pk ^ 1, "nobody", 2**80):
        assert client.get(f"{API}{unknown}/").status_code == 404


def test_it_creates_a_note_and_rejects_a_duplicate(client, ann, far):
    data = {"account": ann.pk, "title": "x"}
    with asked() as counts:
        page = client.post(API, data, "application/json")
    assert page.status_code == 201, page.json()
    assert set(counts) == {shard_for(ann)}
    assert shard_for(page.json()["id"]) == shard_for(ann)
    page = client.post(API, data, "application/json")
    assert page.status_code == 400
    assert "unique" in page.text
    page = client.post(API, {**data, "account": far.pk}, "application/json")
    assert page.status_code == 201
    assert Note.objects.scatter().count() == 2


@pytest.mark.parametrize("account", [None, 1, "nobody", 2**70, True])
def test_it_rejects_a_note_of_nobody(client, account):
    page = client.post(API, {"account": account, "title": "x"}, "application/json")
    assert page.status_code == 400
    assert set(page.json()) == {"account"}


def test_it_changes_and_deletes_a_note(client, notes):
    for note in notes[:9]:
        page = client.patch(f"{API}{note.pk}/", {"pinned": True}, "application/json")
        assert page.json()["pinned"] is True
        page = client.patch(f"{API}{note.pk}/", {"title": "y"}, "application/json")
        assert page.status_code == 400  # the title of another note of the same account
        assert client.delete(f"{API}{note.pk}/").status_code == 204
        assert client.get(f"{API}{note.pk}/").status_code == 404
    assert Note.objects.scatter().count() == len(notes) - 9


def test_it_does_not_give_a_note_to_another_account(client, ann, far, notes):
    note = ann.notes.get(title="x")
    data = {"account": far.pk, "title": "w"}
    page = client.patch(f"{API}{note.pk}/", data, "application/json")
    assert page.status_code == 400
    assert page.json() == {"account": ["A note stays with its account."]}
    note.refresh_from_db()
    assert (note.account, note.title) == (ann, "x")


def test_it_shows_the_browsable_api(client, accounts, notes):
    for link in (API, f"{API}{notes[-1].pk}/"):
        page = client.get(link, HTTP_ACCEPT="text/html")
        assert page.status_code == 200
        assert notes[-1].title in page.text
        assert all(f">{name}</option>" in page.text for name in accounts)
