"""Rendering a template of the site into a response."""

from collections.abc import Mapping
from functools import partial

from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject

from ..client import Message, Page
from ..fragments import kept_page
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


def render_list(
    request: SiteRequest,
    template: str,
    context: Mapping[str, object],
    *,
    page: Page[Message],
    live: bool = False,
) -> HttpResponse:
    """Return a page that lists messages, from kept HTML but for its parts (fragments.py).

    `live` pages look for new messages. A page without messages or with some missing is rare, and
    says other things.
    """
    context = {"page": page, "live": live, **context}
    if not page.items or page.shards_missing:
        return render_page(request, template, context)
    token = SimpleLazyObject(partial(get_token, request))
    full = {"request": request, "csrf_token": token, **context}
    return HttpResponse(kept_page(template, full, page=LISTED, live=live))


class _Listed:
    """The page of a list as the kept HTML sees it: there is something in it."""

    items = (None,)
    is_empty = False
    shards_missing = ""


LISTED = _Listed()
