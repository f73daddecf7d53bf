"""What a page needs of the API, gathered by the calls that this takes.

The only place that knows how many calls a page makes. What every page of a member shows in its bar
is not here: `SiteRequest.member_summary` asks for it when it is shown.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from .client import Api
from .errors import ApiError, NotFound
from .resources import Account, Message, Page, Trend

T = TypeVar("T")

# The accounts that a home timeline suggests.
SUGGESTIONS = 4


@dataclass(frozen=True, slots=True)
class Home:
    """A home timeline, and accounts to follow."""

    page: Page[Message]
    suggestions: list[Account]


@dataclass(frozen=True, slots=True)
class Public:
    """The public timeline, and the trending tags."""

    page: Page[Message]
    trending: list[Trend]


@dataclass(frozen=True, slots=True)
class Profile:
    """A member's profile and messages. `pinned` is on the first page only."""

    account: Account
    page: Page[Message]
    pinned: Message | None


def home(api: Api, cursor: str) -> Home:
    """Return what a member's home page shows. Two calls."""
    page = api.home_timeline(cursor)
    return Home(page, _list_if_possible(api.suggestions)[:SUGGESTIONS])


def public(api: Api, cursor: str) -> Public:
    """Return what the public page shows. Two calls."""
    return Public(api.public_timeline(cursor), _list_if_possible(api.trending))


def profile(api: Api, username: str, cursor: str) -> Profile:
    """Return what the page of `username` shows. Two calls, with a pinned message three."""
    account = api.account(username)
    page = api.user_timeline(username, cursor)
    pinned = None
    if account.pinned_message and not cursor:
        with suppress(NotFound):  # deleted after the profile was read
            pinned = api.message(account.pinned_message)
    return Profile(account, page, pinned)


def _list_if_possible(call: Callable[[], list[T]]) -> list[T]:
    """Return what `call` returns, nothing if the API fails: the page does without it."""
    try:
        return call()
    except ApiError:
        return []
