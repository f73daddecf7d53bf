"""Messages, their earlier texts, and what is stored beside each."""

from django.db import models

from shardrouter.models import ShardedModel

from ..domain.limits import MAX_TEXT_LENGTH, MAX_USERNAME_LENGTH
from .accounts import Account


class Message(ShardedModel):
    """A message; with `parent_id` a reply to another, with `repost_of_id` a repost without text."""

    author = models.ForeignKey(Account, models.CASCADE, related_name="messages", db_index=False)
    text = models.CharField(max_length=MAX_TEXT_LENGTH, blank=True)
    created_at = models.DateTimeField()
    # The usernames that the text mentions, of existing accounts, as those spell them.
    mentions = models.JSONField(default=list, blank=True)
    # Incremented with each edit; the earlier texts are Revisions.
    revision = models.PositiveIntegerField(default=0)
    edited_at = models.DateTimeField(null=True, blank=True)
    # The message that this replies to, and the ids of the nearest MAX_ANCESTORS above this one, the
    # parent last. They stay when the parent is deleted.
    parent_id = models.BigIntegerField(null=True, blank=True)
    parent_author_id = models.BigIntegerField(null=True, blank=True)
    parent_username = models.CharField(max_length=MAX_USERNAME_LENGTH, blank=True)
    ancestor_ids = models.JSONField(default=list, blank=True)
    repost_of_id = models.BigIntegerField(null=True, blank=True)
    repost_of_author_id = models.BigIntegerField(null=True, blank=True)
    reply_count = models.PositiveIntegerField(default=0)
    like_count = models.PositiveIntegerField(default=0)
    repost_count = models.PositiveIntegerField(default=0)

    class Shard:
        key = "author"

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["author", "repost_of_id"],
                condition=models.Q(repost_of_id__isnull=False),
                name="repost_once",
            )
        ]
        indexes = [
            # One member's messages, newest first, are one range of this index.
            models.Index(fields=["author", "-id"], name="message_author_newest"),
            # For the relay, when a message or its author is deleted.
            models.Index(
                fields=["repost_of_author_id", "repost_of_id"],
                condition=models.Q(repost_of_id__isnull=False),
                name="message_reposts",
            ),
            models.Index(
                fields=["parent_author_id"],
                condition=models.Q(parent_author_id__isnull=False),
                name="message_replies_to_author",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]


class Revision(ShardedModel):
    """A text that a message had before an edit."""

    author = models.ForeignKey(Account, models.CASCADE, related_name="revisions", db_index=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    text = models.CharField(max_length=MAX_TEXT_LENGTH)
    created_at = models.DateTimeField()

    class Shard:
        key = "author"
        colocated = ["message"]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["author", "message", "number"], name="revision_once")
        ]

    def __str__(self) -> str:
        return f"{self.message_id}, revision {self.number}"


class Tombstone(ShardedModel):
    """What a deleted message leaves as long as it has replies. It has the message's id."""

    author = models.ForeignKey(Account, models.CASCADE, related_name="tombstones")
    parent_id = models.BigIntegerField(null=True)
    parent_author_id = models.BigIntegerField(null=True)
    ancestor_ids = models.JSONField(default=list)
    created_at = models.DateTimeField()

    class Shard:
        key = "author"

    def __str__(self) -> str:
        return f"{self.pk}, deleted"

    @classmethod
    def of(cls, message: Message) -> "Tombstone":
        """Return the unsaved Tombstone of `message`: its place in the conversation alone."""
        return cls(
            pk=message.pk,
            author_id=message.author_id,
            parent_id=message.parent_id,
            parent_author_id=message.parent_author_id,
            ancestor_ids=message.ancestor_ids,
            created_at=message.created_at,
        )


class Hashtag(ShardedModel):
    """A tag of a message, folded by `entities.fold`."""

    author = models.ForeignKey(Account, models.CASCADE, related_name="hashtags", db_index=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="hashtags")
    tag = models.CharField(max_length=MAX_TEXT_LENGTH)

    class Shard:
        key = "author"
        colocated = ["message"]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["author", "message", "tag"], name="hashtag_once")
        ]
        # The page of a tag is one range of this index on each shard.
        indexes = [models.Index(fields=["tag", "-message"], name="hashtag_newest")]

    def __str__(self) -> str:
        return f"#{self.tag}"


class IdempotencyKey(ShardedModel):
    """The message that the first post with this Idempotency-Key created; kept for 24 hours."""

    account = models.ForeignKey(
        Account, models.CASCADE, related_name="idempotency_keys", db_index=False
    )
    key = models.CharField(max_length=255)
    body_digest = models.CharField(max_length=64)
    message_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()

    class Shard:
        key = "account"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "key"], name="idempotency_key_once")
        ]

    def __str__(self) -> str:
        return self.key
