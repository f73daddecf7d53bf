"""What follows a row from elsewhere: its history, its tags, the permissions on it."""

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, transaction
from guardian.shortcuts import assign_perm

from shardrouter import shard_for
from shardrouter.exceptions import CrossShardQuery
from tests.compatibility.app.models import Article, Page

pytestmark = pytest.mark.django_db(databases="__all__")


def test_a_history_is_kept_in_default(ann):
    page = Page.objects.create(account=ann, text="first")
    page.text = "second"
    page.save()
    assert [each.text for each in page.history.all()] == ["second", "first"]
    assert page.history.last().instance.text == "first"
    assert page.history.first().prev_record.text == "first"
    page.delete()
    assert [each.history_type for each in Page.history.all()] == ["-", "~", "+"]
    assert {each._state.db for each in Page.history.all()} == {"default"}


def test_tags_are_added_and_read(ann):
    article = Article.objects.create(account=ann, title="first")
    article.tags.add("red", "blue")
    assert sorted(tag.name for tag in article.tags.all()) == ["blue", "red"]
    article.tags.remove("red")
    assert [tag.name for tag in article.tags.all()] == ["blue"]


def test_rows_are_not_found_by_a_tag(ann):
    with pytest.raises(CrossShardQuery):
        list(Article.objects.filter(account=ann, tags__name="red"))


def test_a_tagged_row_cannot_be_deleted(ann):
    article = Article.objects.create(account=ann, title="first")
    with (
        pytest.raises(OperationalError, match="django_content_type"),
        transaction.atomic(using=shard_for(ann)),
    ):
        article.delete()


def test_permissions_on_a_row_cannot_be_given(ann):
    page = Page.objects.create(account=ann, text="first")
    user = User.objects.create(username="reader")
    with (
        pytest.raises(OperationalError, match="django_content_type"),
        transaction.atomic(using=shard_for(ann)),
    ):
        assign_perm("app.change_page", user, page)
