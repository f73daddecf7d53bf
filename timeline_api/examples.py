"""Examples: what the OpenAPI description shows of each body."""

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
}
MESSAGE = {
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
