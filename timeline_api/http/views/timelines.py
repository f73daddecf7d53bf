"""Timelines: the public one and one's own."""

from functools import partial

from rest_framework.request import Request
from rest_framework.response import Response

from ...selectors import timelines as selectors
from ..openapi.schema import PAGING, operation
from ..serializers.responses import HomePageSerializer, PublicPageSerializer
from . import includes
from .base import ApiView


class PublicTimelineView(ApiView):
    """The newest messages of everybody."""

    @operation(
        "timelines_public",
        tag="timelines",
        summary="The newest messages of everybody",
        response=PublicPageSerializer,
        errors=[404],
        parameters=(includes.parameter("trending"), *PAGING),
    )
    def get(self, request: Request) -> Response:
        return self.page_of_messages(
            partial(selectors.public_page, viewer=self.viewer), trending=includes.trending
        )

    def get_view_name(self) -> str:
        return "Public timeline"


class HomeTimelineView(ApiView):
    """My messages and those of the people I follow, newest first."""

    members_only = frozenset({"GET", "HEAD"})

    @operation(
        "timelines_home",
        tag="timelines",
        summary="My messages and those of the people I follow",
        response=HomePageSerializer,
        errors=[404],
        parameters=(includes.parameter("suggestions"), *PAGING),
    )
    def get(self, request: Request) -> Response:
        return self.page_of_messages(
            partial(selectors.home_page, self.member),
            suggestions=partial(includes.suggestions, self),
        )

    def get_view_name(self) -> str:
        return "Home timeline"
