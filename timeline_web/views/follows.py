"""Following and unfollowing a member; who follows whom."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from ..client import Account, Page
from ..site_request import MemberRequest, SiteRequest
from .changed_parts import account_changed
from .decorators import allow_methods, members_only, shared_by_visitors


@allow_methods("POST")
@members_only
def follow(request: MemberRequest, username: str) -> HttpResponse:
    """Follow, then back to the page before, or to the profile."""
    request.api.follow(username)
    account = request.api.account(username)
    text = _('You are now following "%(name)s"') % {"name": account.username}
    return account_changed(request, account, text)


@allow_methods("POST")
@members_only
def unfollow(request: MemberRequest, username: str) -> HttpResponse:
    """Unfollow, then back to the page before, or to the profile."""
    request.api.unfollow(username)
    account = request.api.account(username)
    text = _('You are no longer following "%(name)s"') % {"name": account.username}
    return account_changed(request, account, text)


@allow_methods("GET")
@shared_by_visitors
def followers(request: SiteRequest, username: str) -> HttpResponse:
    """Who follows a member. One call of the API."""
    page = request.api.followers(username, request.GET.get("cursor", ""))
    title, nobody = _("Followers of %(name)s"), _("Nobody follows %(name)s yet.")
    return _people_page(request, username, page, title, nobody)


@allow_methods("GET")
@shared_by_visitors
def following(request: SiteRequest, username: str) -> HttpResponse:
    """Whom a member follows. One call of the API."""
    page = request.api.following(username, request.GET.get("cursor", ""))
    title, nobody = _("Followed by %(name)s"), _("%(name)s follows nobody yet.")
    return _people_page(request, username, page, title, nobody)


def _people_page(
    request: SiteRequest, username: str, page: Page[Account], title: str, nobody: str
) -> HttpResponse:
    context = {
        "title": title % {"name": username},
        "nobody": nobody % {"name": username},
        "page": page,
        "back": reverse("profile", args=[username]),
    }
    return render(request, "timeline_web/people.html", context)
