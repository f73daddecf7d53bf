"""A message with what it replies to and its replies; editing and deleting it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from .. import membership
from ..client import Message
from ..exceptions import ApiUnavailable, Conflict, Forbidden, Invalid, NotFound, Throttled
from ..forms import EditForm, MessageForm
from .access import members_only, methods


@methods("GET")
def message(request: HttpRequest, username: str, message_id: str) -> HttpResponse:
    """A message in its conversation. Three calls of the API, for its author four.

    Of a deleted message that has replies the gap is shown, with the status 410.
    """
    cursor = request.GET.get("cursor", "")
    try:
        shown = request.api.message(message_id)
    except NotFound:
        return _gap(request, message_id, cursor)
    if shown.repost_of:
        return redirect("message", shown.repost_of.author.username, shown.repost_of.id)
    if shown.author.username != username:
        return redirect("message", shown.author.username, message_id)
    mine = bool(request.member) and request.member.username == username
    context = {
        "message": shown,
        "above": request.api.ancestors(message_id) if shown.in_reply_to else [],
        "page": request.api.replies(message_id, cursor),
        "viewer": "author" if mine else "",
        "pinned": mine and request.api.account(username).pinned_message == message_id,
        "form": MessageForm(
            initial={"in_reply_to": message_id, "text": membership.take_draft(request)}
        ),
    }
    return render(request, "timeline_web/message.html", context)


def _gap(request: HttpRequest, message_id: str, cursor: str) -> HttpResponse:
    page = request.api.replies(message_id, cursor)
    context = {
        "message": Message.gap(message_id),
        "above": request.api.ancestors(message_id),
        "page": page,
    }
    return render(request, "timeline_web/message.html", context, status=410)


@methods("GET")
def history(request: HttpRequest, username: str, message_id: str) -> HttpResponse:
    """The texts that a message has had. Two calls of the API."""
    context = {
        "message": request.api.message(message_id),
        "revisions": request.api.history(message_id),
    }
    return render(request, "timeline_web/history.html", context)


@methods("GET", "POST")
@members_only
def edit(request: HttpRequest, username: str, message_id: str) -> HttpResponse:
    """The form to edit one's message, and editing it; whatever goes wrong, the text stays."""
    shown = request.api.message(message_id)
    if not shown.author or shown.author.username != request.member.username:
        raise Forbidden(_("This is not your message."))
    if request.method != "POST":
        form = EditForm(initial={"text": shown.text, "revision": shown.revision})
        return _edit_page(request, shown, form)
    form = EditForm(request.POST)
    if not form.is_valid():
        return _edit_page(request, shown, form, status=400)
    data = form.cleaned_data
    try:
        request.api.edit(message_id, data["text"], revision=data["revision"])
    except Conflict as error:
        text = _("You have edited it in another window; it says now: %(text)s")
        form.refuse("text", text % {"text": shown.text})
        form.data = form.data.copy()
        form.data["revision"] = shown.revision
        return _edit_page(request, shown, form, status=error.status)
    except Invalid as error:
        form.refuse("text", str(error))
        return _edit_page(request, shown, form, status=error.status)
    except (ApiUnavailable, Throttled) as error:
        text = _("%(trouble)s. Your text is still here: please try again")
        form.refuse("text", text % {"trouble": error.title})
        response = _edit_page(request, shown, form, status=error.status)
        response["Retry-After"] = str(error.retry_after or 2)
        return response
    messages.success(request, _("Your message was changed"))
    return redirect("message", shown.author.username, message_id)


@methods("POST")
@members_only
def delete(request: HttpRequest, username: str, message_id: str) -> HttpResponse:
    """Delete one's message, then home."""
    request.api.delete(message_id)
    messages.success(request, _("Your message was deleted"))
    return redirect("home")


def _edit_page(
    request: HttpRequest, shown: Message, form: EditForm, *, status: int = 200
) -> HttpResponse:
    context = {"message": shown, "form": form}
    return render(request, "timeline_web/edit.html", context, status=status)
