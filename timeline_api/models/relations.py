"""Relations: what a member has done to another member or to a message, and the mirrors of it."""

from django.db import models

from shardrouter.models import ShardedModel

from ..domain.limits import MAX_TEXT_LENGTH
from .accounts import Account


class Follow(ShardedModel):
    """The truth: `follower` follows the account `followee_id`, which may be on another shard."""

    follower = models.ForeignKey(Account, models.CASCADE, related_name="follows", db_index=False)
    followee_id = models.BigIntegerField()
    created_at = models.DateTimeField()
    # The followee's celebrity_version that this row has reached, and whether it is a celebrity's:
    # then the follower pulls the followee's messages, and the home need not have entries of them.
    celebrity_version = models.PositiveIntegerField(default=0, editable=False)
    followee_is_celebrity = models.BooleanField(default=False, editable=False)
    # A suspended followee's repost must not hide a later repost of the same message.
    followee_is_suspended = models.BooleanField(default=False, editable=False)

    class Shard:
        key = "follower"
        references = {"followee_id": "timeline_api.Account"}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["follower", "followee_id"], name="follow_once")
        ]
        indexes = [
            # For fan-out, which asks who of a range of members follows, and for account deletion.
            models.Index(fields=["followee_id", "follower"], name="follow_of_followee"),
            # Reading a home asks for these; nearly always there are none.
            models.Index(
                fields=["follower", "followee_id"],
                condition=models.Q(followee_is_celebrity=True),
                name="follow_of_celebrity",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.follower_id} follows {self.followee_id}"


class Follower(ShardedModel):
    """The mirror of a Follow on the followee's shard, for fan-out, lists and counts."""

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

    def __str__(self) -> str:
        return f"{self.followee_id} is followed by {self.follower_id}"


class Like(ShardedModel):
    """The truth: `account` likes the message, which may be on another shard."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="likes", db_index=False)
    message_id = models.BigIntegerField()
    message_author_id = models.BigIntegerField()
    created_at = models.DateTimeField()

    class Shard:
        key = "account"
        # Not message_id: the relay deletes the likes of a deleted message later.
        references = {"message_author_id": "timeline_api.Account"}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "message_id"], name="like_once")]
        # For the relay, when a message or its author is deleted.
        indexes = [models.Index(fields=["message_author_id", "message_id"], name="like_of_message")]

    def __str__(self) -> str:
        return f"{self.account_id} likes {self.message_id}"


class Interaction(ShardedModel):
    """The mirror of a like, repost or reply on the shard of the message's author, for lists and
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

    def __str__(self) -> str:
        return f"{self.kind} of {self.message_id} by {self.actor_id}"


class Block(ShardedModel):
    """The truth: `account` has blocked `blocked_id`. Neither sees the other, nor can follow them,
    or answer, like or repost their messages."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="blocks", db_index=False)
    # The index is for account deletion.
    blocked_id = models.BigIntegerField(db_index=True)
    created_at = models.DateTimeField()

    class Shard:
        key = "account"
        references = {"blocked_id": "timeline_api.Account"}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "blocked_id"], name="block_once")]

    def __str__(self) -> str:
        return f"{self.account_id} has blocked {self.blocked_id}"


class Blocker(ShardedModel):
    """The mirror of a Block on the blocked account's shard."""

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

    def __str__(self) -> str:
        return f"{self.account_id} is blocked by {self.blocker_id}"


class Mute(ShardedModel):
    """`account` has muted `muted_id`, who does not learn of it: their messages are left out of
    timelines, and their acts cause no notifications."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="mutes", db_index=False)
    # The index is for account deletion.
    muted_id = models.BigIntegerField(db_index=True)
    created_at = models.DateTimeField()

    class Shard:
        key = "account"
        references = {"muted_id": "timeline_api.Account"}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "muted_id"], name="mute_once")]

    def __str__(self) -> str:
        return f"{self.account_id} has muted {self.muted_id}"


class Report(ShardedModel):
    """A member's report to the operators, of a message or of an account as such. It stays when the
    message is deleted."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="reports", db_index=False)
    # None for a report of an account, which `message_author_id` then names.
    message_id = models.BigIntegerField(null=True, blank=True)
    # The index is for account deletion.
    message_author_id = models.BigIntegerField(db_index=True)
    # As reported: its author may edit or delete it later. Of an account its name, display name and
    # what it says of itself, as far as they fit.
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
            models.UniqueConstraint(fields=["account", "message_id"], name="report_once"),
            models.UniqueConstraint(
                fields=["account", "message_author_id"],
                condition=models.Q(message_id__isnull=True),
                name="report_of_account_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_id or self.message_author_id}, reported by {self.account_id}"
