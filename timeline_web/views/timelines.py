"""Pages that list messages: the home timeline, the public one, a member's; and posting."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from ..client import Message, contents
from ..client.errors import KeyReused
from ..forms import MessageForm
from ..sessions import pop_draft
from ..site_request import MemberRequest, SiteRequest
from .decorators import allow_methods, members_only, shared_by_visitors
from .form_pages import FORM_ERRORS, failed_form_page, form_page
from .rendering import render_list


@allow_methods("GET")
def home(request: SiteRequest) -> HttpResponse:
    """The home timeline. A visitor is sent to the public timeline."""
    if not request.member:
        return redirect("public")
    shown = contents.home(request.api, request.GET.get("cursor", ""))
    form = MessageForm(initial={"text": pop_draft(request)})
    context = {"form": form, "suggestions": shown.suggestions}
    return render_list(request, "home", context, page=shown.page, live=True)


@allow_methods("GET")
@shared_by_visitors
def public(request: SiteRequest) -> HttpResponse:
    """The newest messages of everybody."""
    shown = contents.public(request.api, request.GET.get("cursor", ""))
    context = {"trending": shown.trending}
    return render_list(request, "public", context, page=shown.page, live=True)


@allow_methods("GET")
@shared_by_visitors
def profile(request: SiteRequest, username: str) -> HttpResponse:
    """A member's profile and messages."""
    shown = contents.profile(request.api, username, request.GET.get("cursor", ""))
    member = request.member
    context = {
        "account": shown.account,
        "pinned": shown.pinned,
        "is_me": member is not None and member.username == shown.account.username,
    }
    return render_list(request, "profile", context, page=shown.page)


@allow_methods("POST")
@members_only
def add_message(request: MemberRequest) -> HttpResponse:
    """Post a message. Every error page keeps the text.

    These pages are the form alone: the timeline under it would need the API, which may be gone.
    """
    form = MessageForm(request.POST)
    if not form.is_valid():
        return form_page(request, "compose", form, status=400)
    try:
        message = _post(request, form.cleaned_data)
    except FORM_ERRORS as error:
        return failed_form_page(request, "compose", form, error)
    messages.success(request, _("Your message was recorded"), extra_tags="recorded")
    if (parent := message.in_reply_to) and parent.username:
        url = reverse("message", args=[parent.username, parent.id])
        return redirect(f"{url}#m{message.id}")
    return redirect("home")


def _post(request: MemberRequest, data: dict[str, Any]) -> Message:
    text, parent = data["text"], data.get("in_reply_to", "")
    try:
        return request.api.post_message(text, key=data.get("key", ""), in_reply_to=parent)
    except KeyReused:
        # The key was sent with another text: the member went back and typed a new one.
        return request.api.post_message(text, in_reply_to=parent)
