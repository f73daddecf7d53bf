"""Django's and DRF's own machinery on sharded models: forms, serializers, async, migrations."""

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connections, migrations, models
from django.db.migrations.state import ProjectState
from django.forms import modelform_factory
from rest_framework import generics, pagination, serializers
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory
from rest_framework.validators import UniqueValidator
from rest_framework.views import exception_handler

from shardrouter import ShardRouter, past_migrations, shard_for
from shardrouter.exceptions import ShardKeyChanged, ShardUnavailable, UnroutedQuery
from tests.shardrouter.app.models import Author, Book, Bookmark, Country, Shelf, Tag

pytestmark = pytest.mark.django_db(databases="__all__")

SHARDS = ["shard0", "shard1", "shard2"]


def test_it_reports_a_taken_name_in_a_model_form(authors, books):
    form = modelform_factory(Author, fields=["name"])({"name": "ann"})
    assert "already exists" in str(form.errors["name"])
    form = modelform_factory(Author, fields=["name"])({"name": "new"})
    assert form.is_valid()
    assert shard_for(form.save()) == shard_for(Author(name="NEW"))


def test_it_looks_for_foreign_keys_where_they_live_in_full_clean(apart, books):
    a, b = apart
    mark = Bookmark(author=a, book=b.books.get(pages=100), note="x")
    mark.full_clean()
    mark.book_id += 1 << 40
    with pytest.raises(ValidationError, match="not a valid choice"):
        mark.full_clean()


def test_it_reports_a_missing_key_in_full_clean():
    with pytest.raises(ValidationError) as error:
        Book(title="x").full_clean()
    assert set(error.value.message_dict) == {"author"}


def test_it_refreshes_rows_and_reads_deferred_columns(authors, books):
    book = Book.objects.only("title").get(pk=books[0].pk)
    assert book.author.name == "ann"
    Book.objects.filter(pk=book.pk).update(pages=77)
    book.refresh_from_db()
    assert book.pages == 77
    deferred = Book.objects.defer("author").get(pk=books[0].pk)
    deferred.title = "saved without its key"
    deferred.save()
    assert Book.objects.get(pk=book.pk).author_id == authors["ann"].pk


def test_it_relates_many_to_many_inside_a_slot(apart, books):
    a, b = apart
    for author in apart:
        tag = Tag.objects.create(author=author, word=f"of {author.name}")
        book = author.books.get(pages=100)
        book.tags.add(tag)
        assert [each.word for each in book.tags.all()] == [f"of {author.name}"]
        assert [each.pk for each in tag.book_set.all()] == [book.pk]
    mine = a.books.get(pages=100)
    mine.tags.set([])
    assert mine.tags.count() == 0
    assert b.books.get(pages=100).tags.count() == 1
    found = Book.objects.filter(author=b).prefetch_related("tags")
    assert [len(book.tags.all()) for book in found if book.pages == 100] == [1]


class BookSerializer(serializers.ModelSerializer):
    class Meta:
        model = Book
        fields = ["id", "author", "title", "pages"]


class AuthorSerializer(serializers.ModelSerializer):
    class Meta:
        model = Author
        fields = ["id", "name"]


def test_it_validates_serializers_over_shards(authors, books):
    assert any(
        isinstance(each, UniqueValidator) for each in AuthorSerializer().fields["name"].validators
    )
    assert "name" in _errors(AuthorSerializer(data={"name": "ann"}))
    assert _errors(AuthorSerializer(authors["ann"], data={"name": "ann"})) == {}
    ann = authors["ann"]
    good = BookSerializer(data={"author": ann.pk, "title": "new", "pages": 1})
    assert good.is_valid(), good.errors
    assert shard_for(good.save()) == shard_for(ann)
    assert _errors(BookSerializer(data={"author": ann.pk, "title": "new", "pages": 1}))
    assert _errors(BookSerializer(data={"author": ann.pk + (1 << 40), "title": "x", "pages": 1}))


def _errors(serializer):
    serializer.is_valid()
    return serializer.errors


def test_it_walks_all_shards_by_cursor_pagination(books):
    class Pages(pagination.CursorPagination):
        page_size = 7
        ordering = "-id"

    seen = []
    link = "/"
    while link:
        pages = Pages()
        request = Request(APIRequestFactory().get(link))
        seen += [row.pk for row in pages.paginate_queryset(Book.objects.scatter(), request)]
        link = pages.get_next_link()
    assert seen == sorted((book.pk for book in books), reverse=True)


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_it_reads_and_writes_in_async_code(authors, books):
    ann = authors["ann"]

    async def work():
        assert await Author.objects.aget(name="ann") == ann
        assert await Book.objects.filter(author=ann).acount() == 3
        assert len([book async for book in Book.objects.scatter()]) == len(books)
        ordered = Book.objects.scatter().order_by("pk").aiterator(chunk_size=4)
        assert [book.pk async for book in ordered] == sorted(book.pk for book in books)
        made = await Book.objects.acreate(author=ann, title="async")
        assert (await Book.objects.aget_or_create(author=ann, title="async"))[0] == made
        with pytest.raises(UnroutedQuery):
            await Book.objects.acount()
        await made.adelete()

    async_to_sync(work)()
    for alias in connections:
        connections[alias].close()


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_it_runs_a_data_migration_on_the_rows_of_its_own_database(books):
    from django.apps import apps

    seen = {}

    def count(historical, schema_editor):
        alias = schema_editor.connection.alias
        model = historical.get_model("app", "Book")
        assert model is not Book
        seen[alias] = model.objects.using(alias).count()
        with pytest.raises(UnroutedQuery):
            model.objects.count()
        row = model.objects.using(alias).first()
        row.title = "migrated"
        row.save()

    operation = migrations.RunPython(count, hints={"model_name": "book"})
    state = ProjectState.from_apps(apps)
    for alias in ["default", *SHARDS]:
        with connections[alias].schema_editor(atomic=False) as editor:
            operation.database_forwards("app", editor, state, state)
    assert set(seen) == set(SHARDS)
    assert sum(seen.values()) == len(books)
    assert Book.objects.scatter().filter(title="migrated").count() == 3


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_it_says_what_a_data_migration_of_an_app_with_both_kinds_needs():
    def count(historical, schema_editor):
        historical.get_model("app", "Country").objects.using(schema_editor.connection.alias).count()

    loader = past_migrations.loader_of("shard1")
    migration = migrations.Migration("0006_lending", "app")
    migration.operations = [migrations.RunPython(count)]
    past_migrations.adapt(migration, "shard1", loader)
    state = loader.project_state()
    (operation,) = migration.operations
    advised = pytest.raises(DatabaseError, match=r'RunPython\(count\).*hints=\{"sharded": True\}')
    with connections["shard1"].schema_editor(atomic=False) as editor, advised:
        operation.database_forwards("app", editor, state, state)
    with connections["default"].schema_editor(atomic=False) as editor:
        operation.database_forwards("app", editor, state, state)


@pytest.mark.parametrize(
    ("alias", "label", "hints", "allowed"),
    [
        ("shard1", "app", {"model_name": "book"}, True),
        ("default", "app", {"model_name": "book"}, False),
        ("shard1", "app", {"model_name": "country"}, False),
        ("default", "app", {"model_name": "country"}, None),
        ("shard1", "app", {"model_name": "book_tags"}, True),
        ("shard1", "auth", {}, False),
        ("default", "auth", {}, None),
        ("shard1", "app", {}, None),
        ("shard1", "app", {"sharded": False}, False),
        ("default", "app", {"sharded": True}, False),
        ("shard1", "nothing", {}, None),
    ],
)
def test_it_allows_tables_where_they_belong(alias, label, hints, allowed):
    assert ShardRouter().allow_migrate(alias, label, **hints) is allowed


def test_it_keeps_a_global_row_in_default_when_reached_from_a_shard(authors):
    assert ShardRouter().db_for_read(Country, instance=authors["ann"]) == "default"
    assert Country.objects.create(code="pt")._state.db == "default"


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_it_names_a_shard_that_is_down_while_the_others_answer(authors, books, down):
    ann = authors["ann"]
    lost = shard_for(ann)
    with down(lost):
        for ask in (
            lambda: Author.objects.get(name="ann"),
            lambda: ann.books.count(),
            lambda: list(Book.objects.scatter()),
            lambda: Book.objects.scatter().count(),
            lambda: Book.objects.create(author=ann),
            lambda: Book.objects.filter(author=ann).update(pages=1),
            lambda: Book.objects.bulk_create([Book(author=each) for each in authors.values()]),
            lambda: ann.delete(),
        ):
            with pytest.raises(ShardUnavailable) as error:
                ask()
            assert error.value.alias == lost
        other = next(each for each in authors.values() if shard_for(each) != lost)
        assert other.books.count() == 3
        rows = Book.objects.scatter(on_shard_down="skip").order_by("-id")[:100]
        expected = [book.pk for book in reversed(books) if shard_for(book) != lost]
        assert [row.pk for row in rows] == sorted(expected, reverse=True)
        assert rows.shards_missing == (lost,)
        counted = Book.objects.scatter(on_shard_down="skip")
        assert counted.count() == len(expected)
        assert counted.shards_missing == (lost,)
    assert ann.books.count() == 3
    assert Book.objects.scatter().count() == len(books)


def test_it_saves_a_root_without_a_name_from_a_form():
    form = modelform_factory(Shelf, fields=["label"])({"label": "x"})
    assert form.is_valid()
    shelf = form.save()
    assert Shelf.objects.get(pk=shelf.pk) == shelf


def test_it_does_not_route_models_without_a_sharded_id():
    class Plain(models.Model):
        class Meta:
            app_label = "nowhere"

    assert ShardRouter().db_for_read(Plain) is None


def test_it_uses_the_databases_own_row_number_as_the_id(authors, books):
    alias = shard_for(books[0])
    with connections[alias].cursor() as cursor:
        if connections[alias].vendor == "sqlite":
            cursor.execute("SELECT rowid FROM app_book WHERE id = %s", [books[0].pk])
            assert cursor.fetchone() == (books[0].pk,)
        description = connections[alias].introspection.get_table_description(cursor, "app_book")
    wanted = {"sqlite": "integer", "postgresql": "20"}  # 20: the number of PostgreSQL's bigint
    (found,) = (column.type_code for column in description if column.name == "id")
    assert str(found).lower() == wanted[connections[alias].vendor]


def test_it_lets_drf_answer_400_to_a_changed_shard_key(apart, books):
    """The handler that docs/shardrouter/README.md writes out."""

    def answer_error(error, context):
        if isinstance(error, ShardKeyChanged):
            error = serializers.ValidationError({"detail": str(error)})
        return exception_handler(error, context)

    class BookSerializer(serializers.ModelSerializer):
        class Meta:
            model = Book
            fields = ["author", "title"]

    class BookView(generics.UpdateAPIView):
        queryset = Book.objects.scatter()
        serializer_class = BookSerializer

        def get_exception_handler(self):
            return answer_error

    a, b = apart
    book = a.books.get(pages=100)
    ask = APIRequestFactory().patch
    answer = BookView.as_view()(ask("/", {"author": b.pk}, format="json"), pk=book.pk)
    assert answer.status_code == 400
    assert "never changes" in str(answer.data)
    assert BookView.as_view()(ask("/", {"title": "y"}, format="json"), pk=book.pk).data == {
        "author": a.pk,
        "title": "y",
    }
    assert Book.objects.get(pk=book.pk).author == a
