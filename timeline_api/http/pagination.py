"""Cursor pages over ids. What is fetched is a selector's business."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, Protocol
from urllib.parse import parse_qs, urlencode

from django.template import loader
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.pagination import _positive_int
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from ..selectors.pages import MAX_ID

PAGE_SIZE = 30
MAX_PAGE_SIZE = 100


class Cursor:
    """A place in a list by id: the rows before it (older), or after it when `reverse`."""

    def __init__(self, position: int | None, *, reverse: bool = False) -> None:
        self.position = position
        self.reverse = reverse

    @classmethod
    def decode(cls, text: str) -> "Cursor":
        """The cursor in `text`, as `encode` wrote it; raises NotFound, as DRF does."""
        if not text:
            return cls(None)
        try:
            fields = parse_qs(base64.b64decode(text.encode("ascii"), validate=True).decode("ascii"))
            position = int(fields["p"][0])
            if not 0 <= position <= MAX_ID:
                raise ValueError
        except (ValueError, KeyError, binascii.Error):
            raise NotFound(_("Invalid cursor")) from None
        return cls(position, reverse="r" in fields)

    def encode(self) -> str:
        """Opaque to clients, as DRF's cursors are."""
        fields = {"p": self.position} | ({"r": 1} if self.reverse else {})
        return base64.b64encode(urlencode(fields).encode("ascii")).decode("ascii")


class Fetch(Protocol):
    """A selector's way to a page: at most `limit` rows, newest first.

    With `before_id` the newest that are older than it; with `after_id` the oldest that are newer.
    Rows that are in the list and cannot be shown (their shard is down) may be left out of it; the
    attribute `positions` then says where all of them stand, so that paging goes on past them.
    """

    def __call__(
        self, *, before_id: int | None, after_id: int | None, limit: int
    ) -> Sequence[Any]: ...


def page_size(request: Request) -> int:
    """`?page_size=`, 1 to 100. As DRF does: more is cut to 100, nonsense is the default."""
    try:
        return _positive_int(
            request.query_params.get("page_size", PAGE_SIZE), strict=True, cutoff=MAX_PAGE_SIZE
        )
    except ValueError:
        return PAGE_SIZE


class IdCursorPaginator:
    """One page of a list that is ordered by id, newest first, and its neighbours' links."""

    display_page_controls = True
    template = "rest_framework/pagination/previous_and_next.html"

    def __init__(self, request: Request, *, position: Callable[[Any], int]) -> None:
        """`position` gives a row's place in the list: an id."""
        self.request = request
        self._position = position
        self._size = page_size(request)
        self._cursor = Cursor.decode(request.query_params.get("cursor", ""))
        self._next: Cursor | None = None
        self._previous: Cursor | None = None

    def paginate(self, fetch: Fetch) -> list[Any]:
        """The rows of the page that the request asks for. Costs one `fetch` of one row more."""
        at, back, size = self._cursor.position, self._cursor.reverse, self._size
        place = {"after_id": at, "before_id": None} if back else {"before_id": at, "after_id": None}
        rows = fetch(**place, limit=size + 1)
        found = getattr(rows, "positions", None)
        positions = list(found or map(self._position, rows))
        more = len(positions) > size
        kept = positions[-size:] if back else positions[:size]
        self._link(kept, newer=more if back else at is not None, older=True if back else more)
        return [row for row in rows if self._position(row) in kept]

    def _link(self, positions: list[int], *, newer: bool, older: bool) -> None:
        """Set the neighbours. An empty page leads back to where it came from."""
        at = self._cursor.position
        first = positions[0] if positions else (at or 0) - 1
        last = positions[-1] if positions else (at or 0) + 1
        self._previous = Cursor(max(first, 0), reverse=True) if newer else None
        self._next = Cursor(last) if older else None

    def _url(self, cursor: Cursor | None) -> str | None:
        if cursor is None:
            return None
        return replace_query_param(self.request.build_absolute_uri(), "cursor", cursor.encode())

    def data(self, results: list[dict[str, Any]]) -> dict[str, Any]:
        """The body of the answer."""
        return {
            "next": self._url(self._next),
            "previous": self._url(self._previous),
            "results": results,
        }

    def to_html(self) -> str:
        """The browsable API's page buttons."""
        context = {"previous_url": self._url(self._previous), "next_url": self._url(self._next)}
        return loader.get_template(self.template).render(context)
