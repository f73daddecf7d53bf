"""Template tags of the site: texts, times, avatars, and cached cards of messages."""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
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

from .. import identicons, text
from ..client import (
    Account,
    Author,
    ConversationItem,
    DeletedMessage,
    Message,
    Notification,
    Page,
    Trend,
)
from ..fragments import fragment
from ..sessions import Member
from ..text import Entity
from ..views import navigation

register = template.Library()


@register.filter
def linkify(member_text: str, entities: Collection[Entity] = ()) -> SafeString:
    """Return a member's text with markup escaped, and web addresses, names and tags linked."""
    return mark_safe(text.linkify(member_text, entities))  # noqa: S308 (text.linkify escapes)


# The short units are the same for any number, in every language. enhancements.js has them too.
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
    return _age(then, datetime.now(UTC), get_language())


def _age(then: datetime, now: datetime, language: str | None) -> str:
    unit, number = text.age(then, now)
    return _age_text(unit, number, then.date() if unit in DATES else None, language)


@lru_cache(maxsize=1024)
def _age_text(unit: str, number: int, day: date | None, language: str | None) -> str:
    """Return an age in the active `language`."""
    return formatted(day, str(DATES[unit])) if day else AGES[unit] % {"number": number}


@register.filter
def utc_minute(then: datetime) -> str:
    """Return `then` to the minute, in UTC."""
    return f"{formatted(then.astimezone(UTC), str(DATETIME))} UTC"


@register.filter
def time_element(then: datetime) -> SafeString:
    """Return `then` to the minute as a <time> element."""
    return format_html('<time datetime="{}">{}</time>', then.isoformat(), utc_minute(then))


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


@register.simple_tag(takes_context=True)
def message_card(context: template.Context, item: ConversationItem) -> SafeString:
    """Return a message as lists show it, with the buttons that its reader may use."""
    return message_cards(context, [item])


@register.simple_tag(takes_context=True)
def message_cards(context: template.Context, items: Iterable[ConversationItem]) -> SafeString:
    """Return the cards of `items`, one after the other."""
    member, language, now = context["request"].member, get_language() or "", datetime.now(UTC)
    parts: list[str] = []
    for item in items:
        if isinstance(item, DeletedMessage):
            parts.append(_deleted_card(item))
            continue
        before, after = _card(item, _viewer(member, item), language)
        parts += [before, _age(item.original.created_at, now, language), after]
    return mark_safe("".join(parts))  # noqa: S308 (made of cards)


@register.simple_tag(takes_context=True)
def message_list(
    context: template.Context, page: Page[ConversationItem], newer: str = "", older: str = ""
) -> SafeString:
    """Return the messages of `page` and the links to the pages beside it."""
    slots = {"pager": pager(context, page, newer, older)}
    if page.items:
        slots["cards"] = message_cards(context, page.items)
    return fragment("_messages", slots, is_incomplete=bool(page.shards_missing))


@register.simple_tag(takes_context=True)
def pager(
    context: template.Context, page: Page[Any], newer: str = "", older: str = ""
) -> SafeString:
    """Return the links to the pages beside `page`, called `newer` and `older`."""
    cursors = {"newer_query": page.newer, "older_query": page.older}
    slots = {name: cursor_query(context, cursor) for name, cursor in cursors.items() if cursor}
    return fragment("_pager", slots, newer=newer, older=older)


def _viewer(member: Member | None, message: Message) -> str:
    """Return what the reader is to the message: "visitor", "author" or another "member"."""
    if member is None:
        return "visitor"
    return "author" if message.original.author.username == member.username else "member"


def _deleted_card(message: DeletedMessage) -> SafeString:
    return render_to_string("timeline_web/_deleted_message.html", {"message": message})


# The place of the relative time. Members' texts are escaped, so none of them can have it.
AGO = "<!--ago-->"


@lru_cache(maxsize=4096)
def _card(message: Message, viewer: str, language: str) -> tuple[str, str]:
    """Return the card of `message` before and after its relative time, in the active `language`.

    Cached, as it is the same for most readers and takes most of a page's time: 30 of them took 7 of
    its 8 ms. At about 3 kB each the cache stays under 15 MB.
    """
    context = {
        "message": message,
        "original": message.original,
        "viewer": viewer,
        "ago": mark_safe(AGO),  # noqa: S308
    }
    before, _mark, after = render_to_string("timeline_web/_message.html", context).partition(AGO)
    return before, after


@register.simple_tag
def avatar(account: Author | Account) -> SafeString:
    """Return the uploaded picture of an account, or its identicon."""
    return _avatar(account.username, account.picture)


def my_avatar(context: template.Context) -> SafeString:
    """Return the reader's picture.

    It is the identicon on an error page, which asks the API nothing more, and if the API fails.
    """
    request = context["request"]
    summary = None if context.get("status") else request.member_summary()
    return avatar(summary.account) if summary else _avatar(request.member.username, "")


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


@register.simple_tag(name="fragment")
def plain_fragment(name: str) -> SafeString:
    """Return a fragment that depends on the language alone."""
    return fragment(name, {})


@register.simple_tag(takes_context=True)
def page_header(context: template.Context) -> SafeString:
    """Return the page's head after its own elements, and the bar.

    An error page asks the API nothing more, so it shows no unread notifications.
    """
    request = context["request"]
    if not _member(context):
        return fragment("_header", {}, path=_linked(request.path, ""))
    username = request.member.username
    summary = None if context.get("status") else request.member_summary()
    return fragment(
        "_header",
        {"csrf_token": context["csrf_token"]},
        path=_linked(request.path, username),
        username=username,
        avatar=my_avatar(context),
        unread=summary.unread_count if summary else 0,
    )


def _linked(path: str, username: str) -> str:
    """Return `path` if the bar links to it, where it is marked as the current page, else ""."""
    return path if path in _links(username) else ""


@lru_cache(maxsize=1024)
def _links(username: str) -> frozenset[str]:
    names = ("home", "public", "notifications", "login", "register")
    profile = [reverse("profile", args=[username])] if username else []
    return frozenset([*map(reverse, names), *profile])


@register.simple_tag(takes_context=True)
def page_footer(context: template.Context) -> SafeString:
    """Return the foot of the page, with the form to choose a language.

    A page for all visitors has no CSRF token.
    """
    request = context["request"]
    slots: dict[str, object] = {"next": navigation.current_page(request)}
    if not request.is_shared:
        slots["csrf_token"] = context["csrf_token"]
    return fragment("_footer", slots)


@register.simple_tag(takes_context=True)
def about_reader(context: template.Context) -> SafeString:
    """Return what is beside the page: the reader and whom they might follow, or an invitation."""
    if not _member(context):
        return fragment("_aside", {})
    return fragment(
        "_aside",
        {},
        username=context["request"].member.username,
        avatar=my_avatar(context),
        suggestions=tuple((a.username, a.display_name) for a in context.get("suggestions") or ()),
        live=bool(context.get("live")),
    )


@register.simple_tag
def trending_tags(trends: Iterable[Trend]) -> SafeString:
    """Return the list of trending tags."""
    return fragment("_trending", {}, trending=tuple(trends))


@register.simple_tag(takes_context=True)
def compose_form(context: template.Context) -> SafeString:
    """Return the form to write a message or, on a message's page, a reply."""
    form = context["form"]
    author = getattr(context.get("message"), "author", None)
    slots = {name: form[name].value() or "" for name in ("key", "text")}
    return fragment(
        "_compose",
        {"csrf_token": context["csrf_token"], **slots},
        username=context["request"].member.username,
        in_reply_to=form["in_reply_to"].value() or "",
        author=author.username if author else "",
        error=form.first_error[1],
    )


def _member(context: template.Context) -> Member | None:
    """Return the reader, None for a visitor and where a request has failed too early to know."""
    member: Member | None = getattr(context["request"], "member", None)
    return member


@register.simple_tag
def feed_language() -> str:
    """Return the query string with which a feed has the page's language."""
    language = get_language()
    return "" if language == settings.LANGUAGES[0][0] else f"?language={language}"


@register.simple_tag
def languages() -> list[tuple[str, str]]:
    """Return the codes of the site's languages and their own names."""
    return list(settings.LANGUAGES)


def cursor_query(context: template.Context, cursor: str) -> str:
    """Return the query string of the page at `cursor` of the same list."""
    kept = {name: value for name, value in context["request"].GET.items() if name != "cursor"}
    return urlencode(kept | {"cursor": cursor})


@register.simple_tag
def query(**parameters: str) -> str:
    """Return `parameters` as a query string."""
    return urlencode(parameters)
