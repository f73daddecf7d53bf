"""The materialised home timeline of each member."""

from django.db import models

from shardrouter.models import ShardedModel

from .accounts import Account


class HomeEntry(ShardedModel):
    """One line of a member's home timeline: a message, which may be on another shard.

    There are more of these than of anything else, so a row has no id and few indexes. The table is
    kept in the order of its key, which Django cannot say; the migration does.
    """

    id = None
    # A page of a home timeline is one range of it.
    pk = models.CompositePrimaryKey("owner", "message_id")
    owner = models.ForeignKey(Account, models.CASCADE, related_name="home_entries", db_index=False)
    message_id = models.BigIntegerField()
    author_id = models.BigIntegerField()
    # Of a repost: the message that it shows, and that message's author.
    original_id = models.BigIntegerField(null=True, blank=True)
    original_author_id = models.BigIntegerField(null=True, blank=True)

    class Shard:
        key = "owner"
        # Not message_id: an entry may outlive its message until the relay deletes it.
        references = {"author_id": "timeline_api.Account"}

    class Meta:
        verbose_name_plural = "home entries"
        indexes = [
            # For reading: whether the home has an earlier repost of the same message.
            models.Index(
                fields=["owner", "original_id", "message_id"],
                condition=models.Q(original_id__isnull=False),
                name="home_entry_of_repost",
            )
        ]

    def __str__(self) -> str:
        return f"{self.message_id} in the home of {self.owner_id}"
