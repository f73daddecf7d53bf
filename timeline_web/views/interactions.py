"""Liking, reposting and pinning a message, and who did."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from .access import back, members_only, methods

# What undoing is called here → what it undoes.
UNDONE = {"unlike": "like", "undo_repost": "repost", "unpin": "pin"}
TITLES = {"likes": _("Who likes this message"), "reposts": _("Who has reposted it")}
NOBODY = {"likes": _("Nobody has liked it yet."), "reposts": _("Nobody has reposted it yet.")}


@methods("POST")
@members_only
def mark(request: HttpRequest, username: str, message_id: str, what: str) -> HttpResponse:
    """Like, repost or pin a message, then back to where one was."""
    request.api.mark(message_id, what)
    return back(request, reverse("message", args=[username, message_id]), anchor=f"m{message_id}")


@methods("POST")
@members_only
def unmark(request: HttpRequest, username: str, message_id: str, what: str) -> HttpResponse:
    """Undo one of these, then back to where one was."""
    request.api.unmark(message_id, UNDONE[what])
    return back(request, reverse("message", args=[username, message_id]), anchor=f"m{message_id}")


@methods("GET")
def who(request: HttpRequest, username: str, message_id: str, what: str) -> HttpResponse:
    """Who likes a message, or has reposted it. One call of the API."""
    context = {
        "title": TITLES[what],
        "nobody": NOBODY[what],
        "page": request.api.who(message_id, what, request.GET.get("cursor", "")),
        "back": reverse("message", args=[username, message_id]),
    }
    return render(request, "timeline_web/people.html", context)
