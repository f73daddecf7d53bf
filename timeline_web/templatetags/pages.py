"""Template tags of the site: shells around `prose` and `avatars`, and cached cards of messages."""

from collections.abc import Collection
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import urlencode

from django import template
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from .. import avatars, prose
from ..client import Account, Author, Message
from ..membership import Member
from ..prose import Entity

register = template.Library()


@register.filter
def linked(text: str, entities: Collection[Entity] = ()) -> SafeString:
    """A member's text with its markup escaped, and its addresses, names and tags linked."""
    return mark_safe(prose.linked(text, entities))  # noqa: S308 (prose.linked escapes)


@register.filter
def ago(then: datetime) -> str:
    """How long ago `then` was, for a glance."""
    return prose.ago(then, datetime.now(UTC))


@register.simple_tag
@lru_cache
def icon(name: str) -> SafeString:
    """A picture out of icons.svg; the words beside it say what it means."""
    url = static("timeline_web/icons.svg")
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', url, name)


@register.filter
def plain(text: str) -> SafeString:
    """`text` for between two tags: & < > escaped, quotation marks left as they are.

    The contract gives the flash texts word for word, quotation marks too.
    """
    escaped = str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return mark_safe(escaped)  # noqa: S308 (escaped above; quotes need it in attributes only)


@register.simple_tag(takes_context=True)
def card(context: template.Context, message: Message) -> SafeString:
    """A message as it stands in a list, with what its reader may do with it."""
    before, after = _card(message, _viewer(context["request"].member, message))
    if not after:
        return mark_safe(before)  # noqa: S308
    shown = message.repost_of or message
    return mark_safe(before + prose.ago(shown.created_at, datetime.now(UTC)) + after)  # noqa: S308


def _viewer(member: Member | None, message: Message) -> str:
    """What the reader is to the message: a visitor, its author, or any other member."""
    shown = message.repost_of or message
    if member is None:
        return "visitor"
    return "author" if shown.author and shown.author.username == member.username else "member"


# Where the relative time goes. Members' texts are escaped, so none of them can hold it.
AGO = "<!--ago-->"


@lru_cache(maxsize=4096)
def _card(message: Message, viewer: str) -> tuple[str, str]:
    """The card of `message` around its relative time, which alone changes as time goes by.

    Cached, as it is the same for most readers and costs most of a page: 30 of them took 7 of its
    8 ms. At about 3 kB each the cache stays under 15 MB.
    """
    context = {
        "message": message,
        "shown": message.repost_of or message,
        "viewer": viewer,
        "ago": mark_safe(AGO),  # noqa: S308
    }
    before, mark, after = render_to_string("timeline_web/_message.html", context).partition(AGO)
    return (before, after) if mark else (before, "")


@register.simple_tag
def avatar(person: Author | Account | Member) -> SafeString:
    """The picture of somebody: the one they have uploaded, or the one that is drawn from the name.

    A Member, whom only the cookie knows, has the drawn one.
    """
    return _avatar(person.username, getattr(person, "picture", ""))


@lru_cache(maxsize=4096)
def _avatar(username: str, picture: str) -> SafeString:
    if not picture:
        return mark_safe(avatars.svg(username))  # noqa: S308 (made of numbers alone)
    return format_html(
        '<img class="avatar" src="{}?v={}" alt="" width="44" height="44" loading="lazy">',
        reverse("avatar", args=[username]),
        picture,
    )


@register.simple_tag(takes_context=True)
def cursor_query(context: template.Context, cursor: str) -> str:
    """The query string that leads to the page at `cursor` of the list that this page shows."""
    kept = {name: value for name, value in context["request"].GET.items() if name != "cursor"}
    return urlencode(kept | {"cursor": cursor})


@register.simple_tag
def query(**parameters: str) -> str:
    """A query string."""
    return urlencode(parameters)
