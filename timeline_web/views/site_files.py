"""Files that programs ask for at fixed addresses: robots.txt, sitemap.xml and favicon.ico."""

from datetime import datetime
from itertools import islice

from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control, cache_page

from ..site_request import SiteRequest
from .decorators import allow_methods, public_response

ROBOTS = """User-agent: *
Disallow: /login
Disallow: /register
Disallow: /search
Disallow: /settings
Disallow: /notifications
Sitemap: {sitemap}
"""
# A sitemap may have 50,000 addresses (https://www.sitemaps.org/protocol.html); each hundred here is
# a call of the API.
SITEMAP_MESSAGES = 1000
SITEMAP_SECONDS = 600


@cache_control(public=True, max_age=86400)
def robots(request: SiteRequest) -> HttpResponse:
    """robots.txt: search engines need no forms."""
    text = ROBOTS.format(sitemap=request.build_absolute_uri(reverse("sitemap")))
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@cache_control(public=True, max_age=86400)
def favicon(request: SiteRequest) -> HttpResponse:
    """Redirect to the icon, for browsers that ask for this address without reading a page."""
    return redirect(staticfiles_storage.url("timeline_web/favicon.ico"))


@allow_methods("GET")
@public_response
@cache_page(SITEMAP_SECONDS)
@cache_control(public=True)
def sitemap(request: SiteRequest) -> HttpResponse:
    """The newest messages, their authors and the trending tags; these pages link what is older.

    Up to eleven calls of the API, every ten minutes.
    """
    shown = list(islice(request.api.all_messages(), SITEMAP_MESSAGES))
    # A profile changes with its newest message, and they come newest first.
    authors: dict[str, datetime] = {}
    for message in shown:
        authors.setdefault(message.author.username, message.created_at)
    pages: list[tuple[str, datetime | None]] = [
        (reverse("public"), shown[0].created_at if shown else None),
        *((reverse("profile", args=[name]), at) for name, at in authors.items()),
        *((reverse("tag", args=[trend.tag]), None) for trend in request.api.trending()),
    ]
    for message in shown:
        path = reverse("message", args=[message.author.username, message.id])
        pages.append((path, message.edited_at or message.created_at))
    context = {"pages": [(request.build_absolute_uri(path), at) for path, at in pages]}
    return render(request, "timeline_web/sitemap.xml", context, content_type="application/xml")
