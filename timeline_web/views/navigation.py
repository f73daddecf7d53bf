"""Where a page or a form leads to: paths of this site only."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from ..site_request import SiteRequest
from .decorators import MethodView


def current_page(request: SiteRequest) -> str:
    """Return the path that shows this page again, or home if only a button leads to it."""
    view = request.resolver_match.func if request.resolver_match else None
    is_page = isinstance(view, MethodView) and "GET" in view.methods
    if is_page or request.method in ("GET", "HEAD"):
        return request.get_full_path()
    return reverse("home")


def safe_path(request: SiteRequest, target: str) -> str | None:
    """Return `target` if it is a path of this site, else None."""
    is_safe = target.startswith("/") and url_has_allowed_host_and_scheme(
        target, allowed_hosts=None, require_https=request.is_secure()
    )
    return target if is_safe else None


def redirect_back(request: SiteRequest, default: str, *, anchor: str = "") -> HttpResponse:
    """Redirect to `anchor` on the page that the form names in `next`, else to `default`."""
    page = safe_path(request, request.POST.get("next", ""))
    if page is None:
        return redirect(default)
    return redirect(f"{page.partition('#')[0]}#{anchor}" if anchor else page)
