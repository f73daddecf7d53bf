"""migrate, flush, loaddata, dumpdata and shards over all databases."""

import datetime
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.models import Model

from shardrouter import shard_for
from tests.shardrouter.app.models import Author, Book, Bookmark, Country, Tag

pytestmark = pytest.mark.django_db(databases="__all__")

SHARDS = ["shard0", "shard1", "shard2"]


def dump(*args, **kwargs):
    out = io.StringIO()
    call_command("dumpdata", *args, stdout=out, **kwargs)
    return out.getvalue()


@pytest.fixture
def library(authors, books):
    tag = Tag.objects.create(author=authors["ann"], word="old")
    books[0].tags.add(tag)
    Bookmark.objects.create(author=authors["ann"], book=books[5])
    # Django's JSON cuts microseconds off: a time below one millisecond would change its form.
    joined = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    keeper = User.objects.create(username="root", date_joined=joined)
    Country.objects.create(code="pt", keeper=keeper)
    return dump("app", "auth.user", indent=1)


def load(path, text, **kwargs):
    path.write_text(text)
    out = io.StringIO()
    call_command("loaddata", str(path), stdout=out, **kwargs)
    return out.getvalue()


def tables(alias):
    return set(connections[alias].introspection.table_names())


def test_it_migrates_each_table_where_it_belongs():
    for alias in SHARDS:
        assert "app_book" in tables(alias)
        assert not {"app_country", "auth_user", "shardrouter_slotassignment"} & tables(alias)
    assert {"app_country", "auth_user", "shardrouter_slotassignment"} <= tables("default")
    assert not {"app_book", "app_author", "app_book_tags"} & tables("default")


def test_it_migrates_all_databases_and_names_each():
    out = io.StringIO()
    call_command("migrate", stdout=out, no_color=True)
    positions = [out.getvalue().index(f"Database {alias}:") for alias in ["default", *SHARDS]]
    assert positions == sorted(positions)


def test_it_plans_a_migration_of_each_database_and_changes_nothing():
    out = io.StringIO()
    call_command("migrate", "app", "zero", plan=True, stdout=out, no_color=True)
    for alias in ["default", *SHARDS]:
        assert f"Database {alias}:" in out.getvalue()
    assert out.getvalue().count("Undo Create model Author") == 4
    assert "app_author" in tables("shard0")


def test_it_loads_a_dump_to_the_same_rows_on_the_same_shards(library, tmp_path):
    where = {author.pk: shard_for(author) for author in Author.objects.scatter()}
    for model in (Bookmark, Book, Tag, Author):
        model.objects.scatter(writes=True).delete()
    Country.objects.all().delete()
    User.objects.all().delete()
    assert "Installed" in load(tmp_path / "library.json", library)
    assert dump("app", "auth.user", indent=1) == library
    for pk, alias in where.items():
        assert Author.objects.using(alias).filter(pk=pk).exists()
    book = Book.objects.scatter().filter(tags__word="old").get()
    assert [tag.word for tag in book.tags.all()] == ["old"]


def test_it_changes_nothing_if_a_fixture_is_loaded_again(library, tmp_path):
    load(tmp_path / "library.json", library)
    load(tmp_path / "library.json", library)
    assert dump("app", "auth.user", indent=1) == library


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lambda rows, book: book["fields"].update(pages="many"), "app.book:pk="),
        (
            lambda rows, book: book["fields"].update(
                author=next(r["pk"] for r in rows[:2] if r["pk"] != book["fields"]["author"])
            ),
            "app.Book(pk=",
        ),
        (lambda rows, book: book["fields"].update(author=book["pk"] ^ 1), "app_author"),
        (lambda rows, book: book["fields"].update(author=None), "app.Book(pk="),
        (lambda rows, book: book.update(pk=5), "app.Book(pk=5)"),
        (lambda rows, book: book.update(pk="five"), "five"),
        (lambda rows, book: book.update(model="app.magazine"), "app.magazine"),
        (lambda rows, book: book["fields"].update(colour="red"), "colour"),
        (lambda rows, book: rows[0]["fields"].update(name="somebody else"), "app.Author(pk="),
    ],
)
def test_it_names_a_bad_row_and_loads_nothing(library, tmp_path, spoil, named):
    rows = json.loads(library)
    book = next(row for row in rows if row["model"] == "app.book")
    for model in (Bookmark, Book, Tag, Author):
        model.objects.scatter(writes=True).delete()
    Country.objects.all().delete()
    spoil(rows, book)
    with pytest.raises(CommandError) as error:
        load(tmp_path / "spoiled.json", json.dumps(rows))
    assert named in str(error.value)
    assert Author.objects.scatter().count() == Book.objects.scatter().count() == 0
    assert not Country.objects.exists()


def test_it_never_changes_a_shard_key_by_loading(library, tmp_path, authors):
    rows = json.loads(library)
    book = next(row for row in rows if row["model"] == "app.book")
    # Another author of the same slot, so that only the key differs and not the place.
    twin = book["fields"]["author"] ^ 1
    rows[0:0] = [{"model": "app.shelf", "pk": twin, "fields": {"label": "x"}}]
    book["fields"]["author"] = twin
    with pytest.raises(CommandError, match="never changes"):
        load(tmp_path / "changed.json", json.dumps(rows))
    assert dump("app", "auth.user", indent=1) == library


@pytest.mark.parametrize("form", ["json", "jsonl", "xml"])
def test_it_speaks_djangos_formats_and_natural_keys(library, tmp_path, form):
    options = {"format": form, "use_natural_foreign_keys": True}
    text = dump("app", "auth.user", **options)
    path = tmp_path / f"library.{form}"
    load(path, text)
    assert dump("app", "auth.user", **options) == text


def test_it_dumps_one_database_as_stock(library, authors):
    rows = json.loads(dump("app.author", database="shard1"))
    assert {row["pk"] for row in rows} == {
        author.pk for author in authors.values() if shard_for(author) == "shard1"
    }


def test_it_leaves_the_shard_map_out_of_fixtures(library, tmp_path):
    assert "shardrouter.slotassignment" not in dump()
    row = [{"model": "shardrouter.slotassignment", "pk": 0, "fields": {"alias": "shard2"}}]
    with pytest.raises(CommandError, match="not data"):
        load(tmp_path / "map.json", json.dumps(row))


def test_it_counts_rows_and_slots_in_status(authors):
    out = io.StringIO()
    call_command("shards", "status", "--format", "json", stdout=out)
    found = json.loads(out.getvalue())
    assert [each["alias"] for each in found] == SHARDS
    assert sum(each["slots"] for each in found) == 4096
    assert sum(each["rows"]["app.Author"] for each in found) == len(authors)
    assert all(each["state"] == "up" for each in found)


def test_it_finds_the_shard_of_ids_and_names(authors):
    for row in (authors["ann"].pk, "ann", "ANN"):
        out = io.StringIO()
        call_command("shards", "where", "app.Author", str(row), "--format", "json", stdout=out)
        assert json.loads(out.getvalue())["shard"] == shard_for(authors["ann"])


@pytest.mark.parametrize("model", ["app.Country", "nothing", "app.Nothing"])
def test_it_names_a_wrong_model(model):
    with pytest.raises(CommandError, match=model):
        call_command("shards", "where", model, "5")


def test_it_finds_a_misplaced_row(authors):
    ann = authors["ann"]
    call_command("shards", "check", "--rows", stdout=io.StringIO())
    wrong = next(alias for alias in SHARDS if alias != shard_for(ann))
    Model.save_base(ann, raw=True, using=wrong)
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 rows"):
        call_command("shards", "check", "--rows", stdout=out)
    assert f"app.Author {ann.pk} is on {wrong}, belongs on {shard_for(ann)}" in out.getvalue()


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_it_shows_progress_on_a_terminal_alone(authors, tmp_path):
    ann = authors["ann"]
    Book.objects.bulk_create(Book(author=ann) for _ in range(1000))
    path = tmp_path / "books.json"
    terminal, pipe = Terminal(), io.StringIO()
    call_command("dumpdata", "app", output=str(path), stdout=terminal)
    assert f"[{'.' * 75}]" in terminal.getvalue()
    call_command("dumpdata", "app", output=str(path), stdout=pipe)
    assert pipe.getvalue() == ""
    terminal = Terminal()
    call_command("loaddata", str(path), stdout=terminal)
    call_command("loaddata", str(path), stdout=pipe)
    assert "\rProcessed 500 object(s).\rProcessed 1000 object(s).\n" in terminal.getvalue()
    assert "Processed" not in pipe.getvalue()
    for out in (terminal, pipe):
        assert "Installed 1012 object(s)" in out.getvalue()


def test_it_loads_a_fixture_into_another_number_of_shards(library, tmp_path):
    """Through the real command line, as a team does that adds databases."""

    def manage(*args, **kwargs):
        environment = {
            **os.environ,
            "VAR_DIR": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "tests.shardrouter.settings_five",
        }
        done = subprocess.run(
            [sys.executable, "-m", "django", *args],
            env=environment,
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            **kwargs,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    manage("migrate", "-v0")
    manage("loaddata", "--format", "json", "-", input=library)
    assert manage("dumpdata", "app", "auth.user", "--indent=1").strip() == library.strip()
    manage("shards", "check", "--rows")
    status = json.loads(manage("shards", "status", "--format", "json"))
    rows = {shard["alias"]: shard["rows"]["app.Author"] for shard in status}
    assert sum(rows.values()) == 12
    assert sum(number > 0 for number in rows.values()) > 3
