"""Health of this instance, for load balancers and operators."""

from django.http import HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache

from ..site_request import SiteRequest


@never_cache
def livez(request: SiteRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "alive"})


@never_cache
def readyz(request: SiteRequest) -> HttpResponse:
    """Ready for traffic, and whether the API answers.

    200 either way: an API that is gone is gone for every instance, and a page that says so serves
    a visitor better than a load balancer without back ends.
    """
    alive = request.api.is_alive()
    return JsonResponse(
        {"status": "ready" if alive else "degraded", "api": "ok" if alive else "unreachable"}
    )
