"""Template tags of the site: thin shells around `prose` and `avatars`."""

from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import urlencode

from django import template
from django.utils.safestring import SafeString, mark_safe

from .. import avatars, prose

register = template.Library()


@register.filter
def linked(text: str) -> SafeString:
    """A member's text with its markup escaped, and its addresses and @names linked."""
    return mark_safe(prose.linked(text))  # noqa: S308 (prose.linked escapes)


@register.filter
def plain(text: str) -> SafeString:
    """`text` for between two tags: & < > escaped, quotation marks left as they are.

    The contract gives the flash texts word for word, quotation marks too.
    """
    escaped = str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return mark_safe(escaped)  # noqa: S308 (escaped above; quotes need it in attributes only)


@register.filter
def ago(then: datetime) -> str:
    """How long ago `then` was, in a word or two."""
    return prose.ago(then, datetime.now(UTC))


@register.simple_tag
def avatar(username: str) -> SafeString:
    """The picture that belongs to `username`."""
    return _avatar(username)


@lru_cache(maxsize=4096)
def _avatar(username: str) -> SafeString:
    return mark_safe(avatars.svg(username))  # noqa: S308 (made of numbers alone)


@register.filter
def cursor_query(cursor: str) -> str:
    """The query string that leads to the page at `cursor`."""
    return urlencode({"cursor": cursor})
