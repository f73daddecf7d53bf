"""Cursor pagination over the pages of selectors."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Protocol
from urllib.parse import parse_qs, urlencode

from django.template import loader
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.pagination import _positive_int
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from ..selectors.pages import MAX_ID, Page, Row

PAGE_SIZE = 30
MAX_PAGE_SIZE = 100


class Cursor:
    """A position in a list: the rows before it (older), or, if `reverse`, after it."""

    def __init__(self, position: int | None, *, reverse: bool = False) -> None:
        self.position = position
        self.reverse = reverse

    @classmethod
    def decode(cls, text: str) -> "Cursor":
        """Return the cursor in `text`, which `encode` wrote. Raise NotFound for any other, as DRF
        does."""
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
        """Return the cursor as a text that is opaque to clients, as DRF's cursors are."""
        fields = {"p": self.position} | ({"r": 1} if self.reverse else {})
        return base64.b64encode(urlencode(fields).encode("ascii")).decode("ascii")


class PageSelector(Protocol[Row]):
    """A selector, with all arguments but where the page is: at most `limit` rows, newest first;
    with `before_id` the newest that are older, with `after_id` the oldest that are newer."""

    def __call__(self, *, before_id: int | None, after_id: int | None, limit: int) -> Page[Row]: ...


def page_size(request: Request) -> int:
    """Return `?page_size=`, 1 to 100. As in DRF, more than that is 100, and what is no such number
    is the default."""
    try:
        text = request.query_params.get("page_size", str(PAGE_SIZE))
        return _positive_int(text, strict=True, cutoff=MAX_PAGE_SIZE)
    except ValueError:
        return PAGE_SIZE


class IdCursorPaginator:
    """One page of a list, and the links to its neighbours."""

    display_page_controls = True
    template = "rest_framework/pagination/previous_and_next.html"

    def __init__(self, request: Request) -> None:
        self.request = request
        self.size = page_size(request)
        self._cursor = Cursor.decode(request.query_params.get("cursor", ""))
        self._next: Cursor | None = None
        self._previous: Cursor | None = None

    def paginate(self, selector: PageSelector[Row]) -> Page[Row]:
        """Return the page that the request asks for. Reads one row more, to know whether there is
        a next page."""
        at, back, size = self._cursor.position, self._cursor.reverse, self.size
        before_id, after_id = (None, at) if back else (at, None)
        page = selector(before_id=before_id, after_id=after_id, limit=size + 1)
        more = len(page.positions) > size
        kept = page.positions[-size:] if back else page.positions[:size]
        self._link(kept, newer=more if back else at is not None, older=True if back else more)
        return page.part(kept)

    def _link(self, positions: Sequence[int], *, newer: bool, older: bool) -> None:
        """Set the cursors of the neighbours. An empty page leads back to where it came from."""
        at = self._cursor.position
        first = positions[0] if positions else (at or 0) - 1
        last = positions[-1] if positions else (at or 0) + 1
        self._previous = Cursor(max(first, 0), reverse=True) if newer else None
        self._next = Cursor(last) if older else None

    def _url(self, cursor: Cursor | None) -> str | None:
        if cursor is None:
            return None
        url = replace_query_param(self.request.build_absolute_uri(), "cursor", cursor.encode())
        if "page_size" in self.request.query_params:
            url = replace_query_param(url, "page_size", self.size)  # what it has been cut to
        return url

    def data(self, results: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the body of the answer."""
        return {
            "next": self._url(self._next),
            "previous": self._url(self._previous),
            "results": results,
        }

    def to_html(self) -> str:
        """Return the browsable API's page buttons."""
        context = {"previous_url": self._url(self._previous), "next_url": self._url(self._next)}
        return loader.get_template(self.template).render(context)
