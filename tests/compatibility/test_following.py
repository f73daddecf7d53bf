"""What follows a row from elsewhere: its history, its tags, the permissions on it, its log."""

import pytest
import reversion
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from guardian.models import UserObjectPermission
from guardian.shortcuts import assign_perm, get_objects_for_user, get_perms, remove_perm
from reversion.models import Version
from taggit.models import TaggedItem

from shardrouter import shard_for
from shardrouter.checks import model_messages
from shardrouter.exceptions import CrossShardQuery, ShardRouterError
from tests.compatibility.app.models import Article, Invoice, Letter, Page

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


def test_tagged_rows_are_found_by_their_ids(ann, far):
    articles = [Article.objects.create(account=each, title="red one") for each in (ann, far)]
    for article in articles:
        article.tags.add("red")
    ids = TaggedItem.objects.filter(tag__name="red").values_list("object_id", flat=True)
    assert set(Article.objects.filter(pk__in=list(ids))) == set(articles)
    with pytest.raises(CrossShardQuery):
        list(Article.objects.filter(account=ann, tags__name="red"))


def test_tags_are_refused_by_checks_and_with_words(ann):
    messages = {each.id for each in model_messages(Article)}
    assert messages == {"shardrouter.E013", "shardrouter.E015"}
    article = Article.objects.create(account=ann, title="first")
    article.tags.add("red")
    with pytest.raises(CrossShardQuery, match=r"tagged_items leads to rows of taggit\.TaggedItem"):
        article.delete()
    assert Article.objects.get(pk=article.pk) == article


def test_permissions_on_rows_are_given_asked_for_and_taken_away(ann, far):
    page, other = (Page.objects.create(account=each, text="text") for each in (ann, far))
    user = User.objects.create(username="reader")
    assign_perm("app.change_page", user, page)
    assert [user.has_perm("app.change_page", each) for each in (page, other)] == [True, False]
    assert list(get_perms(user, page)) == ["change_page"]
    permitted = UserObjectPermission.objects.filter(user=user).values_list("object_pk", flat=True)
    assert list(Page.objects.filter(pk__in=list(permitted))) == [page]
    remove_perm("app.change_page", user, page)
    assign_perm("app.change_page", user, Page.objects.scatter().filter(text="text"))
    assert UserObjectPermission.objects.count() == 2
    with pytest.raises(ShardRouterError):
        list(get_objects_for_user(user, "app.change_page", klass=Page.objects.scatter()))
    page.delete()


def test_an_audit_log_is_kept_in_default(ann):
    invoice = Invoice.objects.create(account=ann, amount=1)
    invoice.amount = 2
    invoice.save()
    entries = LogEntry.objects.get_for_object(invoice)
    assert [each.changes.get("amount") for each in entries] == [["1", "2"], ["None", "1"]]
    assert {each._state.db for each in entries} == {"default"}
    assert LogEntry.objects.get_for_objects(Invoice.objects.scatter()).count() == 2
    invoice.delete()
    assert LogEntry.objects.get_for_model(Invoice).count() == 3


def test_revisions_are_found_by_the_shard_of_their_row(ann):
    with reversion.create_revision():
        letter = Letter.objects.create(account=ann, text="first")
    with reversion.create_revision():
        letter.text = "second"
        letter.save()
    alias = shard_for(letter)
    versions = Version.objects.get_for_object(letter, model_db=alias)
    assert [each.field_dict["text"] for each in versions] == ["second", "first"]
    versions.last().revision.revert()
    letter.refresh_from_db()
    assert letter.text == "first"
    letter.delete()
    (gone,) = Version.objects.get_deleted(Letter, model_db=alias)
    gone.revision.revert()
    assert ann.letters.get().text == "second"
    with pytest.raises(CrossShardQuery):
        list(Version.objects.get_deleted(Letter))
