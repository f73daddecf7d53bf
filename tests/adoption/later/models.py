"""What is left of the forum."""

from django.contrib.auth.models import User
from django.db import models

from shardrouter.models import ShardedModel


class Area(models.Model):
    """Was called Section."""

    name = models.CharField(max_length=40)


class Person(ShardedModel):
    """Was called Member."""

    username = models.CharField(max_length=30, unique=True)
    user = models.ForeignKey(User, models.DO_NOTHING, db_constraint=False, null=True)
    joined = models.DateTimeField(auto_now_add=True)
    seen = models.DateTimeField(auto_now=True)
    picture = models.FileField(upload_to="pictures", blank=True)
    options = models.JSONField(default=dict, null=True)

    class Shard:
        slot_from = "username"
        normalize = str.casefold


class Tag(ShardedModel):
    """Was called Label."""

    member = models.ForeignKey(Person, models.CASCADE)
    word = models.CharField(max_length=20)

    class Shard:
        key = "member"
