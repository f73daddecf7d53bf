"""The root of the API: where its endpoints are."""

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from .base import ApiView

# Name → path below the root. A test compares them with the URL configuration.
PATHS = {
    "accounts": "accounts/",
    "account": "accounts/{username}/",
    "account_messages": "accounts/{username}/messages/",
    "followers": "accounts/{username}/followers/",
    "following": "accounts/{username}/following/",
    "follow": "accounts/{username}/follow/",
    "block": "accounts/{username}/block/",
    "mute": "accounts/{username}/mute/",
    "report_account": "accounts/{username}/report/",
    "avatar": "accounts/{username}/avatar/",
    "export": "accounts/{username}/export/",
    "password": "accounts/{username}/password/",
    "messages": "messages/",
    "message": "messages/{id}/",
    "history": "messages/{id}/history/",
    "ancestors": "messages/{id}/ancestors/",
    "replies": "messages/{id}/replies/",
    "like": "messages/{id}/like/",
    "likes": "messages/{id}/likes/",
    "repost": "messages/{id}/repost/",
    "reposts": "messages/{id}/reposts/",
    "pin": "messages/{id}/pin/",
    "report": "messages/{id}/report/",
    "public_timeline": "timelines/public/",
    "home_timeline": "timelines/home/",
    "search_messages": "search/messages/?q={words}",
    "search_accounts": "search/accounts/?q={words}",
    "trending_tags": "tags/trending/",
    "tag": "tags/{tag}/messages/",
    "names": "names/",
    "suggestions": "suggestions/",
    "notifications": "notifications/",
    "unread_notifications": "notifications/unread/",
    "read_notifications": "notifications/read/",
    "blocks": "blocks/",
    "mutes": "mutes/",
    "tokens": "tokens/",
    "personal_tokens": "tokens/personal/",
    "current_token": "tokens/current/",
    "token": "tokens/{id}/",
    "sitemap": "sitemap/",
}


class RootView(ApiView):
    """Where things are; braces stand for what you fill in.

    Log in with the link above, with a token (POST `username` and `password` to `tokens/`, then send
    `Authorization: Bearer TOKEN`), or with HTTP Basic (`curl -u username`).
    """

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        root = request.build_absolute_uri(reverse("api-root"))
        others = {name: request.build_absolute_uri(reverse(name)) for name in ("schema", "docs")}
        paths = {name: f"{root}{path}" for name, path in PATHS.items()}
        return Response(paths | others | {"site": settings.SITE_URL})

    def get_view_name(self) -> str:
        return "Twitsite API"
