"""Who may use a view, and how: decorators."""

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

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

        return wrapped

    return decorate


def members_only(view: View) -> View:
    """Send a visitor to the login, and from there back to where they acted.

    A message they had typed waits in the session until they are there.
    """

    @wraps(view)
    def wrapped(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if request.member:
            return view(request, *args, **kwargs)
        membership.keep_draft(request, request.POST.get("text", ""))
        back = reverse("profile", kwargs=kwargs) if kwargs else reverse("home")
        return redirect(f"{reverse('login')}?{urlencode({'next': back})}")

    return wrapped


def visitors_only(view: View) -> View:
    """Send a member home: they have nothing to register or to log in for."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        return redirect("home") if request.member else view(request, *args, **kwargs)

    return wrapped
