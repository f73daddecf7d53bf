"""Relations: what one member has done to another or to a message, and its mirror there."""

from django.db import models

from shardrouter.models import ShardedModel

from ..domain.limits import MAX_TEXT_LENGTH
from .accounts import Account


class Follow(ShardedModel):
    """The truth: `follower` follows the account `followee_id`, which may be on another shard."""

    follower = models.ForeignKey(Account, models.CASCADE, related_name="follows", db_index=False)
    followee_id = models.BigIntegerField()
    created_at = models.DateTimeField()
    # The followee's celebrity_version that this row has reached, and what it means: home entries
    # need not have the followee's messages, the reader pulls them.
    celebrity_version = models.PositiveIntegerField(default=0, editable=False)
    followee_is_celebrity = models.BooleanField(default=False, editable=False)
    # Whether the followee is suspended: then their reposts stand in no later one's way.
    followee_is_suspended = models.BooleanField(default=False, editable=False)

    class Shard:
        key = "follower"
        references = {"followee_id": "timeline_api.Account"}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["follower", "followee_id"], name="follow_once")
        ]
        indexes = [
            # Fan-out asks who of a range of members follows, account deletion who does at all.
            models.Index(fields=["followee_id", "follower"], name="follow_of_followee"),
            # Every look at a home asks for these; nearly always there is none.
            models.Index(
                fields=["follower", "followee_id"],
                condition=models.Q(followee_is_celebrity=True),
                name="follow_of_celebrity",
            ),
        ]

    def __str__(self):
        return f"{self.follower_id} follows {self.followee_id}"


class Follower(ShardedModel):
    """The mirror of a Follow on the followee's shard, kept by the relay for fan-out and counts."""

    followee = models.ForeignKey(Account, models.CASCADE, related_name="followers", db_index=False)
    # The index is for account deletion, as in Follow.
    follower_id = models.BigIntegerField(db_index=True)
    created_at = models.DateTimeField()

    class Shard:
        key = "followee"
        references = {"follower_id": "timeline_api.Account"}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["followee", "follower_id"], name="follower_once")
        ]

    def __str__(self):
        return f"{self.followee_id} is followed by {self.follower_id}"


class Like(ShardedModel):
    """The truth: `account` likes the message, which may be on another shard."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="likes", db_index=False)
    message_id = models.BigIntegerField()
    message_author_id = models.BigIntegerField()
    created_at = models.DateTimeField()

    class Shard:
        key = "account"
        # Not message_id: the relay takes the likes of a deleted message away.
        references = {"message_author_id": "timeline_api.Account"}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "message_id"], name="like_once")]
        # For the relay, when a message or its author is deleted.
        indexes = [models.Index(fields=["message_author_id", "message_id"], name="like_of_message")]

    def __str__(self):
        return f"{self.account_id} likes {self.message_id}"


class Interaction(ShardedModel):
    """The mirror of a like, a repost or a reply on the shard of the message's author, for lists and
    counts. `source_id` is the id of the Like, or of the Message that is the repost or the reply."""

    LIKE, REPOST, REPLY = "like", "repost", "reply"

    author = models.ForeignKey(Account, models.CASCADE, related_name="interactions", db_index=False)
    message_id = models.BigIntegerField()
    kind = models.CharField(max_length=6)
    source_id = models.BigIntegerField()
    # The index is for account deletion.
    actor_id = models.BigIntegerField(db_index=True)
    created_at = models.DateTimeField()

    class Shard:
        key = "author"
        references = {"actor_id": "timeline_api.Account"}

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["author", "message_id", "kind", "source_id"], name="interaction_once"
            )
        ]

    def __str__(self):
        return f"{self.kind} of {self.message_id} by {self.actor_id}"


class Block(ShardedModel):
    """The truth: `account` has blocked `blocked_id`; neither sees or reaches the other."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="blocks", db_index=False)
    # The index is for account deletion.
    blocked_id = models.BigIntegerField(db_index=True)
    created_at = models.DateTimeField()

    class Shard:
        key = "account"
        references = {"blocked_id": "timeline_api.Account"}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "blocked_id"], name="block_once")]

    def __str__(self):
        return f"{self.account_id} has blocked {self.blocked_id}"


class Blocker(ShardedModel):
    """The mirror of a Block on the shard of who is blocked."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="blockers", db_index=False)
    # The index is for account deletion.
    blocker_id = models.BigIntegerField(db_index=True)
    created_at = models.DateTimeField()

    class Shard:
        key = "account"
        references = {"blocker_id": "timeline_api.Account"}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "blocker_id"], name="blocker_once")
        ]

    def __str__(self):
        return f"{self.account_id} is blocked by {self.blocker_id}"


class Mute(ShardedModel):
    """`account` does not want to read or hear of `muted_id`, who is not told."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="mutes", db_index=False)
    # The index is for account deletion.
    muted_id = models.BigIntegerField(db_index=True)
    created_at = models.DateTimeField()

    class Shard:
        key = "account"
        references = {"muted_id": "timeline_api.Account"}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "muted_id"], name="mute_once")]

    def __str__(self):
        return f"{self.account_id} has muted {self.muted_id}"


class Report(ShardedModel):
    """What a member tells the operators of a message. It stays when the message goes."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="reports", db_index=False)
    message_id = models.BigIntegerField()
    # The index is for account deletion.
    message_author_id = models.BigIntegerField(db_index=True)
    # As it was when it was reported: its author may edit or delete it.
    text = models.CharField(max_length=MAX_TEXT_LENGTH)
    reason = models.CharField(max_length=500)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True, db_index=True)
    outcome = models.CharField(max_length=50, blank=True)

    class Shard:
        key = "account"
        references = {"message_author_id": "timeline_api.Account"}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "message_id"], name="report_once")
        ]

    def __str__(self):
        return f"{self.message_id}, reported by {self.account_id}"
