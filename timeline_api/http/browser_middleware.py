"""Django's middleware for browsers, without its cost for a program that brings its token.

Cookies mean nothing to such a request: it has no session, needs no CSRF token, and nothing is said
to it on the next page.
"""

from typing import TYPE_CHECKING, Any

from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest
from django.middleware import csrf

from .middleware import GetResponse

if TYPE_CHECKING:
    from django.utils.deprecation import MiddlewareMixin
else:
    MiddlewareMixin = object

API = "/api/v1/"


def brings_token(request: HttpRequest) -> bool:
    """Return whether a request of the API names its sender by a Bearer token."""
    scheme = request.META.get("HTTP_AUTHORIZATION", "")[:7].lower()
    return scheme == "bearer " and request.path_info.startswith(API)


class ForBrowsers(MiddlewareMixin):
    """Pass over the middleware that this is mixed into, for a request that brings a token."""

    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request) if brings_token(request) else super().__call__(request)


class SessionMiddleware(ForBrowsers, sessions.SessionMiddleware):
    pass


class CsrfViewMiddleware(ForBrowsers, csrf.CsrfViewMiddleware):
    pass


class AuthenticationMiddleware(ForBrowsers, auth.AuthenticationMiddleware):
    pass


class MessageMiddleware(ForBrowsers, messages.MessageMiddleware):
    pass


class ContentSecurityPolicyMiddleware(CSPMiddleware):
    """django-csp builds the header for each response, as a view could change it. None of the API's
    own does, so for them it is built once."""

    def __init__(self, get_response: GetResponse) -> None:
        super().__init__(get_response)
        self.policy = build_policy()

    def __call__(self, request: HttpRequest) -> Any:
        if not brings_token(request):
            return super().__call__(request)
        response: Any = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", self.policy)
        return response
