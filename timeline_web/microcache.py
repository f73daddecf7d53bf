"""Which pages nginx may keep for a moment, for all visitors: the microcache.

deploy/nginx.conf has the other half. nginx offers to keep the answer to a request by naming the
language of the page in X-Microcache, for a request without a cookie of ours and without
Authorization. It obeys the Cache-Control that it gets, and sends another one to the browser.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from .conf import conf
from .site_request import SiteRequest

OFFER = "HTTP_X_MICROCACHE"
# Among them "not here (any more)", which replaces the page of what was deleted.
KEPT = (200, 404, 410)
# Seconds for which an expired page is shown to those who come while one request fetches it anew.
STALE = 10


def is_offered(request: HttpRequest) -> bool:
    """Return whether nginx would keep the answer to this request of a visitor.

    The conditions are nginx's, checked again: a page of a member must never be kept.
    """
    ours = (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME)
    return (
        bool(conf.MICROCACHE_SECONDS and request.META.get(OFFER))
        and request.method in ("GET", "HEAD")
        and "HTTP_AUTHORIZATION" not in request.META
        and not any(name in request.COOKIES for name in ours)
    )


class MicrocacheMiddleware:
    """Tell nginx to keep what is the same for every visitor. Outside all that may set a cookie.

    Kept are the pages of views with the decorator `shared_by_visitors`, and what any shared cache
    may keep ("public"), also for seconds only: a picture may be deleted.
    """

    def __init__(self, get_response: Callable[[SiteRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: SiteRequest) -> HttpResponse:
        request.is_shared = False
        response = self.get_response(request)
        if is_offered(request) and not response.cookies:
            cache_control = response.get("Cache-Control", "")
            if "public" in cache_control:
                response["Cache-Control"] = f"{cache_control}, {_lifetime()}"
            elif request.is_shared and _is_kept(request, response):
                response["Cache-Control"] = f"max-age=0, {_lifetime()}"
        return response


def _is_kept(request: HttpRequest, response: HttpResponse) -> bool:
    offered = request.META[OFFER]
    return response.status_code in KEPT and response.get("Content-Language") == offered


def _lifetime() -> str:
    return f"s-maxage={conf.MICROCACHE_SECONDS}, stale-while-revalidate={STALE}"
