"""The code of the first page runs as it is written, on this project's models."""

import inspect
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.http import Http404
from django.test.utils import isolate_apps
from rest_framework import serializers

from shardrouter import shard_for
from shardrouter.exceptions import UnroutedQuery
from shardrouter.models import ShardedModel
from tests.notes.notebook.models import Account, Note, Star

pytestmark = pytest.mark.django_db(databases="__all__")

PAGE = (Path(__file__).parents[2] / "docs" / "shardrouter" / "README.md").read_text()
# The first project is a project of its own, which tests/package makes.
GUIDE = re.sub(r"^## A first project\n.*?(?=^## )", "", PAGE, flags=re.MULTILINE | re.DOTALL)
BLOCKS = re.findall(r"^```python\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def names(ann, notes):
    """What the page's code takes for granted."""
    told = []
    names = {
        "Account": Account,
        "Note": Note,
        "Star": Star.objects.create(account=ann, note_id=7) and Star,
        "ann": ann,
        "bob": Account.objects.create(username="bob"),
        "shard_for": shard_for,
        "note_id": notes[0].pk,
        "ids": [note.pk for note in notes],
        "admin": SimpleNamespace(ModelAdmin=admin.ModelAdmin, register=lambda model: lambda it: it),
        "serializers": serializers,
        "transaction": transaction,
        "tell_somebody": lambda: told.append("told"),
        "__name__": "tests.notes.notebook.models",
        "models": models,
        "ShardedModel": ShardedModel,
        "ContentType": ContentType,
        "GenericForeignKey": GenericForeignKey,
        "GenericRelation": GenericRelation,
        "metrics": SimpleNamespace(increment=lambda *args, **kwargs: told.append(kwargs)),
    }
    return names


def test_it_finds_code_on_the_page():
    assert len(BLOCKS) >= 6


def code_lines(source):
    lines = (line.partition("#")[0].strip() for line in source.splitlines())
    return [line for line in lines if line]


def queries_below_the_model(block):
    """The rest of a listing that begins with a model, which this project has, line by line."""
    model, queries = block.split("\n\nStar", 1)
    assert code_lines(model) == code_lines(inspect.getsource(Star))
    return f"Star{queries}"


@pytest.mark.django_db(databases="__all__", transaction=True)
@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.split("\n")[0][:40])
def test_it_runs(block, names):
    block = block.replace('ann.notes.create(title="x")', 'ann.notes.create(title="new")')
    if block.startswith("class Star"):
        block = queries_below_the_model(block)
    with isolate_apps("tests.notes.notebook"):
        exec(compile(block, "README.md", "exec"), names)


def test_it_does_what_the_first_listing_says(names):
    listing = BLOCKS[0].splitlines()
    for line in listing:
        code = line.partition("#")[0].strip()
        if "UnroutedQuery" in line:
            with pytest.raises(UnroutedQuery):
                list(eval(code, names))
        else:
            found = eval(code, names)
            assert isinstance(found, Account | Note) or list(found)


def test_it_answers_old_urls_by_the_pages_own_view(names, rf):
    (block,) = (block for block in BLOCKS if "def old_note" in block)
    exec(block, names)
    new_id = names["note_id"]
    adopted = apps.get_model("shardrouter", "AdoptedId")
    adopted.objects.create(model="notebook.note", old_id="17", new_id=new_id)
    answer = names["old_note"](rf.get("/notes/17/"), 17)
    assert (answer.status_code, answer["Location"]) == (301, f"/note/{new_id}/")
    with pytest.raises(Http404):
        names["old_note"](rf.get("/notes/18/"), 18)
