"""The materialised home timeline of each member."""

from django.db import models

from shardrouter.models import ShardedModel

from .accounts import Account


class HomeEntry(ShardedModel):
    """One line of a member's home timeline: a message, which may be on another shard."""

    owner = models.ForeignKey(Account, models.CASCADE, related_name="home_entries", db_index=False)
    # The index is for the relay, which deletes the entries of deleted messages.
    message_id = models.BigIntegerField(db_index=True)
    author_id = models.BigIntegerField()
    # Of a repost: the message that it shows, and that message's author.
    original_id = models.BigIntegerField(null=True, blank=True)
    original_author_id = models.BigIntegerField(null=True, blank=True)

    class Shard:
        key = "owner"
        # Not message_id: an entry may outlive its message until the relay deletes it.
        references = {"author_id": "timeline_api.Account"}

    class Meta:
        constraints = [
            # A page of a home timeline is one range of this index.
            models.UniqueConstraint(fields=["owner", "message_id"], name="home_entry_once")
        ]
        indexes = [
            # Unfollowing deletes an author's entries.
            models.Index(fields=["owner", "author_id"], name="home_entry_author"),
            # For reading: whether the home has an earlier repost of the same message.
            models.Index(
                fields=["owner", "original_id", "message_id"],
                condition=models.Q(original_id__isnull=False),
                name="home_entry_original",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} in the home of {self.owner_id}"
