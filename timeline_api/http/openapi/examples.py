"""Examples: the bodies that the OpenAPI description shows."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer

ID = "161514131211109876"
TIME = "2026-11-24T09:30:00.123456Z"
AUTHOR = {
    "id": ID,
    "username": "alice",
    "display_name": "Alice",
    "avatar_url": "http://localhost:8080/api/v1/accounts/alice/avatar/?v=0d3f3c7a9b1e",
    "url": "http://localhost:8080/api/v1/accounts/alice/",
}
ACCOUNT = {
    "id": ID,
    "username": "alice",
    "display_name": "Alice",
    "bio": "Writes about birds.",
    "created_at": TIME,
    "message_count": 12,
    "follower_count": 3,
    "following_count": 4,
    "pinned_message": None,
    "is_suspended": False,
    "avatar_url": None,
    "url": "http://localhost:8080/api/v1/accounts/alice/",
    "messages_url": "http://localhost:8080/api/v1/accounts/alice/messages/",
    "followers_url": "http://localhost:8080/api/v1/accounts/alice/followers/",
    "following_url": "http://localhost:8080/api/v1/accounts/alice/following/",
}
MESSAGE: dict[str, Any] = {
    "id": ID,
    "text": "Two herons this morning.",
    "created_at": TIME,
    "edited_at": None,
    "revision": 0,
    "url": f"http://localhost:8080/api/v1/messages/{ID}/",
    "author": AUTHOR,
    "mentions": [],
    "entities": [],
    "in_reply_to": None,
    "repost_of": None,
    "reply_count": 1,
    "like_count": 3,
    "repost_count": 1,
    "is_deleted": False,
}
REVISION = {"revision": 0, "text": "Two herons this mroning.", "created_at": TIME}
NOTIFICATION = {
    "id": ID,
    "kind": "like",
    "created_at": TIME,
    "is_read": False,
    "account_count": 2,
    "accounts": [AUTHOR, AUTHOR | {"username": "bob", "display_name": "Bob", "avatar_url": None}],
    "message": MESSAGE,
}
TREND = {"tag": "herons", "message_count": 12}
SITEMAP = {
    "messages": [{"id": ID, "username": "alice", "modified_at": TIME}],
    "trending": [TREND],
}
TOKEN = {
    "id": ID,
    "name": "Backup script",
    "created_at": TIME,
    "last_used_at": None,
    "current": False,
}
# What somebody did, as it stands in an export.
_ACTION = {"username": "bob", "created_at": TIME}
EXPORT = {
    "exported_at": TIME,
    "account": ACCOUNT | {"email": "alice@example.org"},
    "avatar": None,
    "messages": [MESSAGE],
    "revisions": [{"message": ID, **REVISION}],
    "reposts": [{**_ACTION, "message": ID}],
    "likes": [{**_ACTION, "message": ID}],
    "following": [_ACTION],
    "followers": [_ACTION],
    "blocked": [],
    "muted": [],
    "reports": [{**_ACTION, "message": ID, "text": "You have won!", "reason": "No prize"}],
    "notifications": [{**_ACTION, "kind": "like"}],
    "tokens": [TOKEN],
}


def results(*items: dict[str, Any]) -> dict[str, Any]:
    """Return a list that is not paged."""
    return {"results": list(items)}


def page(path: str, *items: dict[str, Any]) -> dict[str, Any]:
    """Return the first of several pages of the list at `path`."""
    following = f"http://localhost:8080/api/v1/{path}/?cursor=cD0xNjE1MTQxMzEyMTEx"
    return {"next": following, "previous": None, **results(*items)}


def example(value: dict[str, Any], *, request: bool = False, component: str | None = None) -> Any:
    """Give a serializer its example in the OpenAPI schema, and there a name that clients know where
    that is not the class's."""
    shown = OpenApiExample("Example", value=value, request_only=request, response_only=not request)
    return extend_schema_serializer(examples=[shown], component_name=component)
