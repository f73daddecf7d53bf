"""Cards of messages, which are rendered once and kept."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language

from ..client import ConversationItem, DeletedMessage, Message
from ..conf import kept
from ..sessions import Member
from .pages import age

register = template.Library()

# The place of the relative time. Members' texts are escaped, so none of them can have it.
AGO = "<!--ago-->"


@register.simple_tag(takes_context=True)
def message_card(context: template.Context, item: ConversationItem) -> SafeString:
    """Return a message as lists show it, with the buttons that its reader may use."""
    return message_cards(context, [item])


@register.simple_tag(takes_context=True)
def message_cards(context: template.Context, items: Iterable[ConversationItem]) -> SafeString:
    """Return the cards of `items`, one after the other."""
    return SafeString(joined_cards(context["request"].member, items).decode())


def joined_cards(member: Member | None, items: Iterable[ConversationItem]) -> bytes:
    """Return the cards of `items` as UTF-8: 30 of them are most of a page, and need no encoding."""
    language, zone, now = get_language(), get_current_timezone_name(), datetime.now(UTC)
    parts: list[bytes] = []
    for item in items:
        if isinstance(item, DeletedMessage):
            parts.append(_deleted_card(item))
            continue
        before, after = _card(item, viewer_of(member, item), language, zone)
        parts += [before, age(item.original.created_at, now, language).encode(), after]
    return b"".join(parts)


def viewer_of(member: Member | None, message: Message) -> str:
    """Return what the reader is to the message: "visitor", "author" or another "member"."""
    if member is None:
        return "visitor"
    return "author" if message.original.author.username == member.username else "member"


def _deleted_card(message: DeletedMessage) -> bytes:
    return render_to_string("timeline_web/_deleted_message.html", {"message": message}).encode()


@lru_cache(maxsize=kept(4096))
def _card(message: Message, viewer: str, language: str | None, zone: str) -> tuple[bytes, bytes]:
    """Return the card of `message` before and after its relative time, in the active `language`
    and `zone`.

    Kept, as it is the same for most readers and takes most of a page's time: 30 of them took 7 of
    its 8 ms. At about 2 kB each the cache stays under 10 MB.
    """
    context = {
        "message": message,
        "original": message.original,
        "viewer": viewer,
        "ago": mark_safe(AGO),  # noqa: S308
    }
    before, _mark, after = render_to_string("timeline_web/_message.html", context).partition(AGO)
    return before.encode(), after.encode()
