"""The root of the API: where its endpoints are."""

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from .base import ApiView


class RootView(ApiView):
    """Where things are; braces stand for what you fill in.

    Log in with the link above, with a token (POST it at tokens/, then send Authorization: Bearer
    TOKEN), or with HTTP Basic (curl -u username).
    """

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        root = request.build_absolute_uri(reverse("api-root"))
        return Response(
            {
                "accounts": f"{root}accounts/",
                "account": f"{root}accounts/{{username}}/",
                "messages": f"{root}messages/",
                "message": f"{root}messages/{{id}}/",
                "notifications": f"{root}notifications/",
                "public_timeline": f"{root}timelines/public/",
                "home_timeline": f"{root}timelines/home/",
                "tokens": f"{root}tokens/",
                "schema": request.build_absolute_uri(reverse("schema")),
                "docs": request.build_absolute_uri(reverse("docs")),
            }
        )

    def get_view_name(self) -> str:
        return "Twitsite API"
