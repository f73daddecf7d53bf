"""Django's admin over all shards, through the test client."""

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.urls import reverse

from shardrouter import shard_for
from shardrouter.admin import ShardedModelAdmin
from tests.shardrouter.app.models import Author, Book, Bookmark, Country
from tests.shardrouter.test_routing import SHARDS, asked

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def operator(client):
    client.force_login(User.objects.create_superuser("operator", "o@example.org", "x"))
    return client


def url(model, page, *args):
    return reverse(f"admin:app_{model}_{page}", args=args)


def inline(*rows, initial=0):
    data = {"books-TOTAL_FORMS": len(rows), "books-INITIAL_FORMS": initial}
    for number, row in enumerate(rows):
        data |= {f"books-{number}-{name}": value for name, value in row.items()}
    return data


def test_it_lists_keys_that_leave_the_shard_with_one_query_for_each(operator, authors, books):
    Author.objects.scatter(writes=True).update(home=Country.objects.create(code="zz"))
    assert operator.get(url("author", "changelist")).text.count(">zz<") == len(authors)
    for at, author in enumerate(authors.values()):
        Bookmark.objects.create(author=author, book=books[(at * 3 + 4) % len(books)], note=f"m{at}")
    with asked() as seen:
        page = operator.get(url("bookmark", "changelist"))
    assert all(f">m{at}<" in page.text for at in range(len(authors)))
    assert "bob two" in page.text
    # The number of rows, the rows with their authors, and the books that they are about.
    assert [seen.counts[alias] for alias in SHARDS] == [3, 3, 3]


@pytest.mark.parametrize(
    "options",
    [
        {"list_display": ["note", "author__home"]},
        {"list_display": ["note", "book__author__home"]},
        {"list_display": ["note", "author__home"], "list_select_related": ["author__home"]},
        {"list_display": ["note", "author__home"], "list_select_related": True},
    ],
)
def test_it_lists_what_keys_lead_to_on_other_databases(operator, authors, books, rf, options):
    Author.objects.scatter(writes=True).update(home=Country.objects.create(code="zz"))
    for at, author in enumerate(authors.values()):
        Bookmark.objects.create(author=author, book=books[(at * 3 + 4) % len(books)])
    lists = type("Lists", (ShardedModelAdmin,), options)(Bookmark, admin.site)
    request = rf.get("/")
    request.user = User.objects.get()
    with asked() as seen:
        page = lists.changelist_view(request).render()
    assert page.text.count(">zz<") == len(authors)
    # However many rows there are: their number, the rows, and what their keys lead to.
    assert max(seen.counts.values()) <= 4


def test_it_lists_searches_and_filters_over_all_shards(operator, authors, books):
    page = operator.get(url("author", "changelist"))
    assert all(f">{name}<" in page.text for name in authors)
    page = operator.get(url("author", "changelist"), {"q": "ann"})
    assert ">ann<" in page.text
    assert ">bob<" not in page.text
    page = operator.get(url("book", "changelist"), {"q": "ann"})
    assert "ann one" in page.text
    assert "bob one" not in page.text
    page = operator.get(url("book", "changelist"), {"pages": "100"})
    assert page.context["cl"].result_count == len(authors)
    page = operator.get(url("book", "changelist"), {"o": "-3"})
    assert page.status_code == 200


def test_it_pages_in_one_order(operator, authors, monkeypatch):
    monkeypatch.setattr("tests.shardrouter.app.admin.AuthorAdmin.list_per_page", 5)
    seen = []
    for number in (1, 2, 3):
        page = operator.get(url("author", "changelist"), {"p": number})
        seen += [row.name for row in page.context["cl"].result_list]
    assert seen == sorted(authors)


def test_it_adds_a_row_on_the_right_shard_with_what_lives_with_it(operator):
    data = {"name": "nell", "bio": "", **inline({"title": "first", "pages": 3})}
    page = operator.post(url("author", "add"), data)
    assert page.status_code == 302, page.context["errors"]
    nell = Author.objects.get(name="nell")
    assert Book.objects.using(shard_for(nell)).get(title="first").author_id == nell.pk
    assert LogEntry.objects.get().object_id == str(nell.pk)


def test_it_changes_a_row(operator, authors, books):
    book = books[0]
    page = operator.get(url("book", "change", book.pk))
    assert page.status_code == 200
    assert "ann" in page.text
    data = {"author": book.author_id, "title": "changed", "pages": 7}
    page = operator.post(url("book", "change", book.pk), data)
    assert page.status_code == 302, page.context["errors"]
    assert Book.objects.get(pk=book.pk).title == "changed"
    assert operator.get(url("book", "history", book.pk)).status_code == 200


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"author": "", "title": "x"}, "This field is required"),
        ({"author": "12345", "title": "x"}, "not one of the available choices"),
        ({"author": "nobody", "title": "x"}, "not one of the available choices"),
        ({"author": str(2**70), "title": "x"}, "not one of the available choices"),
        ({"title": "ann two"}, "already exists"),
        ({"title": "x", "pages": "many"}, "Enter a whole number"),
    ],
)
def test_it_says_what_is_wrong_in_a_form(operator, books, fields, text):
    data = {"author": books[0].author_id, "pages": 1, **fields}
    page = operator.post(url("book", "change", books[0].pk), data)
    assert page.status_code == 200
    assert text in page.text
    page = operator.post(url("book", "add"), data)
    assert page.status_code == 200
    assert text in page.text


def test_it_reports_a_taken_name(operator, authors):
    page = operator.post(url("author", "add"), {"name": "ann", **inline()})
    assert "already exists" in page.text


def test_it_does_not_find_an_unknown_or_malformed_id(operator, authors):
    for pk in (authors["ann"].pk ^ 1, "nobody", 2**80):
        page = operator.get(url("author", "change", pk), follow=True)
        assert "doesn’t exist" in page.text


def test_it_edits_a_list_over_several_shards(operator, authors):
    rows = sorted(authors.values(), key=lambda row: row.name)
    data = {"form-TOTAL_FORMS": len(rows), "form-INITIAL_FORMS": len(rows), "_save": "Save"}
    for number, row in enumerate(rows):
        data |= {f"form-{number}-id": row.pk, f"form-{number}-rating": number}
    page = operator.post(url("author", "changelist"), data)
    assert page.status_code == 302
    assert [row.rating for row in Author.objects.scatter().order_by("name")] == list(
        map(float, range(len(rows)))
    )


def test_it_deletes_a_row_and_shows_what_goes_with_it(operator, authors, books):
    ann = authors["ann"]
    Bookmark.objects.create(author=ann, book=books[5], note="mine")
    page = operator.get(url("author", "delete", ann.pk))
    assert "ann one" in page.text
    assert "mine" in page.text
    assert "bob one" not in page.text
    page = operator.post(url("author", "delete", ann.pk), {"post": "yes"})
    assert page.status_code == 302
    assert not Author.objects.filter(name="ann").exists()
    assert Book.objects.scatter().count() == len(books) - 3


def test_it_deletes_the_selected_rows_of_several_shards(operator, authors, books):
    chosen = [authors[name].pk for name in ("ann", "bob", "cleo", "dan", "eve")]
    data = {"action": "delete_selected", "_selected_action": chosen}
    page = operator.post(url("author", "changelist"), data)
    assert "ann one" in page.text
    assert "Are you sure" in page.text
    page = operator.post(url("author", "changelist"), {**data, "post": "yes"})
    assert page.status_code == 302
    assert Author.objects.scatter().count() == len(authors) - 5
    assert Book.objects.scatter().count() == len(books) - 15


def test_it_deletes_all_that_a_search_finds(operator, authors, books):
    data = {
        "action": "delete_selected",
        "select_across": "1",
        "_selected_action": [authors["ann"].pk],
        "post": "yes",
    }
    operator.post(url("author", "changelist") + "?q=a", data)
    assert {row.name for row in Author.objects.scatter()} == {
        name for name in authors if "a" not in name
    }


def test_it_rolls_back_a_change_that_fails_halfway(operator, authors, books, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr("tests.shardrouter.app.admin.AuthorAdmin.log_change", fail)
    ann = authors["ann"]
    data = {"name": "ann", "bio": "new", **inline({"title": "new", "pages": 1})}
    with pytest.raises(RuntimeError):
        operator.post(url("author", "change", ann.pk), data)
    assert Author.objects.get(name="ann").bio is None
    assert ann.books.count() == 3


def test_it_leaves_global_models_as_they_are(operator):
    page = operator.post(reverse("admin:app_country_add"), {"code": "pt", "keeper": ""})
    assert page.status_code == 302
