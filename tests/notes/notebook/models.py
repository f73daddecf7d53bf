"""The three models of the page of public names, with a few columns more."""

from django.db import models
from django.utils import timezone

from shardrouter.models import ShardedIdField, ShardedModel


class Account(ShardedModel):
    """A root, placed by its name."""

    id = ShardedIdField(primary_key=True)
    username = models.CharField(max_length=30, unique=True)

    class Shard:
        slot_from = "username"
        normalize = str.casefold

    def __str__(self):
        return self.username


class Note(ShardedModel):
    """Lives where its account lives."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="notes")
    title = models.CharField(max_length=100)
    body = models.TextField(blank=True)
    pinned = models.BooleanField(default=False)
    created = models.DateTimeField(default=timezone.now)

    class Shard:
        key = "account"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "title"], name="one_title_an_account")
        ]

    def __str__(self):
        return self.title


class Bookmark(ShardedModel):
    """Points at a note that may live on another shard."""

    account = models.ForeignKey(Account, models.CASCADE)
    note = models.ForeignKey(Note, models.DO_NOTHING, db_constraint=False)

    class Shard:
        key = "account"

    def __str__(self):
        return f"{self.account_id} marked {self.note_id}"


class Star(ShardedModel):
    id = None
    pk = models.CompositePrimaryKey("account", "note_id")  # the shard key first
    account = models.ForeignKey(Account, models.CASCADE, related_name="stars", db_index=False)
    note_id = models.BigIntegerField()

    class Shard:
        key = "account"
