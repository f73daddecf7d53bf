"""An API of django-ninja."""

import pytest
from django.shortcuts import get_object_or_404
from ninja import ModelSchema, NinjaAPI, Schema
from ninja.pagination import paginate
from ninja.testing import TestClient

from shardrouter import shard_for
from tests.notes.notebook.models import Account, Note

pytestmark = pytest.mark.django_db(databases="__all__")


class NoteOut(ModelSchema):
    class Meta:
        model = Note
        fields = ["id", "title", "account"]


class NoteIn(Schema):
    title: str


api = NinjaAPI()


@api.get("/notes/", response=list[NoteOut])
@paginate
def all_notes(request):
    return Note.objects.scatter().order_by("-id")


@api.get("/notes/{note_id}/", response=NoteOut)
def one_note(request, note_id: int):
    return get_object_or_404(Note, pk=note_id)


@api.post("/accounts/{account_id}/notes/", response=NoteOut)
def new_note(request, account_id: int, note: NoteIn):
    account = get_object_or_404(Account, pk=account_id)
    return Note.objects.create(account=account, **note.dict())


def test_rows_are_listed_read_and_made(notes, far):
    client = TestClient(api)
    page = client.get("/notes/?limit=3&offset=1").json()
    newest = sorted((note.pk for note in notes), reverse=True)
    assert [each["id"] for each in page["items"]] == newest[1:4]
    assert page["count"] == len(notes)
    made = client.post(f"/accounts/{far.pk}/notes/", json={"title": "by ninja"}).json()
    assert shard_for(made["id"]) == shard_for(far)
    assert client.get(f"/notes/{made['id']}/").json() == made
    assert client.get("/notes/7/").status_code == 404
