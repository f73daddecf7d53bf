"""The forum on shards. What differs from before is `class Shard`, and keys that leave the slot."""

from django.contrib.auth.models import User
from django.db import models

from shardrouter.models import ShardedModel


class Section(models.Model):
    """Stays global."""

    name = models.CharField(max_length=40)


class Member(ShardedModel):
    username = models.CharField(max_length=30, unique=True)
    user = models.ForeignKey(User, models.DO_NOTHING, db_constraint=False, null=True)
    joined = models.DateTimeField(auto_now_add=True)
    seen = models.DateTimeField(auto_now=True)
    picture = models.FileField(upload_to="pictures", blank=True)
    options = models.JSONField(default=dict, null=True)

    class Shard:
        slot_from = "username"
        normalize = str.casefold


class Profile(ShardedModel):
    """One to one, and its key is its primary key's neighbour."""

    member = models.OneToOneField(Member, models.CASCADE)
    about = models.TextField(blank=True)

    class Shard:
        key = "member"


class Label(ShardedModel):
    member = models.ForeignKey(Member, models.CASCADE)
    word = models.CharField(max_length=20)

    class Shard:
        key = "member"


class Topic(ShardedModel):
    """Was called Thread once."""

    member = models.ForeignKey(Member, models.CASCADE)
    section = models.ForeignKey(Section, models.DO_NOTHING, db_constraint=False)
    title = models.CharField(max_length=80)
    labels = models.ManyToManyField(Label)
    readers = models.ManyToManyField(User, db_constraint=False)
    # Points at a row that is made later.
    pinned = models.ForeignKey("Post", models.DO_NOTHING, null=True, related_name="+")

    class Shard:
        key = "member"
        colocated = ("pinned",)


class Post(ShardedModel):
    topic = models.ForeignKey(Topic, models.CASCADE)
    author = models.ForeignKey(Member, models.DO_NOTHING, db_constraint=False)
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="replies")
    moderator = models.ForeignKey(User, models.DO_NOTHING, db_constraint=False, null=True)
    quoted_id = models.BigIntegerField(null=True)
    body = models.TextField(db_column="text")
    score = models.DecimalField(max_digits=8, decimal_places=2, default=0)
    data = models.JSONField(null=True)
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)
    voters = models.ManyToManyField(Member, through="Vote", related_name="+")

    class Meta:
        db_table = "forum posts"

    class Shard:
        key = "topic"
        colocated = ("parent",)
        references = {"quoted_id": "forum.Post"}


class Announcement(Post):
    """Multi-table inheritance."""

    until = models.DateField(null=True)


class Vote(ShardedModel):
    """The many-to-many with a model of its own."""

    post = models.ForeignKey(Post, models.CASCADE)
    member = models.ForeignKey(Member, models.DO_NOTHING, db_constraint=False)
    weight = models.FloatField(default=1)

    class Meta:
        unique_together = [("post", "member")]

    class Shard:
        key = "post"


class Follow(ShardedModel):
    follower = models.ForeignKey(Member, models.CASCADE, related_name="follows")
    followee = models.ForeignKey(
        Member, models.DO_NOTHING, db_constraint=False, related_name="followers"
    )

    class Shard:
        key = "follower"


class Badge(models.Model):
    """Stays global and names rows that will not."""

    member = models.ForeignKey(Member, models.DO_NOTHING, db_constraint=False)
    post = models.ForeignKey(Post, models.DO_NOTHING, db_constraint=False, null=True)
    name = models.CharField(max_length=20)
    shared_with = models.ManyToManyField(Member, db_constraint=False, related_name="+")
