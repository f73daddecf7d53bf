"""Events for the relay, and which relay works on which shard."""

from django.db import models

from shardrouter.models import ShardedModel

from .accounts import Account


class Outbox(ShardedModel):
    """An event for other shards, written in the transaction it tells of; the relay delivers it."""

    account = models.ForeignKey(Account, models.DO_NOTHING, db_constraint=False)
    kind = models.CharField(max_length=20)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    available_at = models.DateTimeField()
    # How far a fan-out has come: the follower it served last, the shard that it had to leave out
    # on the way, and, once it goes round again, the one that it goes round for.
    cursor = models.BigIntegerField(default=0)
    skipped_shard = models.CharField(max_length=63, blank=True)
    retry_shard = models.CharField(max_length=63, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)
    parked_at = models.DateTimeField(null=True, blank=True)

    class Shard:
        key = "account"

    class Meta:
        verbose_name_plural = "outbox"
        indexes = [
            # The relay takes what is due, oldest first.
            models.Index(fields=["parked_at", "available_at"], name="outbox_due")
        ]

    def __str__(self):
        return f"{self.kind} of {self.account_id}"


class RelayLease(models.Model):
    """Which relay works on a shard's outbox, and until when, unless it says so again. Global."""

    shard = models.CharField(max_length=63, primary_key=True)
    holder = models.CharField(max_length=255)
    expires_at = models.DateTimeField()

    def __str__(self):
        return f"{self.shard}: {self.holder}"
