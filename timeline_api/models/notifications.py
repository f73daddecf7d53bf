"""Notifications of members."""

from django.db import models

from shardrouter.models import ShardedModel

from .accounts import Account


class Notification(ShardedModel):
    """Tells `account` what `actor_id` did. `kind` is one of those below or of Interaction's.
    `source_id` is the id of the Like, Follow or Message (the repost, the reply, the one with the
    mention) that it reports; `message_id` is the message to show: the one that was liked or
    reposted, the reply, or the one with the mention."""

    FOLLOW, MENTION = "follow", "mention"

    account = models.ForeignKey(
        Account, models.CASCADE, related_name="notifications", db_index=False
    )
    kind = models.CharField(max_length=7)
    source_id = models.BigIntegerField()
    # The index is for account deletion.
    actor_id = models.BigIntegerField(db_index=True)
    message_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    is_read = models.BooleanField(default=False)

    class Shard:
        key = "account"
        references = {"actor_id": "timeline_api.Account"}

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "kind", "source_id"], name="notification_once"
            )
        ]
        indexes = [
            models.Index(fields=["account", "-id"], name="notification_newest"),
            # Every page shows how many are unread.
            models.Index(
                fields=["account"], condition=models.Q(is_read=False), name="notification_unread"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.actor_id}, for {self.account_id}"
