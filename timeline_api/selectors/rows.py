"""Rows: what selectors return, as plain tuples. No model instances, which cost more than the SQL.

The names of a row's columns, for values_list(), stand beside it.
"""

from datetime import datetime
from typing import Any, NamedTuple

from ..models import Account, Message, Revision


class Author(NamedTuple):
    """An account in short: who wrote a message, or did something."""

    id: int
    username: str
    display_name: str
    avatar_version: str

    @classmethod
    def of(cls, account: Account) -> "Author":
        """Return the author that a model instance is."""
        return cls(*(getattr(account, name) for name in AUTHOR_COLUMNS))


AUTHOR_COLUMNS = Author._fields


class AccountRow(NamedTuple):
    """An account, without its password."""

    id: int
    username: str
    display_name: str
    bio: str
    email: str
    created_at: datetime
    message_count: int
    follower_count: int
    following_count: int
    pinned_id: int | None
    is_suspended: bool
    avatar_version: str

    @classmethod
    def of(cls, account: Account) -> "AccountRow":
        """Return the row that a model instance is."""
        return cls(*(getattr(account, name) for name in ACCOUNT_COLUMNS))


ACCOUNT_COLUMNS = AccountRow._fields


class Relationship(NamedTuple):
    """What a reader is to an account."""

    following: bool = False
    blocking: bool = False
    muting: bool = False
    blocked_by: bool = False


class Profile(NamedTuple):
    """An account as a reader sees it. A visitor has no `relationship` to it."""

    account: AccountRow
    relationship: Relationship | None = None


class MessageRow(NamedTuple):
    """A message with its author."""

    id: int
    text: str
    created_at: datetime
    mentions: list[str]
    revision: int
    edited_at: datetime | None
    parent_id: int | None
    parent_username: str
    repost_of_id: int | None
    reply_count: int
    like_count: int
    repost_count: int
    author: Author

    @classmethod
    def of(cls, message: Message) -> "MessageRow":
        """Return the row that a model instance is. Its author is at hand, or costs a query."""
        own = [getattr(message, name) for name in _OWN_COLUMNS]
        return cls._make([*own, Author.of(message.author)])

    @classmethod
    def from_columns(cls, columns: tuple[Any, ...]) -> "MessageRow":
        """Return the row of the values of MESSAGE_COLUMNS."""
        return cls._make((*columns[:_OWN], Author._make(columns[_OWN:])))


_OWN_COLUMNS = MessageRow._fields[:-1]
_OWN = len(_OWN_COLUMNS)
MESSAGE_COLUMNS = (*_OWN_COLUMNS, *(f"author__{name}" for name in AUTHOR_COLUMNS))


class Line(NamedTuple):
    """A message as it stands in a list, with what its reader has done with it.

    A repost has its `original`. `liked` and `reposted` are about the message that is shown, and
    None for a visitor.
    """

    message: MessageRow
    original: MessageRow | None = None
    liked: bool | None = None
    reposted: bool | None = None

    @property
    def id(self) -> int:
        """The id of the message, or of the repost."""
        return self.message.id

    @property
    def shown(self) -> MessageRow:
        """The message whose text is shown: of a repost the original."""
        return self.original or self.message


class DeletedMessage(NamedTuple):
    """The gap that a deleted message leaves in a conversation."""

    id: int


# What stands in a list of messages.
Entry = Line | DeletedMessage


class RevisionRow(NamedTuple):
    """A text that a message has had, or has, and since when."""

    number: int
    text: str
    created_at: datetime

    @classmethod
    def of(cls, revision: Revision) -> "RevisionRow":
        """Return the row that a model instance is."""
        return cls(revision.number, revision.text, revision.created_at)
