"""Following and no longer following a member; who follows whom."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from .access import back, members_only, methods


@methods("POST")
@members_only
def follow(request: HttpRequest, username: str) -> HttpResponse:
    """Follow, then back to where one was, or to the profile."""
    name = request.api.account(username).username
    request.api.follow(name)
    messages.success(request, f'You are now following "{name}"')
    return back(request, reverse("profile", args=[name]))


@methods("POST")
@members_only
def unfollow(request: HttpRequest, username: str) -> HttpResponse:
    """No longer follow, then back to where one was, or to the profile."""
    name = request.api.account(username).username
    request.api.unfollow(name)
    messages.success(request, f'You are no longer following "{name}"')
    return back(request, reverse("profile", args=[name]))


@methods("GET")
def followers(request: HttpRequest, username: str) -> HttpResponse:
    """Who follows a member. One call of the API."""
    return _people(request, username, "followers", "Followers of {}", "Nobody follows {} yet.")


@methods("GET")
def following(request: HttpRequest, username: str) -> HttpResponse:
    """Whom a member follows. One call of the API."""
    return _people(request, username, "following", "Followed by {}", "{} follows nobody yet.")


def _people(
    request: HttpRequest, username: str, which: str, title: str, nobody: str
) -> HttpResponse:
    context = {
        "title": title.format(username),
        "nobody": nobody.format(username),
        "page": request.api.people(username, which, request.GET.get("cursor", "")),
        "back": reverse("profile", args=[username]),
    }
    return render(request, "timeline_web/people.html", context)
