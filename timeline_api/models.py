"""The rows of the API and where each lives; docs/timelines.md says why.

Everything but ThrottleCount and RelayLease is sharded: an Account by its username, all else with
the account that its shard key names. A foreign key has `db_index=False` where another index begins
with it: one index less to write, and none that SQLite could mistake for the better one.
"""

from django.db import models
from django.db.models.functions import Lower

from shardrouter.models import ShardedModel

from .pictures import VERSION_LENGTH

MAX_TEXT_LENGTH = 280
# How many of the messages above it a reply knows.
MAX_ANCESTORS = 10
MAX_USERNAME_LENGTH = 30


class Account(ShardedModel):
    """A member. The root: its slot comes from the casefolded username."""

    username = models.CharField(max_length=MAX_USERNAME_LENGTH)
    # Kept by the database, so that no write can leave it behind; what look-ups compare with.
    username_key = models.GeneratedField(
        expression=Lower("username"),
        output_field=models.CharField(max_length=MAX_USERNAME_LENGTH),
        db_persist=True,
        unique=True,
    )
    display_name = models.CharField(max_length=50, blank=True)
    bio = models.TextField(max_length=500, blank=True)
    email = models.EmailField()
    password = models.CharField(max_length=128)
    created_at = models.DateTimeField()
    message_count = models.PositiveIntegerField(default=0)
    follower_count = models.PositiveIntegerField(default=0)
    following_count = models.PositiveIntegerField(default=0)
    # Which Avatar the member has; "" for none. It is in the picture's address, so that a browser
    # may keep the picture for ever.
    avatar_version = models.CharField(max_length=VERSION_LENGTH, blank=True, editable=False)
    # The message that stands first on the profile.
    pinned_id = models.BigIntegerField(null=True, blank=True)
    is_suspended = models.BooleanField(default=False)
    # From this message id on, the home entries are all there are; what is older is asked of the
    # shards. 0 as long as nothing was cut off.
    home_floor = models.BigIntegerField(default=0, editable=False)
    # Rises by one whenever the account becomes a celebrity, whose messages readers pull, and when
    # it is none any more: odd means pulled. `told` is the one that every follower has heard of.
    pull_version = models.PositiveIntegerField(default=0, editable=False)
    pull_version_told = models.PositiveIntegerField(default=0, editable=False)

    # Django and DRF ask this of `request.user`.
    is_authenticated = True
    is_anonymous = False
    is_active = True

    class Shard:
        slot_from = ("username", "username_key")
        normalize = str.casefold

    def __str__(self):
        return self.username

    @property
    def pulled(self) -> bool:
        """Whether the account is a celebrity: readers are to pull its messages."""
        return self.pull_version % 2 == 1


class LeavingName(ShardedModel):
    """The name of an account that was deleted, as long as traces of it are being removed."""

    username_key = models.CharField(max_length=MAX_USERNAME_LENGTH, unique=True)
    account_id = models.BigIntegerField()

    class Shard:
        slot_from = "username_key"
        normalize = str.casefold

    def __str__(self):
        return self.username_key


class Token(ShardedModel):
    """A way in. The text that its owner holds is `<id>.<secret>`; here is only the digest."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="tokens")
    digest = models.CharField(max_length=64)
    name = models.CharField(max_length=50, blank=True)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Shard:
        key = "account"

    def __str__(self):
        return self.name or f"token {self.pk}"


class Avatar(ShardedModel):
    """The picture that a member has uploaded, as `pictures.squared` made it anew.

    In the database and not in a file: any instance serves it, it moves with its slot, and it goes
    with its account. A member without one has the picture that the site draws from the name.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="avatars", db_index=False)
    data = models.BinaryField(max_length=64 * 1024)
    created_at = models.DateTimeField()

    class Shard:
        key = "account"

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account"], name="avatar_once")]

    def __str__(self):
        return f"the picture of {self.account_id}"


class Message(ShardedModel):
    """A message; with `parent_id` a reply to another, with `repost_of_id` a repost without text."""

    author = models.ForeignKey(Account, models.CASCADE, related_name="messages", db_index=False)
    text = models.CharField(max_length=MAX_TEXT_LENGTH, blank=True)
    created_at = models.DateTimeField()
    # The names that the text mentions and that somebody has.
    mentions = models.JSONField(default=list, blank=True)
    # Rises with each edit; the texts before it are Revisions.
    revision = models.PositiveIntegerField(default=0)
    edited_at = models.DateTimeField(null=True, blank=True)
    # The message that this replies to, and the nearest MAX_ANCESTORS above it, the parent last. The
    # parent stays named when it is deleted.
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
            # A member's messages, newest first, are one range of this.
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

    def __str__(self):
        return self.text[:60]


class Revision(ShardedModel):
    """A text that a message had before it was edited."""

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

    def __str__(self):
        return f"{self.message_id}, revision {self.number}"


class Tombstone(ShardedModel):
    """The gap that a deleted message leaves while it has replies. Its id is the message's."""

    author = models.ForeignKey(Account, models.CASCADE, related_name="tombstones")
    parent_id = models.BigIntegerField(null=True)
    parent_author_id = models.BigIntegerField(null=True)
    ancestor_ids = models.JSONField(default=list)
    created_at = models.DateTimeField()

    class Shard:
        key = "author"

    def __str__(self):
        return f"{self.pk}, deleted"

    @classmethod
    def of(cls, message: Message) -> "Tombstone":
        """The gap that `message` leaves, not saved: its place, and nothing of what it said."""
        return cls(
            pk=message.pk,
            author_id=message.author_id,
            parent_id=message.parent_id,
            parent_author_id=message.parent_author_id,
            ancestor_ids=message.ancestor_ids,
            created_at=message.created_at,
        )


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


class Hashtag(ShardedModel):
    """That a message has a tag; `tag` is as `entities.fold` makes it."""

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
        # The page of a tag is a range of this on each shard.
        indexes = [models.Index(fields=["tag", "-message"], name="hashtag_newest")]

    def __str__(self):
        return f"#{self.tag}"


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


class Notification(ShardedModel):
    """What somebody did that `account` is told of. `message_id` is the message that was liked or
    reposted, the reply, or the one with the mention; `source_id` the fact that it tells of."""

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
            # How many are unread is asked with every page.
            models.Index(
                fields=["account"], condition=models.Q(is_read=False), name="notification_unread"
            ),
        ]

    def __str__(self):
        return f"{self.kind} by {self.actor_id}, for {self.account_id}"


class Follow(ShardedModel):
    """The truth: `follower` follows the account `followee_id`, which may be on another shard."""

    follower = models.ForeignKey(Account, models.CASCADE, related_name="follows", db_index=False)
    followee_id = models.BigIntegerField()
    created_at = models.DateTimeField()
    # The followee's pull_version that this row has heard of last, and what it means: home entries
    # need not have the followee's messages, the reader pulls them.
    pull_version = models.PositiveIntegerField(default=0, editable=False)
    pulled = models.BooleanField(default=False, editable=False)
    # Whether the followee is suspended: then their reposts stand in no later one's way.
    silenced = models.BooleanField(default=False, editable=False)

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
                condition=models.Q(pulled=True),
                name="follow_pulled",
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
    left_out = models.CharField(max_length=63, blank=True)
    again_for = models.CharField(max_length=63, blank=True)
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


class IdempotencyKey(ShardedModel):
    """What a post with this Idempotency-Key answered first; kept for 24 hours."""

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

    def __str__(self):
        return self.key


class RelayLease(models.Model):
    """Which relay works on a shard's outbox, and until when, unless it says so again. Global."""

    shard = models.CharField(max_length=63, primary_key=True)
    holder = models.CharField(max_length=255)
    expires_at = models.DateTimeField()

    def __str__(self):
        return f"{self.shard}: {self.holder}"


class ThrottleCount(models.Model):
    """How often one did one thing in the window that is running. Lives on the alias `cache`."""

    key = models.CharField(max_length=80, primary_key=True)
    count = models.PositiveIntegerField()
    # Unix time in whole seconds; by this index the expired are deleted.
    expires_at = models.BigIntegerField(db_index=True)

    def __str__(self):
        return f"{self.key}: {self.count}"
