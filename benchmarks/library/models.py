"""The same two tables twice: sharded, and as plain models in one database."""

from django.db import models

from shardrouter.models import ShardedModel


class BookColumns(models.Model):
    title = models.CharField(max_length=100)
    pages = models.IntegerField()
    price = models.DecimalField(max_digits=8, decimal_places=2)
    published = models.DateTimeField()

    class Meta:
        abstract = True


class Author(ShardedModel):
    name = models.CharField(max_length=40, unique=True)

    class Shard:
        slot_from = "name"

    class Meta:
        app_label = "library"

    def __str__(self):
        return self.name


class Book(ShardedModel, BookColumns):
    author = models.ForeignKey(Author, models.CASCADE, related_name="books")

    class Shard:
        key = "author"

    class Meta(ShardedModel.Meta):
        app_label = "library"
        abstract = False

    def __str__(self):
        return self.title


class PlainAuthor(models.Model):
    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=40, unique=True)

    class Meta:
        app_label = "library"

    def __str__(self):
        return self.name


class PlainBook(BookColumns):
    id = models.BigAutoField(primary_key=True)
    author = models.ForeignKey(PlainAuthor, models.CASCADE, related_name="books")

    class Meta:
        app_label = "library"

    def __str__(self):
        return self.title
