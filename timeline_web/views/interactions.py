"""Liking, reposting and pinning a message, and who did."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ..client import Reaction, ReactionList
from ..site_request import MemberRequest, SiteRequest
from .changed_parts import message_parts, pin_part
from .changes import asks_for_changes, changed
from .decorators import allow_methods, members_only, shared_by_visitors
from .navigation import redirect_back

TITLES = {"likes": _("Who likes this message"), "reposts": _("Who has reposted it")}
NOBODY = {"likes": _("Nobody has liked it yet."), "reposts": _("Nobody has reposted it yet.")}


@allow_methods("POST")
@members_only
def react(
    request: MemberRequest, username: str, message_id: str, reaction: Reaction
) -> HttpResponse:
    """Like or repost a message, then back to it on the page before."""
    request.api.add_reaction(message_id, reaction)
    return _reacted(request, username, message_id)


@allow_methods("POST")
@members_only
def undo_reaction(
    request: MemberRequest, username: str, message_id: str, reaction: Reaction
) -> HttpResponse:
    """Undo a like or a repost, then back to the message on the page before."""
    request.api.remove_reaction(message_id, reaction)
    return _reacted(request, username, message_id)


@allow_methods("POST")
@members_only
def pin(request: MemberRequest, username: str, message_id: str) -> HttpResponse:
    """Pin a message to one's profile, then back to the page before."""
    request.api.pin(message_id)
    return _pinned(request, username, message_id, pinned=True)


@allow_methods("POST")
@members_only
def unpin(request: MemberRequest, username: str, message_id: str) -> HttpResponse:
    """Unpin a message, then back to the page before."""
    request.api.unpin(message_id)
    return _pinned(request, username, message_id, pinned=False)


def _reacted(request: MemberRequest, username: str, message_id: str) -> HttpResponse:
    if asks_for_changes(request):
        return changed(*message_parts(request, request.api.message(message_id)))
    return _back_to_message(request, username, message_id)


def _pinned(
    request: MemberRequest, username: str, message_id: str, *, pinned: bool
) -> HttpResponse:
    if asks_for_changes(request):
        return changed(pin_part(reverse("message", args=[username, message_id]), pinned=pinned))
    return _back_to_message(request, username, message_id)


def _back_to_message(request: MemberRequest, username: str, message_id: str) -> HttpResponse:
    page = reverse("message", args=[username, message_id])
    return redirect_back(request, page, anchor=f"m{message_id}")


@allow_methods("GET")
@shared_by_visitors
def reactions(
    request: SiteRequest, username: str, message_id: str, reaction_list: ReactionList
) -> HttpResponse:
    """Who likes a message, or has reposted it. One call of the API."""
    context = {
        "title": TITLES[reaction_list],
        "nobody": NOBODY[reaction_list],
        "page": request.api.reactions(message_id, reaction_list, request.GET.get("cursor", "")),
        "back": reverse("message", args=[username, message_id]),
    }
    return render(request, "timeline_web/people.html", context)
