"""Decorators of views: their methods, who may use them, and for whom they answer."""

from collections.abc import Callable
from functools import update_wrapper, wraps
from typing import Concatenate, Generic, ParamSpec
from urllib.parse import urlencode

from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from ..microcache import is_offered
from ..sessions import save_draft
from ..site_request import MemberRequest, SiteRequest, has_member
from .errors import method_not_allowed

P = ParamSpec("P")
View = Callable[Concatenate[SiteRequest, P], HttpResponseBase]
MemberView = Callable[Concatenate[MemberRequest, P], HttpResponseBase]


class MethodView(Generic[P]):
    """A view that answers `methods` only, and any other with a page and status 405."""

    def __init__(self, view: View[P], methods: tuple[str, ...]) -> None:
        update_wrapper(self, view)
        self.view = view
        self.methods = methods

    def __call__(
        self, request: SiteRequest, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        if request.method not in self.methods:
            return method_not_allowed(request, sorted(self.methods))
        return self.view(request, *args, **kwargs)


def allow_methods(*methods: str) -> Callable[[View[P]], MethodView[P]]:
    """Answer `methods` only. The outermost decorator of every page; GET includes HEAD."""
    if "GET" in methods:
        methods = (*methods, "HEAD")
    return lambda view: MethodView(view, methods)


def members_only(view: MemberView[P]) -> View[P]:
    """Send a visitor to the login, and from there back to the page where they were.

    A message that they have typed is kept in the session until then.
    """

    @wraps(view)
    def wrapped(request: SiteRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if has_member(request):
            return view(request, *args, **kwargs)
        save_draft(request, request.POST.get("text", ""))
        return redirect(f"{reverse('login')}?{urlencode({'next': _page_of(request)})}")

    return wrapped


def _page_of(request: SiteRequest) -> str:
    """Return the page that was asked for, or the one that has the button that was pressed."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    kwargs = request.resolver_match.kwargs if request.resolver_match else {}
    if "message_id" in kwargs:
        return reverse("message", args=[kwargs["username"], kwargs["message_id"]])
    return (
        reverse("profile", args=[kwargs["username"]]) if "username" in kwargs else reverse("home")
    )


def visitors_only(view: View[P]) -> View[P]:
    """Send a member to their timeline: they need neither register nor log in."""

    @wraps(view)
    def wrapped(request: SiteRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        return redirect("home") if request.member else view(request, *args, **kwargs)

    return wrapped


def shared_by_visitors(view: View[P]) -> View[P]:
    """Let nginx keep the page for all visitors, if it offers to (microcache.py)."""

    @wraps(view)
    def wrapped(request: SiteRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        request.is_shared = is_offered(request)
        return view(request, *args, **kwargs)

    return wrapped


def accept_own_origin(view: View[P]) -> View[P]:
    """Accept a form of our own pages without a CSRF token, which a page for all cannot have.

    Browsers name a form's site in Origin, which no page can forge. Without Origin (text browsers)
    the token is needed.
    """
    protected = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def wrapped(request: SiteRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        is_own = request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"
        return (view if is_own else protected)(request, *args, **kwargs)

    return wrapped


def public_response(view: View[P]) -> View[P]:
    """Give everybody the same answer, so that a shared cache may keep it.

    The view asks the API as a visitor does, whoever is signed in.
    """

    @wraps(view)
    def wrapped(request: SiteRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        request.member, request.api = None, request.api.as_visitor()
        response = view(request, *args, **kwargs)
        # Else the response would vary by a cookie that changes with every flash message.
        request.session.accessed = False
        return response

    return wrapped
