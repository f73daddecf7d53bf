"""The site's middleware: request ids, the page's language, who asks, and pages for API errors."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from functools import cache

from csp.utils import build_policy
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.cache import patch_vary_headers

from . import zones
from .client import Api, MemberSummary
from .client.errors import ApiError, Suspended, Unauthorized
from .client_ip import client_ip
from .conf import conf
from .logs import log_request
from .sessions import current_member, sign_out
from .site_request import SiteRequest
from .views.errors import error_page

logger = logging.getLogger(__name__)

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

GetResponse = Callable[[SiteRequest], HttpResponse]


class RequestIdMiddleware:
    """Set `request.request_id`, and X-Request-ID and X-Served-By on every response.

    The id is the client's X-Request-ID if it is well-formed. First in MIDDLEWARE, so that no
    response is without them. It also logs each request, and empties each answer to a HEAD: gunicorn
    drops its body, and warns of it.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: SiteRequest) -> HttpResponse:
        started_at = time.perf_counter()
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request.request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        request.META["HTTP_X_REQUEST_ID"] = request.request_id  # for the log
        response = self.get_response(request)
        if request.method == "HEAD" and not response.streaming:
            response.content = b""  # its Content-Length stays that of a GET
        response["X-Request-ID"] = request.request_id
        response["X-Served-By"] = conf.INSTANCE_NAME
        log_request(request, response, started_at)
        return response


class ContentSecurityPolicyMiddleware:
    """Set django-csp's header, built once.

    django-csp builds it for each response (50 µs), as a view could change it. Here none does.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.policy = build_policy()

    def __call__(self, request: SiteRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", self.policy)
        return response


class LanguageMiddleware(LocaleMiddleware):
    """Choose the language by the cookie that /language sets, else by Accept-Language.

    Responses for shared caches depend on neither (views/languages.py), so their Vary names neither.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if "public" in response.get("Cache-Control", ""):
            return response
        return super().process_response(request, response)


class MemberMiddleware:
    """Set `request.member`, `.api` and `.member_summary`, and show API errors as pages."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: SiteRequest) -> HttpResponse:
        request.member = current_member(request)
        zones.activate(request)
        request.api = api_for(request)
        request.member_summary = cache(lambda: member_summary(request))
        response = self.get_response(request)
        if "Cache-Control" not in response:
            # Every page shows who is signed in: no shared cache may keep it.
            response["Cache-Control"] = "private, no-cache"
            patch_vary_headers(response, ["Cookie"])
        return response

    def process_exception(self, request: SiteRequest, error: Exception) -> HttpResponse | None:
        """Return the page for an ApiError, or None to leave another exception to Django."""
        if isinstance(error, Unauthorized) and request.member:
            return self._answer_as_visitor(request)
        if isinstance(error, Suspended) and request.member:
            # The next page is a visitor's: whoever is suspended can go on reading.
            sign_out(request)
            request.member = None
        if isinstance(error, ApiError):
            return api_error_page(request, error)
        return None

    def _answer_as_visitor(self, request: SiteRequest) -> HttpResponse:
        """End the session of a revoked token or a deleted account, and run the view again.

        Not by a redirect, which would never end for a client that keeps sending the old cookie.
        The view has done nothing yet, as the API refused.
        """
        sign_out(request)
        request.member = None
        request.api = api_for(request)
        match = request.resolver_match
        assert match is not None  # a view has raised
        try:
            response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        except ApiError as error:
            return api_error_page(request, error)
        return response


def member_summary(request: SiteRequest) -> MemberSummary | None:
    """Return what the header shows, or None for a visitor and if the API fails."""
    try:
        return request.api.member_summary() if request.member else None
    except ApiError:
        return None


def api_for(request: SiteRequest) -> Api:
    """Return the API as the sender of `request` sees it."""
    return Api(
        token=request.member.token if request.member else None,
        request_id=request.request_id,
        client_ip=client_ip(request),
        language=translation.get_language() or "",
    )


def api_error_page(request: SiteRequest, error: ApiError) -> HttpResponse:
    """Return the page for `error`, and log what is our fault."""
    is_suspended = isinstance(error, Suspended)  # its title says the same
    if error.status >= 500:
        name = type(error).__name__
        logger.warning("%s %s: %s", name, request.path, error, extra={"request": request})
    detail = error.detail if error.status in (400, 403, 409) and not is_suspended else ""
    advice = str(error.advice)
    if error.status == 403 and detail:
        advice, detail = detail, ""  # it says why; the general text would refuse it once more
    return error_page(
        request,
        status=error.status,
        title=str(error.title),
        advice=advice,
        detail=detail,
        retry_after=error.retry_after,
    )
