"""Template tags of the site: texts, times, avatars, and cached cards of messages."""

from collections.abc import Collection
from datetime import UTC, date, datetime
from functools import lru_cache
from urllib.parse import urlencode

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils.dateformat import format as formatted
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import get_language, ngettext_lazy, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from .. import identicons, text
from ..client import (
    Account,
    Author,
    Notification,
)
from ..text import Entity

register = template.Library()


@register.filter
def linkify(member_text: str, entities: Collection[Entity] = ()) -> SafeString:
    """Return a member's text with markup escaped, and web addresses, names and tags linked."""
    return mark_safe(text.linkify(member_text, entities))  # noqa: S308 (text.linkify escapes)


# The short units are the same for any number, in every language. times.js has them too.
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
DATETIME = pgettext_lazy("date format", "j F Y, H:i")


@register.filter
def ago(then: datetime) -> str:
    """Return how long ago `then` was: "just now", "3 min ago", "24 Nov 2025"."""
    return age(then, datetime.now(UTC), get_language())


def age(then: datetime, now: datetime, language: str | None) -> str:
    """Return how long before `now` `then` was, in the active `language`."""
    unit, number = text.age(then, now)
    day = localtime(then).date() if unit in DATES else None
    return _age_text(unit, number, day, language)


@lru_cache(maxsize=1024)
def _age_text(unit: str, number: int, day: date | None, language: str | None) -> str:
    """Return an age in the active `language`."""
    return formatted(day, str(DATES[unit])) if day else AGES[unit] % {"number": number}


@register.filter
def minute(then: datetime) -> str:
    """Return `then` to the minute, in the zone of the page: UTC, or the one its reader chose."""
    local = localtime(then)
    return f"{formatted(local, str(DATETIME))} {local.tzname()}"


@register.filter
def time_element(then: datetime) -> SafeString:
    """Return `then` to the minute as a <time> element."""
    return format_html('<time datetime="{}">{}</time>', then.isoformat(), minute(then))


@register.simple_tag
@lru_cache
def icon(name: str) -> SafeString:
    """Return an icon of icons.svg, which screen readers skip: the words beside it say the same."""
    url = static("timeline_web/icons.svg")
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', url, name)


@register.filter
def escape_element_text(value: object) -> SafeString:
    """Return `value` with & < > escaped, but not quotation marks.

    The HTTP contract has quotation marks in flash texts; only attributes need them escaped.
    """
    escaped = str(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return mark_safe(escaped)  # noqa: S308 (escaped above)


@register.simple_tag
def avatar(account: Author | Account) -> SafeString:
    """Return the uploaded picture of an account, or its identicon."""
    return _avatar(account.username, account.picture)


def identicon(username: str) -> SafeString:
    """Return the picture of somebody who has uploaded none."""
    return _avatar(username, "")


@lru_cache(maxsize=4096)
def _avatar(username: str, picture: str) -> SafeString:
    if not picture:
        return mark_safe(identicons.svg(username))  # noqa: S308 (made of numbers alone)
    return format_html(
        '<img class="avatar" src="{}?v={}" alt="" width="44" height="44" loading="lazy">',
        reverse("avatar", args=[username]),
        picture,
    )


# By a notification's kind: the sentence for one account, and for one and others.
NOTIFICATION_TEXTS = {
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
def notification_text(notification: Notification) -> SafeString:
    """Return what happened, in a sentence that names and links who did it."""
    first = notification.accounts[0]
    name = format_html(
        '<a class="name" href="{}" dir="auto">{}</a>',
        reverse("profile", args=[first.username]),
        first.display_name or first.username,
    )
    texts = NOTIFICATION_TEXTS
    alone, together = texts.get(notification.kind, texts["mention"])
    others = notification.other_count
    sentence = (together if others else alone) % {"name": name, "others": others}
    return mark_safe(sentence)  # noqa: S308 (our words around what format_html made)


# By the last part of the address that a button sends its form to.
ACTS = {
    "follow": _("Follow"),
    "unfollow": _("Unfollow"),
    "block": _("Block"),
    "unblock": _("Unblock"),
    "mute": _("Mute"),
    "unmute": _("Unmute"),
}


@register.simple_tag
def act_button(username: str, act: str, classes: str = "") -> SafeString:
    """Return the button of a list of people that does `act` to `username`."""
    return format_html(
        '<button class="{}" form="act" formaction="{}/{}">{}'
        '<span class="hidden"> {}</span></button>',
        classes or ("plain" if act.startswith("un") else ""),
        reverse("profile", args=[username]),
        act,
        ACTS[act],
        username,
    )


@register.simple_tag
def feed_language() -> str:
    """Return the query string with which a feed has the page's language."""
    language = get_language()
    return "" if language == settings.LANGUAGES[0][0] else f"?language={language}"


@register.simple_tag
def languages() -> list[tuple[str, str]]:
    """Return the codes of the site's languages and their own names."""
    return list(settings.LANGUAGES)


@register.simple_tag
def query(**parameters: str) -> str:
    """Return `parameters` as a query string."""
    return urlencode(parameters)
