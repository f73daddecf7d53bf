"""Notifications of the member."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from ..site_request import MemberRequest
from .changes import asks_for_changes, changed
from .decorators import allow_methods, members_only


@allow_methods("GET")
@members_only
def notifications(request: MemberRequest) -> HttpResponse:
    """The notifications, newest first. One call of the API."""
    page = request.api.notifications(request.GET.get("cursor", ""))
    return render(request, "timeline_web/notifications.html", {"page": page})


@allow_methods("POST")
@members_only
def mark_read(request: MemberRequest) -> HttpResponse:
    """Mark the notifications that the page has shown as read, then back to it."""
    until = request.POST.get("until", "")
    is_id = until.isdecimal() and until.isascii()
    request.api.mark_notifications_read(until if is_id else "")
    if asks_for_changes(request):
        text = _("All are read")
        return changed((".told .unread", ""), (".bell .number", ""), (".mark-read", ""), text=text)
    return redirect("notifications")
