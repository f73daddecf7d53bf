"""Search and tags."""

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from ..client import Account, Message, Page
from ..client.errors import Invalid
from ..site_request import MemberRequest, SiteRequest
from .decorators import allow_methods, members_only, shared_by_visitors
from .rendering import render_page


@allow_methods("GET")
@shared_by_visitors
def search(request: SiteRequest) -> HttpResponse:
    """Messages or people that have the words of `q`. One call of the API; without words, the
    trending tags."""
    text = request.GET.get("q", "").strip()
    kind = "people" if request.GET.get("in") == "people" else "messages"
    context: dict[str, object] = {"text": text, "kind": kind}
    if not text:
        context["trending"] = request.api.trending()
        return render_page(request, "search", context)
    try:
        context["page"] = _found(request, kind, text)
    except Invalid as error:
        too_long = _("That is too long to search for.")
        context["error"] = f"{too_long} {error}"
        return render_page(request, "search", context, status=400)
    return render_page(request, "search", context)


def _found(request: SiteRequest, kind: str, text: str) -> Page[Account] | Page[Message]:
    cursor = request.GET.get("cursor", "")
    if kind == "people":
        return request.api.search_accounts(text, cursor)
    return request.api.search_messages(text, cursor)


@allow_methods("GET")
@members_only
def names(request: MemberRequest) -> HttpResponse:
    """The first members whose name begins with `prefix`, for the script. One call of the API."""
    prefix = request.GET.get("prefix", "")
    found = request.api.names(prefix) if prefix else []
    results = [{"name": each.username, "shown": each.display_name} for each in found]
    return JsonResponse({"results": results})


@allow_methods("GET")
@shared_by_visitors
def tag(request: SiteRequest, tag: str) -> HttpResponse:
    """The newest messages with a tag. One call of the API."""
    page = request.api.tag_timeline(tag, request.GET.get("cursor", ""))
    return render(request, "timeline_web/tag.html", {"page": page, "tag": tag})
