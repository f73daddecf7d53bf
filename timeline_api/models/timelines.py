"""The home timeline of each member, materialised."""

from django.db import models

from shardrouter.models import ShardedModel

from .accounts import Account


class HomeEntry(ShardedModel):
    """One line of a member's home timeline: a message, perhaps of another shard."""

    owner = models.ForeignKey(Account, models.CASCADE, related_name="home_entries", db_index=False)
    # The index is for the relay, which takes a deleted message out of every home.
    message_id = models.BigIntegerField(db_index=True)
    author_id = models.BigIntegerField()
    # Of a repost: the message that it shows, and whose that is.
    original_id = models.BigIntegerField(null=True, blank=True)
    original_author_id = models.BigIntegerField(null=True, blank=True)

    class Shard:
        key = "owner"
        # Not message_id: a deleted message may stay listed until the relay has been there.
        references = {"author_id": "timeline_api.Account"}

    class Meta:
        constraints = [
            # The home timeline is a range of this index, newest first.
            models.UniqueConstraint(fields=["owner", "message_id"], name="home_entry_once")
        ]
        indexes = [
            # Unfollowing takes an author's lines away.
            models.Index(fields=["owner", "author_id"], name="home_entry_author"),
            # Whether another repost of the same message stands before this one.
            models.Index(
                fields=["owner", "original_id", "message_id"],
                condition=models.Q(original_id__isnull=False),
                name="home_entry_original",
            ),
        ]

    def __str__(self):
        return f"{self.message_id} in the home of {self.owner_id}"
