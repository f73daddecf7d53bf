"""What programs read: Atom feeds and the sitemap."""

import re
from datetime import datetime
from itertools import islice

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, cache_page
from django.views.decorators.http import conditional_page

from ..client import Message, Page
from .access import for_everybody, methods
from .languages import spoken

# https://www.w3.org/TR/xml/#charsets
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A sitemap may have 50,000 addresses (https://www.sitemaps.org/protocol.html); each hundred here is
# a call of the API.
SITEMAP_MESSAGES = 1000
SITEMAP_SECONDS = 600
ATOM = "application/atom+xml; charset=utf-8"


@methods("GET")
@for_everybody
@cache_control(public=True, max_age=60)
@conditional_page
@spoken
def member(request: HttpRequest, username: str) -> HttpResponse:
    """A member's newest messages as Atom. Two calls of the API."""
    account = request.api.account(username)
    page = request.api.messages_of(account.username)
    return _feed(
        request,
        page,
        title=_("%(name)s on Twitsite") % {"name": account.display_name or account.username},
        link=reverse("profile", args=[account.username]),
        since=account.created_at,
    )


@methods("GET")
@for_everybody
@cache_control(public=True, max_age=60)
@conditional_page
@spoken
def tag(request: HttpRequest, tag: str) -> HttpResponse:
    """The newest messages with a tag as Atom. One call of the API."""
    page = request.api.tag(tag)
    title = _("%(name)s on Twitsite") % {"name": f"#{tag}"}
    return _feed(request, page, title=title, link=reverse("tag", args=[tag]))


@methods("GET")
@for_everybody
@cache_page(SITEMAP_SECONDS)
@cache_control(public=True)
def sitemap(request: HttpRequest) -> HttpResponse:
    """The newest messages, who wrote them, and the tags that are talked of; what is older is linked
    from there. Up to eleven calls of the API, every ten minutes."""
    shown = list(islice(request.api.newest(), SITEMAP_MESSAGES))
    # A profile changes with its newest message, and they come newest first.
    authors: dict[str, datetime] = {}
    for message in shown:
        authors.setdefault(message.author.username, message.created_at)
    pages = [
        (reverse("public"), shown[0].created_at if shown else None),
        *((reverse("profile", args=[name]), at) for name, at in authors.items()),
        *((reverse("tag", args=[trend.tag]), None) for trend in request.api.trending()),
        *((_path(message), message.edited_at or message.created_at) for message in shown),
    ]
    context = {"pages": [(request.build_absolute_uri(path), at) for path, at in pages]}
    return render(request, "timeline_web/sitemap.xml", context, content_type="application/xml")


def _feed(
    request: HttpRequest, page: Page, *, title: str, link: str, since: datetime | None = None
) -> HttpResponse:
    feed = _Atom(
        title=title,
        link=request.build_absolute_uri(link),
        feed_url=request.build_absolute_uri(),
        description="",
    )
    feed.since = since
    for message in page.items:
        shown = message.repost_of or message
        url = request.build_absolute_uri(_path(shown))
        feed.add_item(
            title=_title(message),
            link=url,
            description=_printable(shown.text),
            author_name=_printable(shown.author.display_name or shown.author.username),
            author_link=request.build_absolute_uri(
                reverse("profile", args=[shown.author.username])
            ),
            pubdate=message.created_at,
            updateddate=shown.edited_at or message.created_at,
            unique_id=request.build_absolute_uri(_path(message)),
        )
    return HttpResponse(feed.writeString("utf-8"), content_type=ATOM)


class _Atom(Atom1Feed):
    """Dated by what it has, so that a feed that nothing was added to is the same, byte for byte."""

    since: datetime | None = None

    def latest_post_date(self) -> datetime:
        dates = [item["updateddate"] for item in self.items]
        return max(dates) if dates else self.since or datetime.fromisoformat("2024-01-01T00:00Z")


def _title(message: Message) -> str:
    if message.repost_of:
        names = {"name": message.author.username, "author": message.repost_of.author.username}
        return _printable(_("%(name)s reposted %(author)s") % names)
    first, __, rest = _printable(message.text).partition("\n")
    return first[:80] + ("…" if rest or len(first) > 80 else "")


def _path(message: Message) -> str:
    return reverse("message", args=[message.author.username, message.id])


def _printable(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return _UNPRINTABLE.sub("", text)
