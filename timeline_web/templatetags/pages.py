"""Template tags of the site: shells around `prose` and `avatars`, and cached cards of messages."""

from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import urlencode

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from .. import avatars, prose
from ..client import Message

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


@register.simple_tag
def card(message: Message) -> SafeString:
    """A message as it stands in a list."""
    before, after = _card(message)
    return mark_safe(before + prose.ago(message.created_at, datetime.now(UTC)) + after)  # noqa: S308


# Where the relative time goes. Members' texts are escaped, so none of them can hold it.
AGO = "<!--ago-->"


@lru_cache(maxsize=4096)
def _card(message: Message) -> tuple[str, str]:
    """The card of `message` around its relative time, which alone changes as time goes by.

    Cached, as it is the same for every reader and costs most of a page: 30 of them took 7 of its
    8 ms. At about 2 kB each the cache stays under 10 MB.
    """
    context = {"message": message, "ago": mark_safe(AGO)}  # noqa: S308
    before, after = render_to_string("timeline_web/_message.html", context).split(AGO)
    return before, after


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
