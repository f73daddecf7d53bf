"""A small but nasty set of models: two roots, a model two hops away, a text key, NULLs, ties."""

from django.contrib.auth.models import User
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone

from shardrouter.models import ShardedManager, ShardedModel
from tests.shardrouter.app.fields import LevelField, ReversedField, WordsField


class AuthorManager(ShardedManager):
    def get_by_natural_key(self, name):
        return self.get(name=name)


class Author(ShardedModel):
    """A root placed by its name."""

    name = models.CharField(max_length=40, unique=True)
    bio = models.TextField(null=True, blank=True)
    born = models.DateField(null=True, blank=True)
    rating = models.FloatField(null=True, blank=True)
    # A reference table, which every database but `default` is without.
    home = models.ForeignKey(
        "Country", models.DO_NOTHING, null=True, blank=True, db_constraint=False
    )

    objects = AuthorManager()

    class Shard:
        slot_from = "name"
        normalize = str.casefold

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name

    def natural_key(self):
        return (self.name,)


class Shelf(ShardedModel):
    """A root placed at random."""

    label = models.CharField(max_length=40)
    comments = GenericRelation("Comment", "object_id", "kind", related_query_name="shelf")

    class Shard:
        pass

    def __str__(self):
        return self.label


class Tag(ShardedModel):
    author = models.ForeignKey(Author, models.CASCADE, related_name="tags")
    word = models.CharField(max_length=20)

    class Shard:
        key = "author"

    def __str__(self):
        return self.word


class Book(ShardedModel):
    """Lives with its author."""

    author = models.ForeignKey(Author, models.CASCADE, related_name="books")
    title = models.CharField(max_length=100, null=True, blank=True)
    pages = models.IntegerField(null=True, blank=True)
    price = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    published = models.DateTimeField(null=True, blank=True)
    tags = models.ManyToManyField(Tag, blank=True)

    class Shard:
        key = "author"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["author", "title"], name="one_title_an_author")
        ]

    def __str__(self):
        return self.title or "untitled"


class Chapter(ShardedModel):
    """Two hops from its root: its key is a book's id, which carries the author's slot."""

    book = models.ForeignKey(Book, models.CASCADE, related_name="chapters")
    number = models.IntegerField()
    heading = models.CharField(max_length=60, blank=True)

    class Shard:
        key = "book"

    def __str__(self):
        return self.heading


class Visit(ShardedModel):
    """Its key is a plain integer that holds an author's id."""

    author_id = models.BigIntegerField(db_index=True)
    page = models.CharField(max_length=40)

    class Shard:
        key = "author_id"

    def __str__(self):
        return self.page


class Bookmark(ShardedModel):
    """Points at a book that may live on another shard."""

    author = models.ForeignKey(Author, models.CASCADE, related_name="bookmarks")
    book = models.ForeignKey(Book, models.DO_NOTHING, db_constraint=False, related_name="bookmarks")
    note = models.CharField(max_length=40, blank=True)

    class Shard:
        key = "author"

    def __str__(self):
        return self.note


class Comment(ShardedModel):
    """Lives with the row that it is about, of any model."""

    kind = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.BigIntegerField(db_index=True)
    about = GenericForeignKey("kind", "object_id")
    text = models.CharField(max_length=40)

    class Shard:
        key = "object_id"

    def __str__(self):
        return self.text


class Lending(ShardedModel):
    """Has an order among those of its author, and a key to a book that may be on another shard, or
    to none."""

    author = models.ForeignKey(Author, models.CASCADE, related_name="lendings")
    book = models.ForeignKey(
        Book, models.DO_NOTHING, null=True, db_constraint=False, related_name="lendings"
    )

    class Shard:
        key = "author"

    class Meta(ShardedModel.Meta):
        abstract = False
        order_with_respect_to = "author"

    def __str__(self):
        return str(self.pk)


class Reading(ShardedModel):
    """Has no id: its reader, an author, and the book are its primary key."""

    id = None
    pk = models.CompositePrimaryKey("reader", "book_id")
    reader = models.ForeignKey(Author, models.CASCADE, related_name="readings", db_index=False)
    book_id = models.BigIntegerField()
    page = models.IntegerField(null=True, blank=True)
    note = models.CharField(max_length=40, blank=True)

    class Shard:
        key = "reader"

    def __str__(self):
        return f"{self.book_id} by {self.reader_id}"


class Sample(ShardedModel):
    """Has values that Python compares otherwise than a database does."""

    author = models.ForeignKey(Author, models.CASCADE, related_name="samples")
    number = models.IntegerField(null=True)
    # Of SQLite, and of PostgreSQL by a migration: "a" equals "A".
    label = models.CharField(max_length=20, null=True, db_collation="NOCASE")
    level = LevelField(null=True)
    backwards = ReversedField(max_length=20, null=True)
    words = WordsField(null=True)
    options = models.JSONField(null=True)
    file = models.FileField(null=True)
    address = models.GenericIPAddressField(null=True)
    raw = models.BinaryField(null=True)
    ratio = models.FloatField(null=True)
    seen = models.DateTimeField(default=timezone.now)

    class Shard:
        key = "author"

    def __str__(self):
        return self.label or ""


class Portrait(ShardedModel):
    """Has its author's id: one for each, which is its primary key."""

    id = None
    author = models.OneToOneField(Author, models.CASCADE, primary_key=True)
    painter = models.CharField(max_length=40, blank=True)

    class Shard:
        key = "author"

    def __str__(self):
        return self.painter


class Moment(ShardedModel):
    """A root placed by a time."""

    at = models.DateTimeField(unique=True)

    class Shard:
        slot_from = "at"

    def __str__(self):
        return str(self.at)


class Price(ShardedModel):
    """A root placed by a decimal."""

    amount = models.DecimalField(max_digits=8, decimal_places=2, unique=True)

    class Shard:
        slot_from = "amount"

    def __str__(self):
        return str(self.amount)


class Ratio(ShardedModel):
    """A root placed by a float."""

    value = models.FloatField(unique=True)

    class Shard:
        slot_from = "value"

    def __str__(self):
        return str(self.value)


class Country(models.Model):
    """Global: lives in default."""

    code = models.CharField(max_length=2, unique=True)
    keeper = models.ForeignKey(User, models.SET_NULL, null=True, blank=True)

    def __str__(self):
        return self.code
