"""Discovery: tags, trends, suggestions, search."""

from functools import partial

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ...search import query
from ...search.query import SearchQuery
from ...selectors import accounts, search
from ...selectors import discovery as selectors
from ..openapi.schema import PAGING, operation
from ..serializers.responses import (
    AccountListSerializer,
    AccountPageSerializer,
    MessagePageSerializer,
    NamesSerializer,
    TrendingSerializer,
)
from ..throttling import NamesThrottle
from . import includes
from .base import ApiView

QUERY = OpenApiParameter(
    "q", str, description='Words, "phrases in quotes" and -words to leave out; 200 characters.'
)
PREFIX = OpenApiParameter("prefix", str, description="The beginning of a name, in any case.")
# What fits under a form.
NAMES = 6


class TagView(ApiView):
    """The newest messages with a tag."""

    @operation(
        "tags_messages",
        tag="discovery",
        summary="The newest messages with a tag",
        response=MessagePageSerializer,
        errors=[404],
        parameters=(includes.parameter(), *PAGING),
    )
    def get(self, request: Request, tag: str) -> Response:
        return self.page_of_messages(partial(selectors.tagged, tag, viewer=self.viewer))

    def get_view_name(self) -> str:
        return "Tag"


class TrendingView(ApiView):
    """The tags that most messages of late have."""

    @operation(
        "tags_trending",
        tag="discovery",
        summary="The tags that most messages of late have",
        response=TrendingSerializer,
        parameters=[includes.parameter()],
    )
    def get(self, request: Request) -> Response:
        return self.answer({"results": includes.trending()})

    def get_view_name(self) -> str:
        return "Trending tags"


class SearchView(ApiView):
    """A search; `q` has words, "phrases in quotes" and -words to leave out."""

    def query(self) -> SearchQuery:
        """Return what is searched for. Raise ValidationError (400) for a text that is too long."""
        text = self.request.query_params.get("q", "")
        if len(text) > query.MAX_LENGTH:
            detail = _("At most %(most)d characters.") % {"most": query.MAX_LENGTH}
            raise ValidationError({"q": [detail]})
        return query.parse(text)


class MessageSearchView(SearchView):
    """Messages that have all the words, the best first."""

    @operation(
        "search_messages",
        tag="discovery",
        summary="Messages that have all the words",
        response=MessagePageSerializer,
        errors=[400, 404],
        parameters=(QUERY, includes.parameter(), *PAGING),
    )
    def get(self, request: Request) -> Response:
        return self.page_of_messages(
            partial(search.messages_matching, self.query(), viewer=self.viewer)
        )

    def get_view_name(self) -> str:
        return "Search messages"


class AccountSearchView(SearchView):
    """Accounts whose name, display name or bio has all the words or their beginnings."""

    @operation(
        "search_accounts",
        tag="discovery",
        summary="Accounts that have all the words",
        response=AccountPageSerializer,
        errors=[400, 404],
        parameters=(QUERY, includes.parameter(), *PAGING),
    )
    def get(self, request: Request) -> Response:
        return self.page_of_accounts(
            partial(search.accounts_matching, self.query(), viewer=self.viewer)
        )

    def get_view_name(self) -> str:
        return "Search accounts"


class NamesView(ApiView):
    """The first accounts whose name begins with `prefix`, to complete an @name while one types."""

    members_only = frozenset({"GET", "HEAD"})
    throttles = {"GET": NamesThrottle}

    @operation(
        "names_list",
        tag="discovery",
        summary="The first accounts whose name begins so",
        response=NamesSerializer,
        errors=[403],
        parameters=[PREFIX],
    )
    def get(self, request: Request) -> Response:
        prefix = request.query_params.get("prefix", "")
        found = accounts.named_like(prefix, NAMES)
        return Response({"results": [self.represent.author(author) for author in found]})

    def get_view_name(self) -> str:
        return "Names"


class SuggestionsView(ApiView):
    """Accounts that I might follow."""

    members_only = frozenset({"GET", "HEAD"})

    @operation(
        "accounts_suggestions",
        tag="discovery",
        summary="Accounts that I might follow",
        response=AccountListSerializer,
        errors=[403],
    )
    def get(self, request: Request) -> Response:
        return Response({"results": includes.suggestions(self)})

    def get_view_name(self) -> str:
        return "Suggestions"
