"""Template tags of the site: shells around `prose` and `avatars`, and cached cards of messages."""

from collections.abc import Collection
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import urlencode

from django import template
from django.conf import settings
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.dateformat import format as formatted
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext_lazy, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from .. import avatars, prose
from ..client import Account, Author, Message, Notification
from ..membership import Member
from ..prose import Entity
from ..views.access import here as here_of

register = template.Library()


@register.filter
def linked(text: str, entities: Collection[Entity] = ()) -> SafeString:
    """A member's text with its markup escaped, and its addresses, names and tags linked."""
    return mark_safe(prose.linked(text, entities))  # noqa: S308 (prose.linked escapes)


# The short words are the same for any number, in every language: comfort.js has them too.
AGES = {
    "now": _("just now"),
    "min": _("%(number)s min ago"),
    "h": _("%(number)s h ago"),
    "d": _("%(number)s d ago"),
}
DATES = {
    "date": pgettext_lazy("date format", "j M"),
    "date with year": pgettext_lazy("date format", "j M Y"),
}
MOMENT = pgettext_lazy("date format", "j F Y, H:i")


@register.filter
def ago(then: datetime) -> str:
    """How long ago `then` was, for a glance: "just now", "3 min ago", "24 Nov 2025"."""
    unit, number = prose.age(then, datetime.now(UTC))
    if unit in DATES:
        return formatted(then, DATES[unit])
    return AGES[unit] % {"number": number}


@register.filter
def exactly(then: datetime) -> str:
    """`then` to the minute, in UTC."""
    return f"{formatted(then.astimezone(UTC), MOMENT)} UTC"


@register.filter
def moment(then: datetime) -> SafeString:
    """`then` to the minute as a <time>, for a sentence to hold."""
    return format_html('<time datetime="{}">{}</time>', then.isoformat(), exactly(then))


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
    viewer = _viewer(context["request"].member, message)
    before, after = _card(message, viewer, get_language())
    if not after:
        return mark_safe(before)  # noqa: S308
    shown = message.repost_of or message
    return mark_safe(before + ago(shown.created_at) + after)  # noqa: S308


def _viewer(member: Member | None, message: Message) -> str:
    """What the reader is to the message: a visitor, its author, or any other member."""
    shown = message.repost_of or message
    if member is None:
        return "visitor"
    return "author" if shown.author and shown.author.username == member.username else "member"


# Where the relative time goes. Members' texts are escaped, so none of them can hold it.
AGO = "<!--ago-->"


@lru_cache(maxsize=4096)
def _card(message: Message, viewer: str, language: str) -> tuple[str, str]:
    """The card of `message` around its relative time, which alone changes as time goes by.
    `language` is the one that is active.

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


@register.simple_tag(takes_context=True)
def my_avatar(context: template.Context) -> SafeString:
    """The picture of who reads: on a page about a failure, which asks the API nothing more, and
    where that does not answer, the drawn one."""
    request = context["request"]
    head = None if context.get("status") else request.head
    return avatar(head.me if head else request.member)


@lru_cache(maxsize=4096)
def _avatar(username: str, picture: str) -> SafeString:
    if not picture:
        return mark_safe(avatars.svg(username))  # noqa: S308 (made of numbers alone)
    return format_html(
        '<img class="avatar" src="{}?v={}" alt="" width="44" height="44" loading="lazy">',
        reverse("avatar", args=[username]),
        picture,
    )


# By a notification's kind: what one has done, and one with others.
TOLD = {
    "follow": (
        _("%(name)s followed you"),
        ngettext_lazy(
            "%(name)s and %(others)d other followed you",
            "%(name)s and %(others)d others followed you",
            "others",
        ),
    ),
    "like": (
        _("%(name)s liked your message"),
        ngettext_lazy(
            "%(name)s and %(others)d other liked your message",
            "%(name)s and %(others)d others liked your message",
            "others",
        ),
    ),
    "repost": (
        _("%(name)s reposted your message"),
        ngettext_lazy(
            "%(name)s and %(others)d other reposted your message",
            "%(name)s and %(others)d others reposted your message",
            "others",
        ),
    ),
    "reply": (
        _("%(name)s replied to you"),
        ngettext_lazy(
            "%(name)s and %(others)d other replied to you",
            "%(name)s and %(others)d others replied to you",
            "others",
        ),
    ),
    "mention": (
        _("%(name)s mentioned you"),
        ngettext_lazy(
            "%(name)s and %(others)d other mentioned you",
            "%(name)s and %(others)d others mentioned you",
            "others",
        ),
    ),
}


@register.simple_tag
def told(item: Notification) -> SafeString:
    """What happened, in a sentence that names and links who did it."""
    first = item.accounts[0]
    name = format_html(
        '<a class="name" href="{}" dir="auto">{}</a>',
        reverse("profile", args=[first.username]),
        first.display_name or first.username,
    )
    alone, together = TOLD.get(item.kind, TOLD["mention"])
    sentence = (together if item.others else alone) % {"name": name, "others": item.others}
    return mark_safe(sentence)  # noqa: S308 (our words around what format_html made)


@register.simple_tag
def feed_language() -> str:
    """What a feed's address ends in, for it to speak the page's language."""
    language = get_language()
    return "" if language == settings.LANGUAGES[0][0] else f"?language={language}"


@register.simple_tag
def languages() -> list[tuple[str, str]]:
    """The languages of the site: their codes, and what they call themselves."""
    return settings.LANGUAGES


@register.simple_tag(takes_context=True)
def here(context: template.Context) -> str:
    """Where the language form comes back to."""
    return here_of(context["request"])


@register.simple_tag(takes_context=True)
def cursor_query(context: template.Context, cursor: str) -> str:
    """The query string that leads to the page at `cursor` of the list that this page shows."""
    kept = {name: value for name, value in context["request"].GET.items() if name != "cursor"}
    return urlencode(kept | {"cursor": cursor})


@register.simple_tag
def query(**parameters: str) -> str:
    """A query string."""
    return urlencode(parameters)
