"""Search and tags."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from ..exceptions import Invalid
from .access import methods


@methods("GET")
def search(request: HttpRequest) -> HttpResponse:
    """Messages or people that have the words of `q`. One call of the API; without words, what is
    talked of."""
    text = request.GET.get("q", "").strip()
    which = "people" if request.GET.get("in") == "people" else "messages"
    context = {"text": text, "which": which}
    if text:
        kind = {"people": "accounts", "messages": "messages"}[which]
        try:
            context["page"] = request.api.search(kind, text, request.GET.get("cursor", ""))
        except Invalid as error:
            refusal = _("That is too long to search for.")
            context["error"] = f"{refusal} {error}"
            return render(request, "timeline_web/search.html", context, status=400)
    else:
        request.trending = request.api.trending()
    return render(request, "timeline_web/search.html", context)


@methods("GET")
def tag(request: HttpRequest, tag: str) -> HttpResponse:
    """The newest messages with a tag. One call of the API."""
    page = request.api.tag(tag, request.GET.get("cursor", ""))
    return render(request, "timeline_web/tag.html", {"page": page, "tag": tag})
