"""The sitemap: what the site tells search engines of, in one answer."""

from rest_framework.request import Request
from rest_framework.response import Response

from ...selectors import sitemap as selectors
from ..openapi.schema import SHARDS_MISSING, operation
from ..representations import timestamp
from ..serializers.responses import SitemapSerializer
from . import includes
from .base import ApiView, with_shards_missing


class SitemapView(ApiView):
    """The newest thousand messages, in short, and the trending tags."""

    @operation(
        "sitemap",
        tag="discovery",
        summary="The newest thousand messages, in short, and the trending tags",
        response=SitemapSerializer,
        parameters=[SHARDS_MISSING],
    )
    def get(self, request: Request) -> Response:
        addresses, missing = selectors.newest_messages()
        messages = [
            {
                "id": str(address.id),
                "username": address.username,
                "modified_at": timestamp(address.modified_at),
            }
            for address in addresses
        ]
        body = {"messages": messages, "trending": includes.trending()}
        return with_shards_missing(Response(body), missing)

    def get_view_name(self) -> str:
        return "Sitemap"
