"""get_next_by_… and get_previous_by_… of a row look on all shards, as one database would."""

import datetime

import pytest
from django.db.models import Model

from shardrouter import shard_for
from tests.shardrouter.app.models import Sample
from tests.shardrouter.oracle.rows import WHOLE
from tests.shardrouter.test_routing import asked

pytestmark = pytest.mark.django_db(databases="__all__")

DAY = datetime.datetime(2026, 2, 3, tzinfo=datetime.UTC)


@pytest.fixture
def seen(authors):
    """Samples of all authors, each seen an hour after the last, some at the same time."""
    samples = [
        Sample(author=author, label=str(at), seen=DAY + datetime.timedelta(hours=at // 2))
        for at, author in enumerate(authors.values())
    ]
    Sample.objects.bulk_create(samples)
    for row in (*authors.values(), *samples):
        Model.save_base(row, raw=True, using=WHOLE)
    return Sample.objects.scatter().order_by("seen", "pk")


def neighbours(sample, **among):
    found = []
    for get in (sample.get_previous_by_seen, sample.get_next_by_seen):
        try:
            found.append(get(**among))
        except Sample.DoesNotExist:
            found.append(None)
    return found


def test_it_finds_the_rows_before_and_after_on_any_shard(seen):
    samples = list(seen)
    assert len({shard_for(sample) for sample in samples}) == 3
    for before, sample, after in zip([None, *samples], samples, [*samples[1:], None], strict=False):
        assert neighbours(sample) == [before, after]
        assert neighbours(Sample.objects.using(WHOLE).get(pk=sample.pk)) == [before, after]


def test_it_asks_one_shard_for_the_neighbours_of_one_owner(seen):
    sample = seen[3]
    with asked() as seen:
        assert neighbours(sample, author=sample.author_id) == [None, None]
    assert seen.counts == {shard_for(sample): 2}


def test_it_finds_neighbours_by_other_conditions(seen):
    first, last = seen.first(), seen.last()
    assert first.get_next_by_seen(label=last.label) == last
    assert last.get_previous_by_seen(author__name=first.author.name) == first


def test_it_refuses_a_row_that_is_not_saved(authors):
    with pytest.raises(ValueError, match="unsaved"):
        Sample(author=authors["ann"], seen=DAY).get_next_by_seen()
