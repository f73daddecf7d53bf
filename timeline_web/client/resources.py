"""The API's resources as frozen dataclasses, parsed from its JSON.

`parse` raises KeyError, TypeError or ValueError for JSON that is not of the resource's shape.
Times are aware, in UTC. Ids are strings, as in the API.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import parse_qs, urlsplit

import orjson

from ..conf import kept
from ..text import Entity

T = TypeVar("T")
Data = dict[str, Any]

# Segments of the API's paths.
Reaction = Literal["like", "repost"]
ReactionList = Literal["likes", "reposts"]
Restriction = Literal["block", "mute"]
RestrictionList = Literal["blocks", "mutes"]


@dataclass(frozen=True, slots=True)
class Trend:
    """A trending tag and how many messages of the last day have it."""

    tag: str
    message_count: int

    @classmethod
    def parse(cls, data: Data) -> "Trend":
        return cls(data["tag"], data["message_count"])


@dataclass(frozen=True, slots=True)
class Sitemap:
    """The newest messages, each as its id, its author's username and when it was last changed, in
    RFC 3339; and the trending tags."""

    messages: list[tuple[str, str, str]]
    tags: list[str]

    @classmethod
    def parse(cls, data: Data) -> "Sitemap":
        return cls(
            messages=[
                (message["id"], message["username"], message["modified_at"])
                for message in data["messages"]
            ],
            tags=[trend["tag"] for trend in data["trending"]],
        )


@dataclass(frozen=True, slots=True)
class Author:
    """The author of a message. `picture` is the version of their uploaded picture, "" for none."""

    id: str
    username: str
    display_name: str
    picture: str

    @classmethod
    def parse(cls, data: Data) -> "Author":
        return cls(
            id=data["id"],
            username=data["username"],
            display_name=data.get("display_name") or "",
            picture=_query_parameter(data.get("avatar_url"), "v"),
        )


@dataclass(frozen=True, slots=True)
class Account:
    """A member's profile.

    `followed_by_me`, `blocked_by_me`, `muted_by_me` and `blocks_me` are None for a visitor,
    `email` for everybody but its owner.
    """

    id: str
    username: str
    display_name: str
    picture: str
    bio: str
    created_at: datetime
    message_count: int
    follower_count: int
    following_count: int
    pinned_message: str | None
    is_suspended: bool
    followed_by_me: bool | None
    blocked_by_me: bool | None
    muted_by_me: bool | None
    blocks_me: bool | None
    email: str | None

    @classmethod
    def parse(cls, data: Data) -> "Account":
        """Return the account, the same object for the same JSON."""
        return _account(orjson.dumps(data))

    @classmethod
    def parse_anew(cls, data: Data) -> "Account":
        return cls(
            id=data["id"],
            username=data["username"],
            display_name=data.get("display_name") or "",
            picture=_query_parameter(data.get("avatar_url"), "v"),
            bio=data.get("bio") or "",
            created_at=datetime.fromisoformat(data["created_at"]),
            message_count=data["message_count"],
            follower_count=data["follower_count"],
            following_count=data["following_count"],
            pinned_message=data.get("pinned_message"),
            is_suspended=data["is_suspended"],
            followed_by_me=data.get("followed_by_me"),
            blocked_by_me=data.get("blocked_by_me"),
            muted_by_me=data.get("muted_by_me"),
            blocks_me=data.get("blocks_me"),
            email=data.get("email"),
        )


@dataclass(frozen=True, slots=True)
class Parent:
    """The message that another one replies to. `username` is "" if its author has left."""

    id: str
    username: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message. A repost has no text; `repost_of` is the message that it shows.

    `liked_by_me` and `reposted_by_me` are None for a visitor.
    """

    id: str
    text: str
    created_at: datetime
    edited_at: datetime | None
    revision: int
    author: Author
    entities: tuple[Entity, ...]
    in_reply_to: Parent | None
    repost_of: "Message | None"
    reply_count: int
    like_count: int
    repost_count: int
    liked_by_me: bool | None
    reposted_by_me: bool | None

    @classmethod
    def parse(cls, data: Data) -> "Message":
        """Return the message, the same object for the same JSON."""
        return _message(orjson.dumps(data))

    @classmethod
    def parse_anew(cls, data: Data) -> "Message":
        parent = data["in_reply_to"]
        return cls(
            id=data["id"],
            text=data["text"],
            created_at=datetime.fromisoformat(data["created_at"]),
            edited_at=_time(data["edited_at"]),
            revision=data["revision"],
            author=Author.parse(data["author"]),
            entities=tuple(Entity(**entity) for entity in data["entities"]),
            in_reply_to=Parent(parent["id"], parent["username"]) if parent else None,
            repost_of=cls.parse_anew(data["repost_of"]) if data["repost_of"] else None,
            reply_count=data["reply_count"],
            like_count=data["like_count"],
            repost_count=data["repost_count"],
            liked_by_me=data.get("liked_by_me"),
            reposted_by_me=data.get("reposted_by_me"),
        )

    @property
    def original(self) -> "Message":
        """The message that a repost shows, or the message itself."""
        return self.repost_of or self


@lru_cache(maxsize=kept(1024))
def _account(json: bytes) -> Account:
    """Return the account in `json`, kept as messages are. They stay under 2 MB."""
    return Account.parse_anew(orjson.loads(json))


@lru_cache(maxsize=kept(4096))
def _message(json: bytes) -> Message:
    """Return the message in `json`.

    Kept, as pages show the same messages again and again: parsing 30 of them took 0.16 ms, finding
    them takes 0.04. At about 3 kB each they stay under 12 MB.
    """
    return Message.parse_anew(orjson.loads(json))


@dataclass(frozen=True, slots=True)
class DeletedMessage:
    """The place of a deleted message in a conversation."""

    id: str


ConversationItem = Message | DeletedMessage


def parse_conversation_item(data: Data) -> ConversationItem:
    return DeletedMessage(data["id"]) if data["is_deleted"] else Message.parse(data)


@dataclass(frozen=True, slots=True)
class Revision:
    """A text of a message, valid from `created_at`."""

    text: str
    created_at: datetime

    @classmethod
    def parse(cls, data: Data) -> "Revision":
        return cls(data["text"], datetime.fromisoformat(data["created_at"]))


@dataclass(frozen=True, slots=True)
class Notification:
    """Something that `account_count` members did. `accounts` are the latest of them."""

    id: str
    kind: str
    created_at: datetime
    is_read: bool
    account_count: int
    accounts: list[Author]
    message: Message | None

    @classmethod
    def parse(cls, data: Data) -> "Notification":
        return cls(
            id=data["id"],
            kind=data["kind"],
            created_at=datetime.fromisoformat(data["created_at"]),
            is_read=data["is_read"],
            account_count=data["account_count"],
            accounts=[Author.parse(item) for item in data["accounts"]],
            message=Message.parse(data["message"]) if data["message"] else None,
        )

    @property
    def other_count(self) -> int:
        """The number of members beside the first of `accounts`."""
        return self.account_count - 1


@dataclass(frozen=True, slots=True)
class Token:
    """A login or a program's token, without its secret. `current` marks the one in use."""

    id: str
    name: str
    created_at: datetime
    last_used_at: datetime | None
    current: bool

    @classmethod
    def parse(cls, data: Data) -> "Token":
        return cls(
            id=data["id"],
            name=data["name"],
            created_at=datetime.fromisoformat(data["created_at"]),
            last_used_at=_time(data["last_used_at"]),
            current=data["current"],
        )


@dataclass(frozen=True, slots=True)
class MemberSummary:
    """What every page of a member shows in its header."""

    account: Author
    unread_count: int

    @classmethod
    def parse(cls, data: Data) -> "MemberSummary":
        return cls(Author.parse(data["account"]), data["count"])


@dataclass(frozen=True, slots=True)
class Included:
    """What came with an answer. None and [] are for what was not asked for, or could not be had."""

    head: MemberSummary | None = None
    suggestions: list[Account] = field(default_factory=list)
    trending: list[Trend] = field(default_factory=list)
    account: Account | None = None
    pinned: Message | None = None
    message: ConversationItem | None = None
    ancestors: list[ConversationItem] | None = None

    @classmethod
    def parse(cls, data: Data) -> "Included":
        """Return what is included in the body `data` of an answer."""
        parts = data.get("included") or {}
        return cls(
            head=_parsed(parts.get("head"), MemberSummary.parse),
            suggestions=[Account.parse(each) for each in parts.get("suggestions") or ()],
            trending=[Trend.parse(each) for each in parts.get("trending") or ()],
            account=_parsed(parts.get("account"), Account.parse),
            pinned=_parsed(parts.get("pinned"), Message.parse),
            message=_parsed(parts.get("message"), parse_conversation_item),
            ancestors=_parsed(
                parts.get("ancestors"), lambda items: [parse_conversation_item(it) for it in items]
            ),
        )


@dataclass(frozen=True, slots=True)
class History:
    """The texts that a message has had, oldest first. `message` is None if it was not included."""

    message: ConversationItem | None
    revisions: list[Revision]

    @classmethod
    def parse(cls, data: Data) -> "History":
        revisions = [Revision.parse(item) for item in data["results"]]
        return cls(Included.parse(data).message, revisions)


@dataclass(frozen=True, slots=True)
class Picture:
    """An uploaded picture, with the API's headers about its type and its caching."""

    data: bytes
    media_type: str
    cache_control: str
    etag: str


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list, with the cursors of the pages beside it (None at an end).

    `shards_missing` names the shards that could not be asked, "" for none. If it names one, the
    page is incomplete.
    """

    items: list[T]
    older: str | None
    newer: str | None
    shards_missing: str
    included: Included = field(default_factory=Included)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in the whole list: a page may be empty because its reader must
        not see what is on it, or as a shard does not answer."""
        return not (self.items or self.older or self.newer or self.shards_missing)

    @classmethod
    def parse(cls, data: Data, parse_item: Callable[[Data], T], shards_missing: str) -> "Page[T]":
        return cls(
            items=[parse_item(item) for item in data["results"]],
            older=_query_parameter(data["next"], "cursor") or None,
            newer=_query_parameter(data["previous"], "cursor") or None,
            shards_missing=shards_missing,
            included=Included.parse(data),
        )


def _parsed(data: Any, parse: Callable[[Any], T]) -> T | None:
    return None if data is None else parse(data)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _query_parameter(url: str | None, name: str) -> str:
    """The parameter `name` of an address of the API, "" if it or the address is missing.

    The site's own addresses carry cursors and versions on, never the API's address.
    """
    return parse_qs(urlsplit(url).query).get(name, [""])[0] if url else ""
