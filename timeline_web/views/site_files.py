"""Files that programs ask for at fixed addresses: robots.txt, sitemap.xml and favicon.ico."""

from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import escape
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
# https://www.sitemaps.org/protocol.html
SITEMAP = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
{entries}</urlset>
"""
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

    One call of the API, every ten minutes.
    """
    listed = request.api.sitemap()
    # A profile changes with its newest message, and they come newest first.
    authors: dict[str, str] = {}
    for _, username, modified_at in listed.messages:
        authors.setdefault(username, modified_at)
    newest = listed.messages[0][2] if listed.messages else ""
    profiles = {name: reverse("profile", args=[name]) for name in authors}
    pages = [
        (reverse("public"), newest),
        *((profiles[name], modified_at) for name, modified_at in authors.items()),
        *((reverse("tag", args=[tag]), "") for tag in listed.tags),
        # As `reverse` makes them, which takes longer for a thousand than all else.
        *((f"{profiles[name]}/{pk}", modified_at) for pk, name, modified_at in listed.messages),
    ]
    root = request.build_absolute_uri("/")[:-1]
    entries = "".join(_entry(root + path, modified_at) for path, modified_at in pages)
    return HttpResponse(SITEMAP.format(entries=entries), content_type="application/xml")


def _entry(url: str, modified_at: str) -> str:
    changed = f"<lastmod>{escape(modified_at)}</lastmod>" if modified_at else ""
    return f"<url><loc>{escape(url)}</loc>{changed}</url>\n"
