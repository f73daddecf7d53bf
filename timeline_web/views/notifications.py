"""What others did that the member is told of."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from .access import members_only, methods


@methods("GET")
@members_only
def notifications(request: HttpRequest) -> HttpResponse:
    """The notifications. One call of the API."""
    page = request.api.notifications(request.GET.get("cursor", ""))
    return render(request, "timeline_web/notifications.html", {"page": page})


@methods("POST")
@members_only
def read(request: HttpRequest) -> HttpResponse:
    """Mark as read what the page has shown, then back to it."""
    until = request.POST.get("until", "")
    request.api.mark_read(until if until.isdecimal() and until.isascii() else "")
    return redirect("notifications")
