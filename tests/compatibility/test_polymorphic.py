"""Rows of several models in one queryset: django-polymorphic."""

import pytest
from django.core.exceptions import FieldError

from shardrouter import shard_for
from tests.compatibility.app.models import Document, Report

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def documents(ann, far):
    """A plain document of Ann, and a report of hers and of one on another shard."""
    plain = Document.objects.create(account=ann, title="plain")
    reports = [Report.objects.create(account=each, title="report", pages=3) for each in (ann, far)]
    return [plain, *reports]


def test_rows_are_given_as_what_they_are(documents, ann):
    plain, mine, other = documents
    assert list(ann.documents.order_by("pk")) == [plain, mine]
    assert Document.objects.get(pk=other.pk) == other
    everything = Document.objects.scatter().order_by("-pk")
    assert [(type(each), each.pk) for each in everything] == [
        (type(each), each.pk) for each in reversed(documents)
    ]
    assert list(everything[:2]) == [other, mine]
    assert list(everything.iterator()) == list(everything)
    assert {type(each) for each in everything.non_polymorphic()} == {Document}
    assert list(everything.filter(report__pages=3)) == [other, mine]
    with pytest.raises(FieldError):
        everything.instance_of(Report)


def test_rows_are_changed_and_deleted_where_they_are(documents, ann):
    _plain, mine, other = documents
    assert shard_for(mine) == shard_for(ann) != shard_for(other)
    assert Report.objects.filter(account=ann).update(title="new", pages=4) == 1
    mine.refresh_from_db()
    assert (mine.title, mine.pages) == ("new", 4)
    ann.delete()
    assert list(Document.objects.scatter()) == [other]
