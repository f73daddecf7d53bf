"""What machines ask for: health, robots.txt, the icon that browsers guess at."""

from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import cache_control, never_cache

ROBOTS = """User-agent: *
Disallow: /login
Disallow: /register
Disallow: /search
Disallow: /settings
Disallow: /notifications
Sitemap: {sitemap}
"""


@never_cache
def livez(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "alive"})


@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Ready for traffic, and whether the API is there.

    200 either way: when the API is gone it is gone for every instance, and a page that says so
    serves a visitor better than a load balancer with nobody behind it.
    """
    alive = request.api.is_alive()
    return JsonResponse(
        {"status": "ready" if alive else "degraded", "api": "ok" if alive else "unreachable"}
    )


@cache_control(public=True, max_age=86400)
def robots(request: HttpRequest) -> HttpResponse:
    """Search engines need no forms."""
    text = ROBOTS.format(sitemap=request.build_absolute_uri(reverse("sitemap")))
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@cache_control(public=True, max_age=86400)
def favicon(request: HttpRequest) -> HttpResponse:
    """The icon's real address, for browsers that ask for this one without reading a page."""
    return redirect(staticfiles_storage.url("timeline_web/favicon.ico"))
