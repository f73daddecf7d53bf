"""Descriptions of endpoints, for the browsable API: the docstrings of their views."""

import re

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from rest_framework.utils.formatting import dedent
from rest_framework.views import APIView


def description_of(view: APIView, html: bool = False) -> str:
    """DRF's VIEW_DESCRIPTION_FUNCTION. Return the text, or HTML with its paragraphs and `code`."""
    text = dedent(view.__class__.__doc__ or "")
    return rendered(text) if html else text


def rendered(text: str) -> SafeString:
    """Return HTML. DRF does this with a library, for a syntax of which docstrings use two signs."""
    paragraphs = re.split(r"\n\s*\n", escape(text))
    with_code = (re.sub(r"`([^`]+)`", r"<code>\1</code>", each) for each in paragraphs)
    return mark_safe("".join(f"<p>{each}</p>" for each in with_code))  # noqa: S308 escaped above
