"""Pages that list messages: my timeline, the public one, a member's; and posting."""

from contextlib import suppress

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from .. import membership
from ..client import Account, Message, Trend
from ..exceptions import ApiError, ApiUnavailable, Invalid, KeyReused, NotFound, Throttled
from ..forms import MessageForm
from .access import members_only, methods


@methods("GET")
def home(request: HttpRequest) -> HttpResponse:
    """My timeline. Two calls of the API; a visitor is sent to the public timeline."""
    if not request.member:
        return redirect("public")
    page = request.api.home_timeline(request.GET.get("cursor", ""))
    form = MessageForm(initial={"text": membership.take_draft(request)})
    context = {"page": page, "form": form, "suggestions": _suggestions(request), "live": True}
    return render(request, "timeline_web/home.html", context)


def _suggestions(request: HttpRequest) -> list[Account]:
    """Whom one might follow; a page goes without where the API cannot say it."""
    try:
        return request.api.suggestions()[:4]
    except ApiError:
        return []


@methods("GET")
def public(request: HttpRequest) -> HttpResponse:
    """The newest messages of everybody. Two calls of the API."""
    page = request.api.public_timeline(request.GET.get("cursor", ""))
    request.trending = _trending(request)
    return render(request, "timeline_web/public.html", {"page": page, "live": True})


def _trending(request: HttpRequest) -> list[Trend]:
    """What is talked of; a page goes without where the API cannot say it."""
    try:
        return request.api.trending()
    except ApiError:
        return []


@methods("GET")
def profile(request: HttpRequest, username: str) -> HttpResponse:
    """A member's profile and messages. Two calls of the API, with a pinned message three."""
    account = request.api.account(username)
    page = request.api.messages_of(username, request.GET.get("cursor", ""))
    context = {
        "account": account,
        "page": page,
        "pinned": _pinned(request, account),
        "is_me": bool(request.member) and request.member.username == account.username,
    }
    return render(request, "timeline_web/profile.html", context)


def _pinned(request: HttpRequest, account: Account) -> Message | None:
    """The pinned message, above the first page alone."""
    if not account.pinned_message or request.GET.get("cursor"):
        return None
    with suppress(NotFound):  # deleted since we have read of it
        return request.api.message(account.pinned_message)
    return None


@methods("POST")
@members_only
def add_message(request: HttpRequest) -> HttpResponse:
    """Post a message; whatever goes wrong, the form comes back with the text in it."""
    form = MessageForm(request.POST)
    if not form.is_valid():
        return _compose_page(request, form, status=400)
    try:
        message = _post(request, form.cleaned_data)
    except Invalid as error:
        form.refuse("text", str(error))
        return _compose_page(request, form, status=error.status)
    except (ApiUnavailable, Throttled) as error:
        text = _("%(trouble)s. Your message is still here: please try again")
        form.refuse("text", text % {"trouble": error.title})
        return _compose_page(request, form, status=error.status, retry_after=error.retry_after)
    messages.success(request, _("Your message was recorded"))
    if (parent := message.in_reply_to) and parent.username:
        url = reverse("message", args=[parent.username, parent.id])
        return redirect(f"{url}#m{message.id}")
    return redirect("home")


def _post(request: HttpRequest, data: dict) -> Message:
    parent = data.get("in_reply_to", "")
    try:
        return request.api.post(data["text"], key=data.get("key", ""), in_reply_to=parent)
    except KeyReused:
        # The form's key went with another text before: somebody went back and wrote anew.
        return request.api.post(data["text"], in_reply_to=parent)


def _compose_page(
    request: HttpRequest, form: MessageForm, *, status: int, retry_after: int | None = None
) -> HttpResponse:
    """The form alone: the timeline under it would need the very API that may be gone."""
    response = render(request, "timeline_web/compose.html", {"form": form}, status=status)
    if status in (429, 503):
        response["Retry-After"] = str(retry_after or 2)
    return response
