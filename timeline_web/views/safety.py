"""Blocking, muting and reporting."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..client import Restriction, RestrictionList
from ..client.errors import Invalid
from ..forms import ReportForm
from ..site_request import MemberRequest
from .changed_parts import account_changed
from .decorators import allow_methods, members_only
from .form_pages import failed_form_page, form_page

ADDED = {"block": _("You have blocked %(name)s"), "mute": _("You have muted %(name)s")}
REMOVED = {"block": _("You have unblocked %(name)s"), "mute": _("You have unmuted %(name)s")}


@allow_methods("POST")
@members_only
def restrict(request: MemberRequest, username: str, restriction: Restriction) -> HttpResponse:
    """Block or mute a member, then back to the page before."""
    request.api.add_restriction(username, restriction)
    text = ADDED[restriction] % {"name": username}
    return account_changed(request, request.api.account(username), text)


@allow_methods("POST")
@members_only
def unrestrict(request: MemberRequest, username: str, restriction: Restriction) -> HttpResponse:
    """Unblock or unmute a member, then back to the page before."""
    request.api.remove_restriction(username, restriction)
    text = REMOVED[restriction] % {"name": username}
    return account_changed(request, request.api.account(username), text)


@allow_methods("GET")
@members_only
def restrictions(request: MemberRequest, restriction_list: RestrictionList) -> HttpResponse:
    """Whom one has blocked or muted. One call of the API."""
    page = request.api.restrictions(restriction_list, request.GET.get("cursor", ""))
    context = {"page": page, "restriction_list": restriction_list, "tab": "restrictions"}
    return render(request, "timeline_web/settings_restrictions.html", context)


@allow_methods("GET", "POST")
@members_only
def report(request: MemberRequest, username: str, message_id: str) -> HttpResponse:
    """The form to report a message, and reporting it; then back to the message."""

    def subject() -> dict[str, Any]:
        message = request.api.message(message_id)
        return {"message": message, "author": message.original.author}

    def send(reason: str) -> None:
        request.api.report(message_id, reason)

    return _report(request, subject, send, reverse("message", args=[username, message_id]))


@allow_methods("GET", "POST")
@members_only
def report_member(request: MemberRequest, username: str) -> HttpResponse:
    """The form to report a member, and reporting them; then back to their profile."""

    def subject() -> dict[str, Any]:
        return {"account": request.api.shown_account(username)}

    def send(reason: str) -> None:
        request.api.report_account(username, reason)

    return _report(request, subject, send, reverse("profile", args=[username]))


def _report(
    request: MemberRequest,
    subject: Callable[[], dict[str, Any]],
    send: Callable[[str], None],
    back: str,
) -> HttpResponse:
    """Return the page of the form about `subject`, or `send` its reason and go `back`."""
    if request.method != "POST":
        return form_page(request, "report", ReportForm(), **subject())
    form = ReportForm(request.POST)
    if not form.is_valid():
        return form_page(request, "report", form, status=400, **subject())
    try:
        send(form.cleaned_data["reason"])
    except Invalid as error:
        return failed_form_page(request, "report", form, error, **subject())
    messages.success(request, gettext("Thank you. The operators will look at it"))
    return redirect(back)
