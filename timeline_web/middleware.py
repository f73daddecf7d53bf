"""What happens around every page: its ids, who is asking, and the API's failures as pages."""

import logging
import re
import uuid

from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject

from . import conf, membership
from .addresses import visitor_address
from .client import Api, Head
from .exceptions import ApiError, Unauthorized
from .views.errors import error_page

logger = logging.getLogger(__name__)

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestIdMiddleware:
    """X-Request-ID (the caller's, when it is a sound one) and X-Served-By on every response.

    First in MIDDLEWARE, so that no answer is without them.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request.request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        response = self.get_response(request)
        response["X-Request-ID"] = request.request_id
        response["X-Served-By"] = conf.get("INSTANCE_NAME")
        return response


class LanguageMiddleware(LocaleMiddleware):
    """Django's: by the cookie that /language sets, else by Accept-Language.

    What shared caches may keep depends on neither (views/languages.py): its Vary names neither.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if "public" in response.get("Cache-Control", ""):
            return response
        return super().process_response(request, response)


class MemberMiddleware:
    """`request.member` (or None) and `request.api`, and pages for what the API refuses."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.member = membership.current(request)
        request.api = api_for(request)
        request.head = SimpleLazyObject(lambda: head(request))
        response = self.get_response(request)
        if "Cache-Control" not in response:
            # Who is signed in is on every page: no shared cache may keep one.
            response["Cache-Control"] = "private, no-cache"
            patch_vary_headers(response, ["Cookie"])
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The page for an ApiError; None leaves anything else to Django."""
        if isinstance(error, Unauthorized) and request.member:
            return self._answer_as_visitor(request)
        if isinstance(error, ApiError):
            return failure_page(request, error)
        return None

    def _answer_as_visitor(self, request: HttpRequest) -> HttpResponse:
        """The token was revoked or the account is gone: clean the cookie and run the view again.

        It runs here and not by a redirect: a client that sends the dead cookie again and again
        would be sent round and round. Nothing was done for it yet, as the API refused.
        """
        membership.end(request)
        request.member = None
        request.api = api_for(request)
        view = request.resolver_match
        try:
            return view.func(request, *view.args, **view.kwargs)
        except ApiError as error:
            return failure_page(request, error)


def head(request: HttpRequest) -> Head | None:
    """What the head of a member's page shows; a page goes without where the API cannot say it."""
    try:
        return request.api.head() if request.member else None
    except ApiError:
        return None


def api_for(request: HttpRequest) -> Api:
    """The API as the one who sent `request` sees it."""
    return Api(
        token=request.member.token if request.member else None,
        request_id=request.request_id,
        address=visitor_address(request),
        language=translation.get_language(),
    )


def failure_page(request: HttpRequest, error: ApiError) -> HttpResponse:
    """The page of `error`; what is our fault goes into the log, with the request's id."""
    if error.status >= 500:
        name = type(error).__name__
        logger.warning("%s %s: %s", name, request.path, error, extra={"request": request})
    return error_page(
        request,
        status=error.status,
        title=error.title,
        advice=error.advice,
        detail=error.detail if error.status in (400, 403, 409) else "",
        retry_after=error.retry_after,
    )
