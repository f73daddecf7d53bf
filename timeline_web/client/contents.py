"""What a page needs of the API. Each is one call: the rest is included in the answer."""

from dataclasses import dataclass

from .client import Api
from .errors import NotFound
from .resources import Account, ConversationItem, Message, Page, Revision, Trend

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


@dataclass(frozen=True, slots=True)
class Conversation:
    """A message, or the place of a deleted one, with what it replies to and a page of replies.

    `is_pinned` says whether the message is on its author's profile. It is False unless asked for.
    """

    message: ConversationItem
    ancestors: list[ConversationItem]
    page: Page[ConversationItem]
    is_pinned: bool


def home(api: Api, cursor: str) -> Home:
    """Return what a member's home page shows."""
    page = api.home_timeline(cursor)
    return Home(page, page.included.suggestions[:SUGGESTIONS])


def public(api: Api, cursor: str) -> Public:
    """Return what the public page shows."""
    page = api.public_timeline(cursor)
    return Public(page, page.included.trending)


def profile(api: Api, username: str, cursor: str = "") -> Profile:
    """Return what the page of `username` shows. One call more if the account was not included.
    Raise NotFound."""
    page = api.user_timeline(username, cursor)
    included = page.included
    account = included.account or api.account(username)
    return Profile(account, page, included.pinned)


def conversation(
    api: Api, message_id: str, cursor: str, *, author: str | None = None
) -> Conversation:
    """Return what the page of a message shows. Ask whether it is pinned if the reader is its
    `author`. One call more for each part that was not included. Raise NotFound."""
    page = api.replies(message_id, cursor, with_author=author is not None)
    included = page.included
    message = included.message or api.message(message_id)
    ancestors = included.ancestors
    if ancestors is None:
        ancestors = api.ancestors(message_id)
    is_pinned = False
    if author is not None:
        account = included.account or api.account(author)
        is_pinned = account.pinned_message == message_id
    return Conversation(message, ancestors, page, is_pinned)


def history(api: Api, message_id: str) -> tuple[Message, list[Revision]]:
    """Return a message and the texts that it has had, oldest first. One call more if the message
    was not included. Raise NotFound."""
    history = api.history(message_id)
    message = history.message or api.message(message_id)
    if not isinstance(message, Message):
        raise NotFound
    return message, history.revisions
