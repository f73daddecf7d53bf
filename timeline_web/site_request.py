"""The request as the site's views see it, with what the middleware adds to Django's."""

from collections.abc import Callable
from typing import TypeGuard

from django.http import HttpRequest

from .client import Api, MemberSummary
from .sessions import Member


class SiteRequest(HttpRequest):
    """For annotations only: Django makes the requests, the site's middleware adds these fields."""

    request_id: str
    member: Member | None
    api: Api
    # Called at most once per page, and not for pages that do not show it.
    member_summary: Callable[[], MemberSummary | None]
    # Whether the page is made for all visitors: nothing of this request but its address and its
    # language may be in it (microcache.py).
    is_shared: bool


class MemberRequest(SiteRequest):
    """The request of a member who is signed in."""

    member: Member


def has_member(request: SiteRequest) -> TypeGuard[MemberRequest]:
    return request.member is not None
