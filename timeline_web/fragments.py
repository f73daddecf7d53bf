"""Parts of pages that are the same for many requests: rendered once and kept in this process.

A fragment is a template that sees the values it is given, the active language, and nothing of the
request. What differs each time (a CSRF token) has a slot, which is filled after rendering.
"""

import secrets
from collections.abc import Hashable, Mapping
from functools import lru_cache

from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language

# Stands for a slot's content until it is filled. Nobody can guess it and write it into a message.
MARK = secrets.token_hex(16)


def fragment(template: str, slots: Mapping[str, object], **values: Hashable) -> SafeString:
    """Return the fragment `template` for `values`, its `slots` filled with escaped contents.

    A content is not evaluated if the fragment has no such slot.
    """
    html = _rendered(template, tuple(slots), tuple(values.items()), get_language())
    for name, content in slots.items():
        if (mark := f"{MARK}{name}.") in html:
            text = content if isinstance(content, SafeString) else escape(content)
            html = html.replace(mark, text)
    return SafeString(html)


@lru_cache(maxsize=2048)
def _rendered(
    template: str,
    slots: tuple[str, ...],
    values: tuple[tuple[str, Hashable], ...],
    language: str | None,
) -> str:
    """Return the fragment with marks for its slots. At about 2 kB each they stay under 5 MB."""
    context = dict(values) | {name: f"{MARK}{name}." for name in slots}
    return render_to_string(f"timeline_web/{template}.html", context)
