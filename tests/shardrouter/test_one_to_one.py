"""A primary key that is a key to the owner: the row has its owner's id."""

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.db.models import Count

from shardrouter import shard_for, slot_for
from shardrouter.exceptions import CrossShardQuery
from tests.shardrouter.app.models import Author, Portrait
from tests.shardrouter.test_routing import SHARDS, asked

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def portraits(authors):
    return Portrait.objects.bulk_create(
        Portrait(author=author, painter=f"of {author.name}") for author in authors.values()
    )


def test_it_keeps_a_row_with_its_owner(authors):
    for author in authors.values():
        with asked() as seen:
            portrait = Portrait.objects.create(author=author, painter="x")
            assert Portrait.objects.get(pk=author.pk) == portrait
            assert Portrait.objects.get(pk=author).author_id == author.pk
            assert author.portrait == portrait
        assert set(seen.counts) == {shard_for(author)} == {shard_for(portrait)}
        assert slot_for(portrait) == slot_for(author)


def test_it_writes_and_deletes_it(authors, portraits):
    ann = authors["ann"]
    ann.portrait.painter = "y"
    ann.portrait.save()
    assert Portrait.objects.get(author=ann).painter == "y"
    assert Portrait.objects.update_or_create(author=ann, defaults={"painter": "z"})[1] is False
    assert Portrait.objects.scatter(writes=True).update(painter="all") == len(portraits)
    ann.delete()
    assert Portrait.objects.scatter().count() == len(portraits) - 1


def test_it_lets_one_in_for_each_owner(authors, portraits):
    ann = authors["ann"]
    with pytest.raises(IntegrityError), transaction.atomic(using=shard_for(ann)):
        Portrait.objects.create(author=ann)
    with pytest.raises(ValidationError, match="already exists"):
        Portrait(author=ann, painter="x").full_clean()


def test_it_joins_scatters_and_prefetches_it(authors, portraits):
    found = Author.objects.scatter().filter(portrait__painter="of bob").get()
    assert found == authors["bob"]
    rows = Portrait.objects.scatter().select_related("author").order_by("author__name")
    assert [row.author.name for row in rows] == sorted(authors)
    with asked() as seen:
        for author in Author.objects.scatter().prefetch_related("portrait"):
            assert author.portrait.painter == f"of {author.name}"
    assert seen.counts == dict.fromkeys(SHARDS, 2)
    groups = Portrait.objects.scatter().values("author").annotate(n=Count("painter"))
    assert {group["n"] for group in groups} == {1}


def test_it_keeps_it_off_other_shards(authors, portraits):
    ann = authors["ann"]
    other = next(alias for alias in SHARDS if alias != shard_for(ann))
    with pytest.raises(CrossShardQuery):
        ann.portrait.save(using=other)


def test_it_finds_every_row_in_its_place(portraits, capsys):
    call_command("shards", "check", "--rows")
    assert "Portrait" not in capsys.readouterr().out
