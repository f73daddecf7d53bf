"""Django's own error pages, as JSON for clients of the API."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views import defaults


def wants_json(request: HttpRequest) -> bool:
    """Return whether to answer in JSON: below /api/, and where HTML is not accepted."""
    return request.path.startswith("/api/") or "text/html" not in request.headers.get("Accept", "")


def _json(detail: str, status: int) -> JsonResponse:
    return JsonResponse({"detail": detail}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if wants_json(request):
        return _json(_("Bad request."), 400)
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if wants_json(request):
        return _json(_("You may not do that."), 403)
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not wants_json(request):
        return defaults.page_not_found(request, exception)
    if request.path.endswith("/"):
        return _json(_("Not found."), 404)
    return _json(_("Not found. Every path ends in a slash."), 404)


def server_error(request: HttpRequest, *args: Any) -> HttpResponse:
    if wants_json(request):
        detail = _("Something went wrong here. Quote X-Request-ID when you report it.")
        return _json(detail, 500)
    return defaults.server_error(request)
