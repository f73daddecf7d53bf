"""Who may use a view, and how: decorators."""

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from .. import membership
from .errors import method_not_allowed

View = Callable[..., HttpResponse]


def methods(*allowed: str) -> Callable[[View], View]:
    """Answer other methods than `allowed` with a 405 that is a page."""
    if "GET" in allowed:
        allowed = (*allowed, "HEAD")

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            if request.method not in allowed:
                return method_not_allowed(request, sorted(allowed))
            return view(request, *args, **kwargs)

        wrapped.methods = allowed
        return wrapped

    return decorate


def here(request: HttpRequest) -> str:
    """The path that shows this page again; home for what a button alone can ask for."""
    view = getattr(request.resolver_match, "func", None)
    if request.method in ("GET", "HEAD") or "GET" in getattr(view, "methods", ()):
        return request.get_full_path()
    return reverse("home")


def members_only(view: View) -> View:
    """Send a visitor to the login, and from there back to where they acted.

    A message they had typed waits in the session until they are there.
    """

    @wraps(view)
    def wrapped(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if request.member:
            return view(request, *args, **kwargs)
        membership.keep_draft(request, request.POST.get("text", ""))
        return redirect(f"{reverse('login')}?{urlencode({'next': _scene(request, kwargs)})}")

    return wrapped


def _scene(request: HttpRequest, kwargs: dict[str, str]) -> str:
    """The page on which one acted, or that one asked for."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    if "message_id" in kwargs:
        return reverse("message", args=[kwargs["username"], kwargs["message_id"]])
    return reverse("profile", args=[kwargs["username"]]) if kwargs else reverse("home")


def safe_path(request: HttpRequest, target: str) -> str | None:
    """`target` when it is a path of this site: never somebody else's page."""
    safe = target.startswith("/") and url_has_allowed_host_and_scheme(
        target, allowed_hosts=None, require_https=request.is_secure()
    )
    return target if safe else None


def back(request: HttpRequest, otherwise: str, *, anchor: str = "") -> HttpResponse:
    """To the page of ours that the form names in `next`, at `anchor`; else to `otherwise`."""
    page = safe_path(request, request.POST.get("next", ""))
    if page is None:
        return redirect(otherwise)
    return redirect(f"{page.partition('#')[0]}#{anchor}" if anchor else page)


def for_everybody(view: View) -> View:
    """Answer everybody alike, whoever is signed in: the API is asked as by a visitor, and a shared
    cache may keep the answer."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        request.member, request.api = None, request.api.as_visitor()
        response = view(request, *args, **kwargs)
        # Or the answer would vary by a cookie that changes with every flash.
        request.session.accessed = False
        return response

    return wrapped


def visitors_only(view: View) -> View:
    """Send a member home: they have nothing to register or to log in for."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        return redirect("home") if request.member else view(request, *args, **kwargs)

    return wrapped
