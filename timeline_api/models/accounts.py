"""Accounts: members, their tokens and pictures."""

from django.db import models
from django.db.models.functions import Lower

from shardrouter.models import ShardedModel

from ..domain.limits import MAX_USERNAME_LENGTH
from ..domain.pictures import VERSION_LENGTH


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
    # Incremented when the account becomes a celebrity, whose messages readers pull, and when it
    # stops being one: odd means celebrity. `celebrity_version_delivered` is the version that every
    # follower's Follow row has reached.
    celebrity_version = models.PositiveIntegerField(default=0, editable=False)
    celebrity_version_delivered = models.PositiveIntegerField(default=0, editable=False)

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
    def is_celebrity(self) -> bool:
        """Whether readers pull the messages of this account instead of getting home entries."""
        return self.celebrity_version % 2 == 1


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
