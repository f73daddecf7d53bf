"""Middleware of the API: the headers, metrics and limits that all views share."""

import re
import time
import uuid
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import DataError
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.common import CommonMiddleware
from django.utils.translation import gettext as _
from django_structlog.middlewares import RequestMiddleware
from django_structlog.signals import bind_extra_request_finished_metadata

from ..ops import metrics
from .client_ip import client_address
from .exceptions import is_unavailable, unavailable_response

GetResponse = Callable[[HttpRequest], HttpResponse]

# The key in `request.META` for time.perf_counter() at the start of the request.
STARTED_AT = "timeline_api.started_at"
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class IdentityMiddleware:
    """X-Request-ID and X-Served-By on every response; the id and the client in every log line.

    Outermost, it also empties each answer to a HEAD: gunicorn drops its body, and warns of it.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        request.META["HTTP_X_REQUEST_ID"] = request_id  # django-structlog takes it from here
        structlog.contextvars.bind_contextvars(
            client=client_address(request), instance=settings.INSTANCE_NAME
        )
        response = self.get_response(request)
        if request.method == "HEAD" and not response.streaming:
            response.content = b""  # its Content-Length stays that of a GET
        response["X-Request-ID"] = request_id
        response["X-Served-By"] = settings.INSTANCE_NAME
        return response


class MetricsMiddleware:
    """Counts and times each request; it is outside django-structlog's."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.META[STARTED_AT] = started_at = time.perf_counter()
        response = self.get_response(request)
        metrics.observe(request, response, time.perf_counter() - started_at)
        return response


class RequestLogMiddleware(RequestMiddleware):
    """django-structlog's line of each request, without the query: it has what people search for."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return f"{request.method} {request.path}"


@receiver(bind_extra_request_finished_metadata)
def log_duration(
    sender: Any, request: HttpRequest, log_kwargs: dict[str, Any], **kwargs: Any
) -> None:
    """Put the milliseconds on the access line that django-structlog is about to write."""
    log_kwargs["ms"] = round((time.perf_counter() - request.META[STARTED_AT]) * 1000, 1)


class BodyLimitMiddleware:
    """413 for a body over DATA_UPLOAD_MAX_MEMORY_SIZE, or over the `body_limit` of its view.

    Django checks it where it reads the body itself; DRF's parsers read the stream past that.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        length = request.META.get("CONTENT_LENGTH") or "0"
        view_class = getattr(view, "cls", None)
        most = getattr(view_class, "body_limit", settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        return too_large(most) if length.isdigit() and int(length) > most else None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, RequestDataTooBig):
            return too_large(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        return None


def too_large(most: int) -> JsonResponse:
    """Return the 413 that names the limit."""
    detail = _("The body is too large: at most %(most)d bytes.") % {"most": most}
    return JsonResponse({"detail": detail}, status=413)


class SlashMiddleware(CommonMiddleware):
    """Django's, but only a GET or HEAD is redirected to the path with its slash.

    A client that follows such a redirect of a POST makes a GET of it, and loses the body.
    """

    def should_redirect_with_slash(self, request: HttpRequest) -> bool:
        return request.method in ("GET", "HEAD") and super().should_redirect_with_slash(request)


class UnavailableMiddleware:
    """Errors outside DRF's views, in the admin and on the login page: 503 with Retry-After when a
    shard does not answer, 400 for a value that the database cannot store, such as a NUL."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, DataError):
            return JsonResponse(
                {"detail": _("The request has a value that cannot be stored.")}, status=400
            )
        return unavailable_response(error) if is_unavailable(error) else None
