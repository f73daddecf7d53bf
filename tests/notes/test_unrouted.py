"""Queries that name no shard, and the ways out that their error names."""

import pytest
from django.db.models import Count

from shardrouter.exceptions import (
    UnroutedQuery,
)
from tests.notes.conftest import asked, everywhere
from tests.notes.notebook.models import Note

pytestmark = pytest.mark.django_db(databases="__all__")


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
def test_it_names_the_model_and_the_reason(ask):
    with asked() as counts, pytest.raises(UnroutedQuery) as error:
        ask()
    assert counts == {}
    assert str(error.value).startswith("notebook.Note: ")
    assert "account" in str(error.value)


def test_it_names_three_ways_out_that_work(ann, notes):
    with pytest.raises(UnroutedQuery) as error:
        list(Note.objects.filter(title="x"))
    text = str(error.value)
    for way in ("shard key or the primary key", "start from the owner", ".scatter()"):
        assert way in text
    assert Note.objects.filter(title="x", account=ann).count() == 1
    assert ann.notes.filter(title="x").count() == 1
    assert Note.objects.scatter().filter(title="x").count() == len(everywhere())
