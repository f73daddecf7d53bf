"""Blocking, muting and reporting."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..exceptions import Invalid
from ..forms import ReportForm
from .access import back, members_only, methods

# What undoing is called here → what it undoes; and what to say of each.
UNDONE = {"unblock": "block", "unmute": "mute"}
SAID = {
    "block": _("You have blocked %(name)s"),
    "mute": _("You have muted %(name)s"),
    "unblock": _("You have unblocked %(name)s"),
    "unmute": _("You have unmuted %(name)s"),
}


@methods("POST")
@members_only
def relate(request: HttpRequest, username: str, what: str) -> HttpResponse:
    """Block or mute a member, or undo it, then back to where one was."""
    if what in UNDONE:
        request.api.unrelate(username, UNDONE[what])
    else:
        request.api.relate(username, what)
    messages.success(request, SAID[what] % {"name": username})
    return back(request, reverse("profile", args=[username]))


@methods("GET")
@members_only
def hidden(request: HttpRequest, which: str) -> HttpResponse:
    """Whom one has blocked or muted. One call of the API."""
    page = request.api.hidden(which, request.GET.get("cursor", ""))
    context = {"page": page, "which": which, "here": "hidden"}
    return render(request, "timeline_web/settings_hidden.html", context)


@methods("GET", "POST")
@members_only
def report(request: HttpRequest, username: str, message_id: str) -> HttpResponse:
    """The form to report a message, and reporting it."""
    form = ReportForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            request.api.report(message_id, form.cleaned_data["reason"])
        except Invalid as error:
            form.refuse_as_the_api_did(error.errors)
        else:
            messages.success(request, gettext("Thank you. The operators will look at it"))
            return redirect("message", username, message_id)
    context = {"form": form, "message": request.api.message(message_id)}
    status = 400 if form.is_bound else 200
    return render(request, "timeline_web/report.html", context, status=status)
