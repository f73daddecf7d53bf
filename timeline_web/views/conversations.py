"""A message in its conversation; its history; editing and deleting it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from ..client import DeletedMessage, Message, contents
from ..client.errors import Conflict, Forbidden
from ..forms import EditForm, MessageForm
from ..sessions import pop_draft
from ..site_request import MemberRequest, SiteRequest
from .changes import asks_for_changes, changed
from .decorators import allow_methods, members_only, shared_by_visitors
from .form_pages import FORM_ERRORS, failed_form_page, form_page


@allow_methods("GET")
@shared_by_visitors
def message(request: SiteRequest, username: str, message_id: str) -> HttpResponse:
    """A message with what it replies to and its replies. One call of the API.

    The place of a deleted message that has replies is a page too, with status 410.
    """
    is_author = request.member is not None and request.member.username == username
    author = username if is_author else None
    cursor = request.GET.get("cursor", "")
    shown = contents.conversation(request.api, message_id, cursor, author=author)
    message = shown.message
    context: dict[str, object] = {
        "message": message,
        "ancestors": shown.ancestors,
        "page": shown.page,
    }
    if isinstance(message, DeletedMessage):
        return render(request, "timeline_web/message.html", context, status=410)
    if message.repost_of or message.author.username != username:
        return redirect("message", message.original.author.username, message.original.id)
    context |= {
        "viewer": "author" if is_author else "",
        "pinned": shown.is_pinned,
        "form": MessageForm(initial={"in_reply_to": message_id, "text": pop_draft(request)}),
    }
    return render(request, "timeline_web/message.html", context)


@allow_methods("GET")
@shared_by_visitors
def history(request: SiteRequest, username: str, message_id: str) -> HttpResponse:
    """The texts that a message has had. One call of the API."""
    message, revisions = contents.history(request.api, message_id)
    context = {"message": message, "revisions": revisions}
    return render(request, "timeline_web/history.html", context)


@allow_methods("GET", "POST")
@members_only
def edit(request: MemberRequest, username: str, message_id: str) -> HttpResponse:
    """The form to edit one's message, and editing it. Every error page keeps the text."""
    message = _own_message(request, message_id)
    if request.method != "POST":
        form = EditForm(initial={"text": message.text, "revision": message.revision})
        return form_page(request, "edit", form, message=message)
    form = EditForm(request.POST)
    if not form.is_valid():
        return form_page(request, "edit", form, status=400, message=message)
    data = form.cleaned_data
    try:
        request.api.edit_message(message_id, data["text"], revision=data["revision"])
    except Conflict as error:
        form = _form_after_conflict(request, message)
        return form_page(request, "edit", form, status=error.status, message=message)
    except FORM_ERRORS as error:
        return failed_form_page(request, "edit", form, error, message=message)
    messages.success(request, _("Your message was changed"))
    return redirect("message", message.author.username, message_id)


def _form_after_conflict(request: MemberRequest, message: Message) -> EditForm:
    """Return the form of `request` which, sent again, replaces the text that `message` has now."""
    form = EditForm(request.POST.dict() | {"revision": message.revision})
    text = _("You have edited it in another window; it says now: %(text)s")
    form.add_field_error("text", text % {"text": message.text})
    return form


@allow_methods("GET", "POST")
@members_only
def delete(request: MemberRequest, username: str, message_id: str) -> HttpResponse:
    """The question whether to delete one's message, and deleting it; then home."""
    if request.method != "POST":
        message = _own_message(request, message_id)
        return render(request, "timeline_web/delete.html", {"message": message})
    request.api.delete_message(message_id)
    text = _("Your message was deleted")
    if asks_for_changes(request):
        return changed((f'[id="m{message_id}"]', ""), text=text)
    messages.success(request, text)
    return redirect("home")


def _own_message(request: MemberRequest, message_id: str) -> Message:
    """Return the member's message. Raise Forbidden if it is somebody else's."""
    message = request.api.message(message_id)
    if message.author.username != request.member.username:
        raise Forbidden(_("This is not your message."))
    return message
