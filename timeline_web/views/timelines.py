"""Pages that list messages: the home timeline, the public one, a member's; and posting."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from ..client import Message, Page
from ..client.errors import KeyReused
from ..forms import MessageForm
from ..sessions import pop_draft
from ..site_request import MemberRequest, SiteRequest
from .decorators import allow_methods, members_only, shared_by_visitors
from .form_pages import FORM_ERRORS, failed_form_page, form_page

# Accounts that the home page suggests to follow.
SUGGESTIONS = 4


@allow_methods("GET")
def home(request: SiteRequest) -> HttpResponse:
    """The home timeline. One call of the API; a visitor is sent to the public timeline."""
    if not request.member:
        return redirect("public")
    page = request.api.home_timeline(request.GET.get("cursor", ""))
    _keep_head(request, page)
    form = MessageForm(initial={"text": pop_draft(request)})
    suggestions = page.included.suggestions[:SUGGESTIONS]
    context = {"page": page, "form": form, "suggestions": suggestions, "live": True}
    return render(request, "timeline_web/home.html", context)


def _keep_head(request: SiteRequest, page: Page[Message]) -> None:
    """Show the head that came with the page, which need not be asked for again."""
    head = page.included.head
    request.member_summary = lambda: head


@allow_methods("GET")
@shared_by_visitors
def public(request: SiteRequest) -> HttpResponse:
    """The newest messages of everybody. One call of the API."""
    page = request.api.public_timeline(request.GET.get("cursor", ""))
    _keep_head(request, page)
    context = {"page": page, "trending": page.included.trending, "live": True}
    return render(request, "timeline_web/public.html", context)


@allow_methods("GET")
@shared_by_visitors
def profile(request: SiteRequest, username: str) -> HttpResponse:
    """A member's profile and messages. One call of the API."""
    page = request.api.user_timeline(username, request.GET.get("cursor", ""))
    _keep_head(request, page)
    account = page.included.account or request.api.account(username)
    context = {
        "account": account,
        "page": page,
        "pinned": page.included.pinned,
        "is_me": request.member is not None and request.member.username == account.username,
    }
    return render(request, "timeline_web/profile.html", context)


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
    messages.success(request, _("Your message was recorded"))
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
