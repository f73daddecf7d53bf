"""Parts of pages, and pages, that are rendered once and kept in this process.

A fragment is a template that sees the values it is given, the active language and time zone, and
nothing of the request. What differs each time has a slot in a fragment, or a hole in a page, which
is filled after rendering.
"""

import re
import secrets
from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache, partial
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone_name as _zone
from django.utils.translation import get_language

from .conf import kept

# A part of a page: from the page's context to HTML, as UTF-8 if it is long.
Part = Callable[[Mapping[str, Any]], SafeString | bytes]

# Stands for what is filled in later. Nobody can guess it and write it into a message.
MARK = secrets.token_hex(16)
HOLE = re.compile(f"{MARK}hole([0-9]+)\\.")
# The variable of a template's context in which a kept page collects its holes.
HOLES = "holes"


def fragment(template: str, slots: Mapping[str, Any], **values: Hashable) -> SafeString:
    """Return the fragment `template` for `values`, its `slots` filled with escaped contents.

    A content is not evaluated if the fragment has no such slot.
    """
    html = _rendered(template, tuple(slots), tuple(values.items()), get_language(), _zone())
    for name, content in slots.items():
        if (mark := f"{MARK}{name}.") in html:
            html = html.replace(mark, conditional_escape(content))
    return SafeString(html)


@lru_cache(maxsize=kept(2048))
def _rendered(
    template: str,
    slots: tuple[str, ...],
    values: tuple[tuple[str, Hashable], ...],
    language: str | None,
    zone: str,
) -> str:
    """Return the fragment with marks for its slots. At about 2 kB each they stay under 5 MB."""
    context = dict(values) | {name: f"{MARK}{name}." for name in slots}
    return render_to_string(f"timeline_web/{template}.html", context)


def leave_hole(holes: list[Part], part: Part) -> SafeString:
    """Return the mark of a hole for `part`, and add it to the `holes` of a page."""
    holes.append(part)
    return SafeString(f"{MARK}hole{len(holes) - 1}.")


def kept_page(template: str, context: Mapping[str, Any], **values: Hashable) -> bytes:
    """Return a page as UTF-8: its template rendered once for `values`, its parts for `context`."""
    pieces = _pieces(template, tuple(values.items()), get_language(), _zone())
    return b"".join([piece if isinstance(piece, bytes) else piece(context) for piece in pieces])


@lru_cache(maxsize=kept(128))
def _pieces(
    template: str, values: tuple[tuple[str, Hashable], ...], language: str | None, zone: str
) -> list[bytes | Callable[[Mapping[str, Any]], bytes]]:
    """Return what a page is made of: the HTML that is always the same, and its parts between."""
    holes: list[Part] = []
    html = render_to_string(f"timeline_web/{template}.html", {**dict(values), HOLES: holes})
    between = HOLE.split(html)  # HTML, the number of a hole, HTML, and so on
    return [
        partial(_utf8, holes[int(text)]) if number % 2 else text.encode()
        for number, text in enumerate(between)
    ]


def _utf8(part: Part, context: Mapping[str, Any]) -> bytes:
    html = part(context)
    return html if isinstance(html, bytes) else html.encode()
