"""Content types on the shards: generic keys and relations, and one id for each everywhere."""

import json

import pytest
from django.contrib.contenttypes.models import ContentType
from django.contrib.contenttypes.prefetch import GenericPrefetch
from django.core.management import CommandError, call_command
from django.db import connections, transaction
from django.db.models import Count, OuterRef, Subquery

from shardrouter import content_types, shard_for, shards
from shardrouter.exceptions import CrossShardQuery, ShardRouterError
from tests.shardrouter.app.models import Author, Book, Comment, Shelf

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def shelves():
    """Six shelves, on several shards, with two comments each; and a comment on a book."""
    made = [Shelf.objects.create(label=f"shelf {number}") for number in range(6)]
    for shelf in made:
        shelf.comments.create(text=f"of {shelf.label}")
        Comment.objects.create(about=shelf, text="again")
    author = Author.objects.create(name="ann")
    Comment.objects.create(about=author.books.create(title="book"), text="of a book")
    return made


def same_everywhere():
    wanted = content_types.kinds_on("default")
    assert wanted
    return all(content_types.kinds_on(alias) == wanted for alias in shards())


def test_it_has_the_same_content_types_on_every_shard():
    assert same_everywhere()
    assert list(content_types.differences()) == []


def test_it_keeps_rows_with_what_their_generic_keys_point_at(shelves):
    for shelf in shelves:
        mine = list(shelf.comments.order_by("pk"))
        assert [each.text for each in mine] == [f"of {shelf.label}", "again"]
        assert {shard_for(each) for each in mine} == {shard_for(shelf)}
        assert Comment.objects.get(pk=mine[0].pk).about == shelf
    assert Comment.objects.scatter().get(text="of a book").about == Book.objects.scatter().get()


def test_it_follows_generic_keys_and_relations_of_many_rows(shelves):
    comments = Comment.objects.scatter().order_by("pk").prefetch_related("about")
    assert {each.about for each in comments} == {*shelves, Book.objects.scatter().get()}
    rows = Shelf.objects.scatter().prefetch_related("comments")
    assert {shelf.pk: len(shelf.comments.all()) for shelf in rows} == dict.fromkeys(
        (shelf.pk for shelf in shelves), 2
    )
    # Django asks each of its querysets for one database.
    chosen = GenericPrefetch("about", [Shelf.objects.scatter(), Book.objects.scatter()])
    with pytest.raises(CrossShardQuery):
        list(Comment.objects.scatter().prefetch_related(chosen))


def test_it_joins_generic_relations_and_content_types_inside_the_slot(shelves):
    first = shelves[0]
    found = Shelf.objects.scatter().filter(comments__text=f"of {first.label}")
    assert list(found) == [first]
    assert list(Comment.objects.scatter().filter(shelf__label=first.label, text="again")) == [
        first.comments.get(text="again")
    ]
    counted = Shelf.objects.scatter().annotate(n=Count("comments"))
    assert [shelf.n for shelf in counted] == [2] * 6
    comments = Comment.objects.scatter().select_related("kind")
    assert comments.filter(kind__model="shelf").count() == 12
    assert {each.kind.model for each in comments} == {"shelf", "book"}
    kinds = ContentType.objects.filter(model="book")
    assert comments.filter(kind__in=kinds).count() == 1
    by_kind = comments.values("kind__model").annotate(n=Count("pk")).order_by("n")
    assert [(row["kind__model"], row["n"]) for row in by_kind] == [("book", 1), ("shelf", 12)]
    name = ContentType.objects.filter(pk=OuterRef("kind")).values("model")
    assert set(comments.annotate(name=Subquery(name)).values_list("name", flat=True)) == {
        "shelf", "book",
    }  # fmt: skip
    with pytest.raises(CrossShardQuery):
        ContentType.objects.filter(comment__text="again").count()


def test_it_deletes_what_a_generic_relation_leads_to(shelves):
    shelves[0].delete()
    Shelf.objects.scatter(writes=True).filter(label="shelf 1").delete()
    assert Comment.objects.scatter().count() == 9


def test_it_refuses_to_delete_a_content_type_that_rows_have(shelves):
    refused = pytest.raises(ShardRouterError, match=r"scatter\(writes=True\)")
    with refused, transaction.atomic():
        ContentType.objects.get_for_model(Shelf).delete()
    assert same_everywhere()


def test_it_makes_changes_of_a_content_type_on_every_shard():
    kind = ContentType.objects.create(app_label="gone", model="first")
    assert same_everywhere()
    kind.model = "second"
    kind.save()
    assert same_everywhere()
    Comment.objects.scatter(writes=True).delete()
    ContentType.objects.using("default").filter(pk=kind.pk)._raw_delete("default")
    content_types.copy_to("shard0")
    assert content_types.kinds_on("shard0") == content_types.kinds_on("default")


def test_it_makes_a_content_type_of_a_shard_in_default_first():
    kept = ContentType.objects.get_for_model(Shelf)
    kept.permission_set.all().delete()
    for alias in ("default", *shards()):
        ContentType.objects.using(alias).filter(pk=kept.pk)._raw_delete(alias)
    ContentType.objects.clear_cache()
    made = ContentType.objects.db_manager("shard1").get_for_model(Shelf)
    assert made._state.db == "shard1"
    assert same_everywhere()
    assert ContentType.objects.get_for_model(Shelf).pk == made.pk
    other = ContentType.objects.using("shard2").get(pk=made.pk)
    other.model = "renamed"
    other.save()
    assert same_everywhere()


def test_it_finds_and_repairs_content_types_that_differ(capsys):
    rows = ContentType.objects.using("shard1")
    rows.filter(model="shelf").update(model="wrong")
    rows.filter(model="book")._raw_delete("shard1")
    with pytest.raises(CommandError, match="content types"):
        call_command("shards", "check", "--format", "json")
    (found,) = json.loads(capsys.readouterr().out)["content_types"]
    assert found == "shard1: 3 content types differ from those of default. Run migrate."
    content_types.copy_to("shard1")
    assert same_everywhere()
    call_command("shards", "check")


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_it_makes_the_table_of_a_shard_that_has_none():
    with connections["shard2"].cursor() as cursor:
        cursor.execute("DROP TABLE django_content_type")
    call_command("migrate", verbosity=0)
    assert same_everywhere()
    call_command("flush", interactive=False, verbosity=0)
    assert same_everywhere()
