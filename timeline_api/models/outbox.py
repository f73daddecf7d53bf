"""Events for the relay, and the leases of the relays."""

from django.db import models

from shardrouter.models import ShardedModel

from .accounts import Account


class Outbox(ShardedModel):
    """An event for other shards, written in the transaction that it reports. The relay delivers
    it."""

    account = models.ForeignKey(Account, models.DO_NOTHING, db_constraint=False)
    kind = models.CharField(max_length=20)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    available_at = models.DateTimeField()
    # The progress of a fan-out: the last follower it has served; a shard that was down and skipped;
    # and, in the second round, the skipped shard that this round serves.
    cursor = models.BigIntegerField(default=0)
    skipped_shard = models.CharField(max_length=63, blank=True)
    retry_shard = models.CharField(max_length=63, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)
    parked_at = models.DateTimeField(null=True, blank=True)

    class Shard:
        key = "account"

    class Meta:
        verbose_name = "event"
        indexes = [
            # The relay takes due events, oldest first.
            models.Index(fields=["parked_at", "available_at"], name="outbox_due")
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.account_id}"


class RelayLease(models.Model):
    """Which relay works on a shard's outbox, and until when unless it renews the lease. Global."""

    shard = models.CharField(max_length=63, primary_key=True)
    holder = models.CharField(max_length=255)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.shard}: {self.holder}"
