"""Blocking, muting and reporting."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
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
    """The form to report a message, and reporting it."""
    if request.method != "POST":
        return form_page(request, "report", ReportForm(), message=request.api.message(message_id))
    form = ReportForm(request.POST)
    if not form.is_valid():
        message = request.api.message(message_id)
        return form_page(request, "report", form, status=400, message=message)
    try:
        request.api.report(message_id, form.cleaned_data["reason"])
    except Invalid as error:
        message = request.api.message(message_id)
        return failed_form_page(request, "report", form, error, message=message)
    messages.success(request, gettext("Thank you. The operators will look at it"))
    return redirect("message", username, message_id)
