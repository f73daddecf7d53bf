"""Answers: what the API gives, as plain dicts.

A page of 30 messages through nested ModelSerializers took two and a half times as long. The
read-only serializers tell OpenAPI the shapes; a test holds the two together.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from django.urls import reverse
from rest_framework.request import Request

from shardrouter.ids import made_at

from ..domain import entities
from ..models import Account, Message, Revision, Token
from ..selectors import messages
from ..selectors.accounts import Relations
from ..selectors.messages import Marks
from ..selectors.notifications import Group


def timestamp(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC, with its Z."""
    return moment and moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _authors(message: Message) -> set[int | None]:
    return {message.author_id, message.repost_of_author_id}


class Answer:
    """The dicts of answers to one request; the links' beginning is made once."""

    def __init__(self, request: Request) -> None:
        self.request = request

    @cached_property
    def _root(self) -> str:
        return self.request.build_absolute_uri(reverse("api-root"))

    def account_url(self, username: str) -> str:
        return f"{self._root}accounts/{username}/"

    def avatar_url(self, account: Account) -> str | None:
        """Where the picture is that the member has uploaded, if there is one."""
        version = account.avatar_version
        return f"{self.account_url(account.username)}avatar/?v={version}" if version else None

    def message_url(self, pk: int) -> str:
        return f"{self._root}messages/{pk}/"

    def account(self, account: Account, relations: Relations | None = None) -> dict[str, Any]:
        """An Account. `relations`: what the reader is to those shown."""
        data = {
            "id": str(account.pk),
            "username": account.username,
            "display_name": account.display_name,
            "bio": account.bio,
            "created_at": timestamp(account.created_at),
            "message_count": account.message_count,
            "follower_count": account.follower_count,
            "following_count": account.following_count,
            "pinned_message": account.pinned_id and str(account.pinned_id),
            "is_suspended": account.is_suspended,
            "avatar_url": self.avatar_url(account),
            "url": self.account_url(account.username),
        }
        if self.request.user.pk == account.pk:
            data["email"] = account.email
        if relations is not None:
            data["followed_by_me"] = account.pk in relations.followed
            data["blocked_by_me"] = account.pk in relations.hidden.blocked
            data["muted_by_me"] = account.pk in relations.hidden.muted
            data["blocks_me"] = account.pk in relations.hidden.blockers
        return data

    def author(self, account: Account) -> dict[str, Any]:
        """An Account in short, as it stands in a Message."""
        return {
            "id": str(account.pk),
            "username": account.username,
            "display_name": account.display_name,
            "avatar_url": self.avatar_url(account),
            "url": self.account_url(account.username),
        }

    def messages(
        self, rows: Iterable[Message | int], *, timeline: bool = False
    ) -> list[dict[str, Any]]:
        """Messages, with what the reader has done with them, without those of whom the reader does
        not see: one query for all. An id stands for a message that was deleted. In a `timeline`
        those who are muted are not seen either."""
        rows = list(rows)
        marks = None
        if self.request.user.is_authenticated:
            marks = messages.marks_of(self.request.user, rows)
            unseen = marks.hidden.everyone if timeline else marks.hidden.apart
            rows = [row for row in rows if isinstance(row, int) or not unseen & _authors(row)]
        return [self.gap(row) if isinstance(row, int) else self.message(row, marks) for row in rows]

    def message(self, message: Message, marks: Marks | None = None) -> dict[str, Any]:
        """A Message; its author is at hand or this costs a query, and a repost has its original."""
        data = {
            "id": str(message.pk),
            "text": message.text,
            "created_at": timestamp(message.created_at),
            "edited_at": timestamp(message.edited_at),
            "revision": message.revision,
            "url": self.message_url(message.pk),
            "author": self.author(message.author) if message.author_id else None,
            "mentions": message.mentions,
            "entities": [
                entity._asdict() for entity in entities.in_text(message.text, message.mentions)
            ],
            "in_reply_to": self._parent(message),
            "repost_of": self.message(message.original, marks) if message.repost_of_id else None,
            "reply_count": message.reply_count,
            "like_count": message.like_count,
            "repost_count": message.repost_count,
            "is_deleted": message.author_id is None,
        }
        if marks is not None:
            pk = message.repost_of_id or message.pk
            data["liked_by_me"] = pk in marks.liked
            data["reposted_by_me"] = pk in marks.reposted
        return data

    def gap(self, message_id: int) -> dict[str, Any]:
        """What stands in a conversation for a message that was deleted."""
        return self.message(Message(pk=message_id, created_at=made_at(message_id)))

    def _parent(self, message: Message) -> dict[str, str] | None:
        if message.parent_id is None:
            return None
        return {
            "id": str(message.parent_id),
            "username": message.parent_username,
            "url": self.message_url(message.parent_id),
        }

    def revision(self, revision: Revision | Message) -> dict[str, Any]:
        """A text that a message had, or has, and since when."""
        if isinstance(revision, Message):
            number, since = revision.revision, revision.edited_at or revision.created_at
        else:
            number, since = revision.number, revision.created_at
        return {"revision": number, "text": revision.text, "created_at": timestamp(since)}

    def notification(self, group: Group, marks: Marks) -> dict[str, Any]:
        """A Notification."""
        return {
            "id": str(group.pk),
            "kind": group.kind,
            "created_at": timestamp(group.created_at),
            "is_read": group.is_read,
            "account_count": group.number,
            "accounts": [self.author(account) for account in group.people],
            "message": group.message and self.message(group.message, marks),
        }

    def token(self, token: Token) -> dict[str, Any]:
        """A Token, without the secret, which nobody has but its owner."""
        current = self.request.auth
        return {
            "id": str(token.pk),
            "name": token.name,
            "created_at": timestamp(token.created_at),
            "last_used_at": timestamp(token.last_used_at),
            "current": bool(current and current.pk == token.pk),
        }
