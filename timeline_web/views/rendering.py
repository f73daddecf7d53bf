"""Rendering a template of the site into a response."""

from collections.abc import Mapping

from django.http import HttpResponse
from django.shortcuts import render

from ..site_request import SiteRequest

# Statuses that say when to try again, and after how many seconds unless the API says so.
TRY_AGAIN = (429, 503)
RETRY_AFTER = 2


def render_page(
    request: SiteRequest,
    template: str,
    context: Mapping[str, object],
    *,
    status: int = 200,
    retry_after: int | None = None,
) -> HttpResponse:
    """Return the page of `template`, a name without its folder and ending."""
    response = render(request, f"timeline_web/{template}.html", dict(context), status=status)
    if status in TRY_AGAIN:
        response["Retry-After"] = str(retry_after or RETRY_AFTER)
    return response
