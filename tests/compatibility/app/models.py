"""Models as packages help to write them, or watch them."""

import reversion
from auditlog.registry import auditlog
from django.db import models
from model_utils import Choices, FieldTracker
from model_utils.fields import StatusField
from model_utils.models import TimeStampedModel
from polymorphic.models import PolymorphicModel
from polymorphic.query import PolymorphicQuerySet
from simple_history.models import HistoricalRecords
from taggit.managers import TaggableManager

from shardrouter.models import ShardedManager, ShardedModel, ShardedQuerySet
from tests.notes.notebook.models import Account


class Task(ShardedModel, TimeStampedModel):
    STATUS = Choices("open", "done")

    account = models.ForeignKey(Account, models.CASCADE, related_name="tasks")
    title = models.CharField(max_length=50)
    status = StatusField()

    tracker = FieldTracker(fields=["title"])

    class Shard:
        key = "account"

    def __str__(self):
        return self.title


class Page(ShardedModel):
    account = models.ForeignKey(Account, models.CASCADE, related_name="pages")
    text = models.CharField(max_length=50)

    history = HistoricalRecords()

    class Shard:
        key = "account"

    def __str__(self):
        return self.text


class Article(ShardedModel):
    account = models.ForeignKey(Account, models.CASCADE, related_name="articles")
    title = models.CharField(max_length=50)

    tags = TaggableManager(blank=True)

    class Shard:
        key = "account"

    def __str__(self):
        return self.title


@reversion.register()
class Letter(ShardedModel):
    account = models.ForeignKey(Account, models.CASCADE, related_name="letters")
    text = models.CharField(max_length=50)

    class Shard:
        key = "account"

    def __str__(self):
        return self.text


class Invoice(ShardedModel):
    account = models.ForeignKey(Account, models.CASCADE, related_name="invoices")
    amount = models.IntegerField()

    class Shard:
        key = "account"

    def __str__(self):
        return str(self.amount)


auditlog.register(Invoice)


class DocumentQuerySet(ShardedQuerySet, PolymorphicQuerySet):
    """Routes, and gives each row as what it is."""

    def _filter_or_exclude(self, negate, args, kwargs):
        # Polymorphic's own asks for the database before the filter says which.
        return models.QuerySet._filter_or_exclude(self, negate, args, kwargs)


class Document(ShardedModel, PolymorphicModel):
    account = models.ForeignKey(Account, models.CASCADE, related_name="documents")
    title = models.CharField(max_length=50)

    objects = ShardedManager.from_queryset(DocumentQuerySet)()

    class Shard:
        key = "account"

    def __str__(self):
        return self.title


class Report(Document):
    pages = models.IntegerField(default=0)
