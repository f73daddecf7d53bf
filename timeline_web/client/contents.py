"""What a page of messages needs of the API. Each is one call: the rest is included in the list."""

from dataclasses import dataclass

from .client import Api
from .resources import Account, MemberSummary, Message, Page, Trend

# The accounts that a home timeline suggests.
SUGGESTIONS = 4


@dataclass(frozen=True, slots=True)
class Home:
    """A home timeline, and accounts to follow."""

    page: Page[Message]
    head: MemberSummary | None
    suggestions: list[Account]


@dataclass(frozen=True, slots=True)
class Public:
    """The public timeline, and the trending tags. A visitor has no head."""

    page: Page[Message]
    head: MemberSummary | None
    trending: list[Trend]


@dataclass(frozen=True, slots=True)
class Profile:
    """A member's profile and messages. `pinned` is on the first page only."""

    account: Account
    page: Page[Message]
    head: MemberSummary | None
    pinned: Message | None


def home(api: Api, cursor: str) -> Home:
    """Return what a member's home page shows."""
    page = api.home_timeline(cursor)
    return Home(page, page.included.head, page.included.suggestions[:SUGGESTIONS])


def public(api: Api, cursor: str) -> Public:
    """Return what the public page shows."""
    page = api.public_timeline(cursor)
    return Public(page, page.included.head, page.included.trending)


def profile(api: Api, username: str, cursor: str) -> Profile:
    """Return what the page of `username` shows. One call more if the account was not included."""
    page = api.user_timeline(username, cursor)
    included = page.included
    account = included.account or api.account(username)
    return Profile(account, page, included.head, included.pinned)
