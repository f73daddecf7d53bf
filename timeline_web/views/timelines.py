"""Pages that list messages: the home timeline, the public one, a member's; and posting."""

from contextlib import suppress
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from ..client import Account, Message, Trend
from ..client.errors import ApiError, KeyReused, NotFound
from ..forms import MessageForm
from ..sessions import pop_draft
from ..site_request import MemberRequest, SiteRequest
from .decorators import allow_methods, members_only, shared_by_visitors
from .form_pages import FORM_ERRORS, failed_form_page, form_page


@allow_methods("GET")
def home(request: SiteRequest) -> HttpResponse:
    """The home timeline. Two calls of the API; a visitor is sent to the public timeline."""
    if not request.member:
        return redirect("public")
    page = request.api.home_timeline(request.GET.get("cursor", ""))
    form = MessageForm(initial={"text": pop_draft(request)})
    context = {"page": page, "form": form, "suggestions": _suggestions(request), "live": True}
    return render(request, "timeline_web/home.html", context)


def _suggestions(request: SiteRequest) -> list[Account]:
    """Return accounts to follow, none if the API fails: the page does without them."""
    try:
        return request.api.suggestions()[:4]
    except ApiError:
        return []


@allow_methods("GET")
@shared_by_visitors
def public(request: SiteRequest) -> HttpResponse:
    """The newest messages of everybody. Two calls of the API."""
    page = request.api.public_timeline(request.GET.get("cursor", ""))
    context = {"page": page, "trending": _trending(request), "live": True}
    return render(request, "timeline_web/public.html", context)


def _trending(request: SiteRequest) -> list[Trend]:
    """Return the trending tags, none if the API fails: the page does without them."""
    try:
        return request.api.trending()
    except ApiError:
        return []


@allow_methods("GET")
@shared_by_visitors
def profile(request: SiteRequest, username: str) -> HttpResponse:
    """A member's profile and messages. Two calls of the API, with a pinned message three."""
    account = request.api.account(username)
    page = request.api.user_timeline(username, request.GET.get("cursor", ""))
    context = {
        "account": account,
        "page": page,
        "pinned": _pinned(request, account),
        "is_me": request.member is not None and request.member.username == account.username,
    }
    return render(request, "timeline_web/profile.html", context)


def _pinned(request: SiteRequest, account: Account) -> Message | None:
    """Return the pinned message, on the first page only."""
    if not account.pinned_message or request.GET.get("cursor"):
        return None
    with suppress(NotFound):  # deleted after the profile was read
        return request.api.message(account.pinned_message)
    return None


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
