"""Representations: what the API answers, as plain dicts. They ask no database.

A page of 30 messages through nested ModelSerializers took two and a half times as long. The
read-only serializers tell OpenAPI the shapes; a test holds the two together.
"""

from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from django.urls import reverse
from rest_framework.request import Request

from shardrouter.ids import made_at

from ..domain import entities
from ..models import Token
from ..selectors.notifications import NotificationGroup
from ..selectors.rows import Author, DeletedMessage, Entry, MessageRow, Profile, RevisionRow


def timestamp(moment: datetime | None) -> str | None:
    """Return the moment in RFC 3339, in UTC, with its Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


class Representer:
    """Makes the dicts of the answer to one request. The root of the links is made once."""

    def __init__(self, request: Request) -> None:
        self.request = request

    @cached_property
    def _root(self) -> str:
        return self.request.build_absolute_uri(reverse("api-root"))

    def account_url(self, username: str) -> str:
        return f"{self._root}accounts/{username}/"

    def account_links(self, username: str) -> dict[str, str]:
        """Return the URLs of an account and of its lists."""
        url = self.account_url(username)
        lists = {f"{name}_url": f"{url}{name}/" for name in ("messages", "followers", "following")}
        return {"url": url, **lists}

    def avatar_url(self, username: str, version: str) -> str | None:
        """Return the URL of the picture that the member has uploaded, if there is one."""
        return f"{self.account_url(username)}avatar/?v={version}" if version else None

    def message_url(self, pk: int) -> str:
        return f"{self._root}messages/{pk}/"

    def account(self, profile: Profile) -> dict[str, Any]:
        """Return an Account: with the email for its owner, with the relationship for a reader."""
        account, relationship = profile
        data = {
            "id": str(account.id),
            "username": account.username,
            "display_name": account.display_name,
            "bio": account.bio,
            "created_at": timestamp(account.created_at),
            "message_count": account.message_count,
            "follower_count": account.follower_count,
            "following_count": account.following_count,
            "pinned_message": account.pinned_id and str(account.pinned_id),
            "is_suspended": account.is_suspended,
            "avatar_url": self.avatar_url(account.username, account.avatar_version),
            **self.account_links(account.username),
        }
        if self.request.user.pk == account.id:
            data["email"] = account.email
        if relationship is not None:
            data["followed_by_me"] = relationship.following
            data["blocked_by_me"] = relationship.blocking
            data["muted_by_me"] = relationship.muting
            data["blocks_me"] = relationship.blocked_by
        return data

    def author(self, author: Author) -> dict[str, Any]:
        """Return an Author: an account in short, as it stands in a Message."""
        return {
            "id": str(author.id),
            "username": author.username,
            "display_name": author.display_name,
            "avatar_url": self.avatar_url(author.username, author.avatar_version),
            "url": self.account_url(author.username),
        }

    def message(self, entry: Entry) -> dict[str, Any]:
        """Return a Message; a repost has its original as `repost_of`."""
        if isinstance(entry, DeletedMessage):
            return self._deleted(entry)
        data = self._written(entry.message)
        marks: dict[str, Any] = {}
        if entry.liked is not None:
            marks = {"liked_by_me": entry.liked, "reposted_by_me": entry.reposted}
        if entry.original is not None:
            data["repost_of"] = self._written(entry.original) | marks
        return data | marks

    def _written(self, row: MessageRow) -> dict[str, Any]:
        found = entities.in_text(row.text, row.mentions)
        return {
            "id": str(row.id),
            "text": row.text,
            "created_at": timestamp(row.created_at),
            "edited_at": timestamp(row.edited_at),
            "revision": row.revision,
            "url": self.message_url(row.id),
            "author": self.author(row.author),
            "mentions": row.mentions,
            "entities": [entity._asdict() for entity in found],
            "in_reply_to": self._parent(row),
            "repost_of": None,
            "reply_count": row.reply_count,
            "like_count": row.like_count,
            "repost_count": row.repost_count,
            "is_deleted": False,
        }

    def _parent(self, row: MessageRow) -> dict[str, str] | None:
        if row.parent_id is None:
            return None
        return {
            "id": str(row.parent_id),
            "username": row.parent_username,
            "url": self.message_url(row.parent_id),
        }

    def _deleted(self, gap: DeletedMessage) -> dict[str, Any]:
        return {
            "id": str(gap.id),
            "text": "",
            "created_at": timestamp(made_at(gap.id)),
            "edited_at": None,
            "revision": 0,
            "url": self.message_url(gap.id),
            "author": None,
            "mentions": [],
            "entities": [],
            "in_reply_to": None,
            "repost_of": None,
            "reply_count": 0,
            "like_count": 0,
            "repost_count": 0,
            "is_deleted": True,
        }

    def revision(self, row: RevisionRow) -> dict[str, Any]:
        """Return a Revision: a text that a message had, or has, and since when."""
        return {
            "revision": row.number,
            "text": row.text,
            "created_at": timestamp(row.created_at),
        }

    def notification(self, group: NotificationGroup) -> dict[str, Any]:
        """Return a Notification."""
        return {
            "id": str(group.id),
            "kind": group.kind,
            "created_at": timestamp(group.created_at),
            "is_read": group.is_read,
            "account_count": group.account_count,
            "accounts": [self.author(author) for author in group.accounts],
            "message": self.message(group.message) if group.message else None,
        }

    def token(self, token: Token) -> dict[str, Any]:
        """Return a Token, without the secret, which only its owner has."""
        current = self.request.auth
        return {
            "id": str(token.pk),
            "name": token.name,
            "created_at": timestamp(token.created_at),
            "last_used_at": timestamp(token.last_used_at),
            "current": bool(current and current.pk == token.pk),
        }
