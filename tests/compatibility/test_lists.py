"""Lists: django-filter, django-tables2 and Django REST framework over rows of all shards."""

import django_filters
import django_tables2
import pytest
from django.db.models import Q
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import filters, serializers, viewsets
from rest_framework.pagination import CursorPagination, PageNumberPagination
from rest_framework.test import APIRequestFactory

from shardrouter import shard_for
from shardrouter.exceptions import UnroutedQuery
from tests.notes.notebook.models import Account, Note

pytestmark = pytest.mark.django_db(databases="__all__")


class NoteFilter(django_filters.FilterSet):
    words = django_filters.CharFilter(method="with_words")
    order = django_filters.OrderingFilter(fields=["title", "id"])

    class Meta:
        model = Note
        fields = {"account": ["exact"], "title": ["exact", "startswith"], "pinned": ["exact"]}

    def with_words(self, queryset, name, value):
        return queryset.filter(Q(title__contains=value) | Q(body__contains=value))


def test_it_filters_by_the_owner_on_one_shard(notes, ann):
    found = NoteFilter({"account": ann.pk, "order": "-id"}, Note.objects.scatter())
    assert found.is_valid()
    assert found.qs.explain_route().shards == (shard_for(ann),)
    assert list(found.qs) == list(ann.notes.order_by("-id"))


def test_it_filters_over_all_shards(notes):
    found = NoteFilter({"title": "x", "order": "-id"}, Note.objects.scatter())
    expected = sorted((note for note in notes if note.title == "x"), key=lambda note: -note.pk)
    assert list(found.qs) == expected
    assert NoteFilter({"words": "x"}, Note.objects.scatter()).qs.count() == len(expected)


def test_it_offers_the_owners_of_all_shards(notes, accounts):
    choices = NoteFilter({}, Note.objects.scatter()).form.fields["account"].queryset
    assert set(choices) == set(accounts.values())


def test_it_says_so_if_a_filter_names_no_shard(notes):
    found = NoteFilter({"title": "x"}, Note.objects.all())
    with pytest.raises(UnroutedQuery):
        list(found.qs)


class NoteTable(django_tables2.Table):
    class Meta:
        model = Note
        fields = ["id", "title", "account__username"]
        order_by = ["-id"]


def test_it_pages_through_a_table_of_all_shards(notes, rf):
    table = NoteTable(Note.objects.scatter())
    django_tables2.RequestConfig(rf.get("/", {"page": 2, "per_page": 5})).configure(table)
    html = table.as_html(rf.get("/"))
    expected = sorted(notes, key=lambda note: -note.pk)[5:10]
    assert [row.record for row in table.page.object_list] == expected
    assert all(note.account.username in html for note in expected)


class NoteSerializer(serializers.ModelSerializer):
    account = serializers.PrimaryKeyRelatedField(queryset=Account.objects.scatter())

    class Meta:
        model = Note
        fields = ["id", "account", "title"]


class ByPage(PageNumberPagination):
    page_size = 4


class ByCursor(CursorPagination):
    page_size = 4
    ordering = "-id"


class NoteViewSet(viewsets.ModelViewSet):
    queryset = Note.objects.scatter().order_by("-id")
    serializer_class = NoteSerializer
    pagination_class = ByPage
    filter_backends = [DjangoFilterBackend, filters.SearchFilter, filters.OrderingFilter]
    filterset_class = NoteFilter
    search_fields = ["title"]


def get(view, **parameters):
    request = APIRequestFactory().get("/", parameters)
    return view.as_view({"get": "list"})(request).data


def test_it_pages_filters_and_searches_in_a_viewset(notes, ann):
    expected = [note.pk for note in sorted(notes, key=lambda note: -note.pk)]
    first = get(NoteViewSet, page=2)
    assert (first["count"], [row["id"] for row in first["results"]]) == (27, expected[4:8])
    own = get(NoteViewSet, account=ann.pk)
    assert [row["account"] for row in own["results"]] == [ann.pk] * 3
    assert get(NoteViewSet, search="x")["count"] == 9


def test_it_follows_cursors_to_the_end(notes):
    class View(NoteViewSet):
        pagination_class = ByCursor

    seen, page = [], get(View)
    while True:
        seen += [row["id"] for row in page["results"]]
        if not page["next"]:
            break
        request = APIRequestFactory().get(page["next"])
        page = View.as_view({"get": "list"})(request).data
    assert seen == [note.pk for note in sorted(notes, key=lambda note: -note.pk)]


def test_it_writes_through_a_viewset(ann, far):
    factory = APIRequestFactory()
    made = NoteViewSet.as_view({"post": "create"})(
        factory.post("/", {"account": ann.pk, "title": "new"}, format="json")
    )
    assert made.status_code == 201
    again = NoteViewSet.as_view({"post": "create"})(
        factory.post("/", {"account": ann.pk, "title": "new"}, format="json")
    )
    assert again.status_code == 400
    note = Note.objects.get(pk=made.data["id"])
    changed = NoteViewSet.as_view({"patch": "partial_update"})(
        factory.patch("/", {"title": "newer"}, format="json"), pk=note.pk
    )
    assert (changed.status_code, changed.data["title"]) == (200, "newer")
    gone = NoteViewSet.as_view({"delete": "destroy"})(factory.delete("/"), pk=note.pk)
    assert gone.status_code == 204
    assert not ann.notes.exists()
