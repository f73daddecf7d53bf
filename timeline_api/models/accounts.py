"""Accounts: members, with their tokens and pictures."""

from django.db import models
from django.db.models.functions import Lower

from shardrouter.models import ShardedModel

from ..domain.limits import MAX_USERNAME_LENGTH
from ..domain.pictures import VERSION_LENGTH


class Account(ShardedModel):
    """A member. The root model: its slot comes from the casefolded username."""

    username = models.CharField(max_length=MAX_USERNAME_LENGTH)
    # Look-ups compare with it. The database keeps it, so that every write updates it.
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
    # The version of the member's Avatar; "" for none. It is part of the picture's URL, so that
    # browsers can cache the picture for ever.
    avatar_version = models.CharField(max_length=VERSION_LENGTH, blank=True, editable=False)
    # The message that is shown first on the profile.
    pinned_id = models.BigIntegerField(null=True, blank=True)
    is_suspended = models.BooleanField(default=False)
    # From this message id on the home entries are complete; older messages are read from the
    # shards. 0 until the home is trimmed.
    home_floor = models.BigIntegerField(default=0, editable=False)
    # Incremented when the account becomes a celebrity, whose messages readers pull, and when it
    # becomes ordinary again: odd means celebrity. `celebrity_version_delivered` is the version that
    # every follower's Follow row has reached.
    celebrity_version = models.PositiveIntegerField(default=0, editable=False)
    celebrity_version_delivered = models.PositiveIntegerField(default=0, editable=False)

    # Django and DRF read these of `request.user`.
    is_authenticated = True
    is_anonymous = False
    is_active = True

    class Shard:
        slot_from = ("username", "username_key")
        normalize = str.casefold

    class Meta:
        indexes = [
            # Both for operators: whose address is this, and who is suspended?
            models.Index(Lower("email"), name="account_email"),
            models.Index(
                fields=["id"], condition=models.Q(is_suspended=True), name="account_suspended"
            ),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def is_celebrity(self) -> bool:
        """Whether readers pull this account's messages instead of getting home entries."""
        return self.celebrity_version % 2 == 1


class LeavingName(ShardedModel):
    """The name of a deleted account, until the relay has deleted what other shards hold of it."""

    username_key = models.CharField(max_length=MAX_USERNAME_LENGTH, unique=True)
    account_id = models.BigIntegerField()

    class Shard:
        slot_from = "username_key"
        normalize = str.casefold

    def __str__(self) -> str:
        return self.username_key


class Token(ShardedModel):
    """An API token. Its owner holds the text `<id>.<secret>`; only the secret's SHA-256, in
    hexadecimal digits, is stored."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="tokens")
    digest = models.CharField(max_length=64)
    name = models.CharField(max_length=50, blank=True)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Shard:
        key = "account"

    def __str__(self) -> str:
        return self.name or f"token {self.pk}"


class Avatar(ShardedModel):
    """A member's uploaded picture, as `pictures.squared` has re-encoded it.

    In the database and not in a file: any instance can serve it, it moves with its slot, and it is
    deleted with its account. For a member without one the site draws a picture from the name.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="avatars", db_index=False)
    data = models.BinaryField(max_length=64 * 1024)
    created_at = models.DateTimeField()

    class Shard:
        key = "account"

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account"], name="avatar_once")]

    def __str__(self) -> str:
        return f"the picture of {self.account_id}"
