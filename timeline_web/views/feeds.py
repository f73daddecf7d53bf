"""Atom feeds of members, tags and everybody."""

import re
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page

from ..client import Message, Page, contents
from ..site_request import SiteRequest
from .decorators import allow_methods, public_response
from .languages import in_language_of_address

# https://www.w3.org/TR/xml/#charsets
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ATOM = "application/atom+xml; charset=utf-8"
# The date of an empty feed.
EPOCH = datetime.fromisoformat("2024-01-01T00:00Z")


@allow_methods("GET")
@public_response
@cache_control(public=True, max_age=60)
@conditional_page
@in_language_of_address
def member(request: SiteRequest, username: str) -> HttpResponse:
    """A member's newest messages as Atom. One call of the API."""
    shown = contents.profile(request.api, username)
    account = shown.account
    return _feed(
        request,
        shown.page,
        title=_("%(name)s on Twitsite") % {"name": account.display_name or account.username},
        link=reverse("profile", args=[account.username]),
        since=account.created_at,
    )


@allow_methods("GET")
@public_response
@cache_control(public=True, max_age=60)
@conditional_page
@in_language_of_address
def public(request: SiteRequest) -> HttpResponse:
    """Everybody's newest messages as Atom. One call of the API."""
    title = _("%(name)s on Twitsite") % {"name": _("Public timeline")}
    return _feed(request, request.api.public_timeline(), title=title, link=reverse("public"))


@allow_methods("GET")
@public_response
@cache_control(public=True, max_age=60)
@conditional_page
@in_language_of_address
def tag(request: SiteRequest, tag: str) -> HttpResponse:
    """The newest messages with a tag as Atom. One call of the API."""
    page = request.api.tag_timeline(tag)
    title = _("%(name)s on Twitsite") % {"name": f"#{tag}"}
    return _feed(request, page, title=title, link=reverse("tag", args=[tag]))


def _feed(
    request: SiteRequest, page: Page[Message], *, title: str, link: str, since: datetime = EPOCH
) -> HttpResponse:
    feed = _Atom(
        title=title,
        link=request.build_absolute_uri(link),
        feed_url=request.build_absolute_uri(),
        description="",
    )
    feed.since = since
    for message in page.items:
        _add_message(request, feed, message)
    return HttpResponse(feed.writeString("utf-8"), content_type=ATOM)


def _add_message(request: SiteRequest, feed: Atom1Feed, message: Message) -> None:
    original = message.original
    author = original.author
    feed.add_item(
        title=_title(message),
        link=request.build_absolute_uri(_path(original)),
        description=_printable(original.text),
        author_name=_printable(author.display_name or author.username),
        author_link=request.build_absolute_uri(reverse("profile", args=[author.username])),
        pubdate=message.created_at,
        updateddate=original.edited_at or message.created_at,
        unique_id=request.build_absolute_uri(_path(message)),
    )


class _Atom(Atom1Feed):
    """A feed of plain texts, dated by its items: an unchanged one is the same, byte for byte."""

    since = EPOCH

    def latest_post_date(self) -> datetime:
        return max((item["updateddate"] for item in self.items), default=self.since)

    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item | {"description": None})
        # Django calls it HTML: a reader would render the tags that somebody has typed.
        handler.addQuickElement("summary", item["description"], {"type": "text"})


def _title(message: Message) -> str:
    if message.repost_of:
        names = {"name": message.author.username, "author": message.repost_of.author.username}
        return _printable(_("%(name)s reposted %(author)s") % names)
    first, __, rest = _printable(message.text).partition("\n")
    return first[:80] + ("…" if rest or len(first) > 80 else "")


def _path(message: Message) -> str:
    return reverse("message", args=[message.author.username, message.id])


def _printable(text: str) -> str:
    """Return `text` without the control characters that XML cannot have."""
    return _UNPRINTABLE.sub("", text)
