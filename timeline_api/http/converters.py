"""Path converters. What they do not match is a 404."""

from django.urls.converters import StringConverter

from .pagination import MAX_ID


class UsernameConverter(StringConverter):
    regex = "[A-Za-z0-9_]{1,30}"


class TagConverter(StringConverter):
    """A tag. It has no NUL, which PostgreSQL refuses in a query."""

    regex = r"[^/\0]+"


class IdConverter:
    """A sharded id: a decimal of at most 63 bits, without leading zeros."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > MAX_ID:
            raise ValueError(value)
        return number

    def to_url(self, value: int | str) -> str:
        return str(value)
