"""What programs read: Atom feeds and the sitemap."""

import re
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page

from ..client import Message, Page
from .access import methods
from .languages import spoken

# https://www.w3.org/TR/xml/#charsets
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ATOM = "application/atom+xml; charset=utf-8"


@methods("GET")
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
@cache_control(public=True, max_age=60)
@conditional_page
@spoken
def tag(request: HttpRequest, tag: str) -> HttpResponse:
    """The newest messages with a tag as Atom. One call of the API."""
    page = request.api.tag(tag)
    title = _("%(name)s on Twitsite") % {"name": f"#{tag}"}
    return _feed(request, page, title=title, link=reverse("tag", args=[tag]))


@methods("GET")
@cache_control(public=True, max_age=600)
def sitemap(request: HttpRequest) -> HttpResponse:
    """The newest messages and who wrote them. One call of the API."""
    shown = request.api.public_timeline().items
    names = dict.fromkeys(message.author.username for message in shown)
    paths = [
        reverse("public"),
        *(reverse("profile", args=[name]) for name in names),
        *(_path(message) for message in shown),
    ]
    context = {"urls": [request.build_absolute_uri(path) for path in paths]}
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
