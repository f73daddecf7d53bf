"""Following and no longer following a member; who follows whom."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from .access import back, members_only, methods


@methods("POST")
@members_only
def follow(request: HttpRequest, username: str) -> HttpResponse:
    """Follow, then back to where one was, or to the profile."""
    name = request.api.account(username).username
    request.api.follow(name)
    messages.success(request, _('You are now following "%(name)s"') % {"name": name})
    return back(request, reverse("profile", args=[name]))


@methods("POST")
@members_only
def unfollow(request: HttpRequest, username: str) -> HttpResponse:
    """No longer follow, then back to where one was, or to the profile."""
    name = request.api.account(username).username
    request.api.unfollow(name)
    messages.success(request, _('You are no longer following "%(name)s"') % {"name": name})
    return back(request, reverse("profile", args=[name]))


@methods("GET")
def followers(request: HttpRequest, username: str) -> HttpResponse:
    """Who follows a member. One call of the API."""
    title, nobody = _("Followers of %(name)s"), _("Nobody follows %(name)s yet.")
    return _people(request, username, "followers", title, nobody)


@methods("GET")
def following(request: HttpRequest, username: str) -> HttpResponse:
    """Whom a member follows. One call of the API."""
    title, nobody = _("Followed by %(name)s"), _("%(name)s follows nobody yet.")
    return _people(request, username, "following", title, nobody)


def _people(
    request: HttpRequest, username: str, which: str, title: str, nobody: str
) -> HttpResponse:
    context = {
        "title": title % {"name": username},
        "nobody": nobody % {"name": username},
        "page": request.api.people(username, which, request.GET.get("cursor", "")),
        "back": reverse("profile", args=[username]),
    }
    return render(request, "timeline_web/people.html", context)
