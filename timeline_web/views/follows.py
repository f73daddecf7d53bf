"""Following and no longer following a member."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from .access import members_only, methods


@methods("POST")
@members_only
def follow(request: HttpRequest, username: str) -> HttpResponse:
    """Follow, then back to the profile."""
    name = request.api.account(username).username
    request.api.follow(name)
    messages.success(request, f'You are now following "{name}"')
    return redirect("profile", username=name)


@methods("POST")
@members_only
def unfollow(request: HttpRequest, username: str) -> HttpResponse:
    """No longer follow, then back to the profile."""
    name = request.api.account(username).username
    request.api.unfollow(name)
    messages.success(request, f'You are no longer following "{name}"')
    return redirect("profile", username=name)
