"""The forum as its team wrote it, for one database: every kind of row and of key."""

import uuid

from django.contrib.auth.models import User
from django.db import models


class Section(models.Model):
    """Stays global."""

    name = models.CharField(max_length=40)


class Member(models.Model):
    username = models.CharField(max_length=30, unique=True)
    user = models.OneToOneField(User, models.SET_NULL, null=True)
    joined = models.DateTimeField(auto_now_add=True)
    seen = models.DateTimeField(auto_now=True)
    picture = models.FileField(upload_to="pictures", blank=True)
    options = models.JSONField(default=dict, null=True)


class Profile(models.Model):
    """One to one, and its key is its primary key's neighbour."""

    member = models.OneToOneField(Member, models.CASCADE)
    about = models.TextField(blank=True)


class Label(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    member = models.ForeignKey(Member, models.CASCADE)
    word = models.CharField(max_length=20)


class Topic(models.Model):
    """Was called Thread once."""

    member = models.ForeignKey(Member, models.CASCADE)
    section = models.ForeignKey(Section, models.PROTECT)
    title = models.CharField(max_length=80)
    labels = models.ManyToManyField(Label)
    readers = models.ManyToManyField(User)
    # Points at a row that is made later.
    pinned = models.ForeignKey("Post", models.SET_NULL, null=True, related_name="+")


class Post(models.Model):
    topic = models.ForeignKey(Topic, models.CASCADE)
    author = models.ForeignKey(Member, models.CASCADE)
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="replies")
    moderator = models.ForeignKey(User, models.SET_NULL, null=True)
    quoted_id = models.IntegerField(null=True)
    body = models.TextField(db_column="text")
    score = models.DecimalField(max_digits=8, decimal_places=2, default=0)
    data = models.JSONField(null=True)
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)
    voters = models.ManyToManyField(Member, through="Vote", related_name="+")

    class Meta:
        db_table = "forum posts"


class Announcement(Post):
    """Multi-table inheritance."""

    until = models.DateField(null=True)


class Vote(models.Model):
    """The many-to-many with a model of its own."""

    post = models.ForeignKey(Post, models.CASCADE)
    member = models.ForeignKey(Member, models.CASCADE)
    weight = models.FloatField(default=1)

    class Meta:
        unique_together = [("post", "member")]


class Follow(models.Model):
    follower = models.ForeignKey(Member, models.CASCADE, related_name="follows")
    followee = models.ForeignKey(Member, models.CASCADE, related_name="followers")


class Badge(models.Model):
    """Stays global and names rows that will not."""

    member = models.ForeignKey(Member, models.CASCADE)
    post = models.ForeignKey(Post, models.CASCADE, null=True)
    name = models.CharField(max_length=20)
    shared_with = models.ManyToManyField(Member, related_name="+")
