"""Fields whose values in Python are not what the database stores, compares and orders."""

import enum

from django.db import models


class Level(enum.Enum):
    """Stored as a number; has no order, and its definition has another one than the numbers."""

    HIGH = 3
    LOW = 1
    MIDDLE = 2


class LevelField(models.IntegerField):
    def from_db_value(self, value, expression, connection):
        return None if value is None else Level(value)

    def to_python(self, value):
        return value if value is None or isinstance(value, Level) else Level(value)

    def get_prep_value(self, value):
        return value.value if isinstance(value, Level) else value


class ReversedField(models.CharField):
    """Text that is stored from its end to its beginning."""

    def from_db_value(self, value, expression, connection):
        return None if value is None else value[::-1]

    def get_prep_value(self, value):
        return None if value is None else str(value)[::-1]


class WordsField(models.TextField):
    """A list of words, which Python cannot hash."""

    def from_db_value(self, value, expression, connection):
        return None if value is None else value.split()

    def get_prep_value(self, value):
        return " ".join(value) if isinstance(value, list) else value
