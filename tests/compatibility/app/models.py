"""Models as django-model-utils, django-simple-history and django-taggit help to write them."""

from django.db import models
from model_utils import Choices, FieldTracker
from model_utils.fields import StatusField
from model_utils.models import TimeStampedModel
from simple_history.models import HistoricalRecords
from taggit.managers import TaggableManager

from shardrouter.models import ShardedModel
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
