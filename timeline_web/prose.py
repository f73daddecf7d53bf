"""Members' texts and times as a reader sees them. Pure: no Django here."""

import re
from collections.abc import Collection
from datetime import datetime
from html import escape

# Only http and https become links. The last character is no punctuation, so that the full stop
# after an address is not taken for a part of it.
_LINK = r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]}…]"
_MENTION = r"(?<![A-Za-z0-9_@./])@[A-Za-z0-9_]{1,30}(?![A-Za-z0-9_@])"
_TOKEN = re.compile(f"({_LINK})|({_MENTION})", re.IGNORECASE)

MINUTE, HOUR, DAY = 60, 3600, 86400


def linked(text: str, names: Collection[str]) -> str:
    """`text` as HTML: all markup escaped, web addresses linked, and those @names that are among
    `names`, however they are cased."""
    keys = {name.lower() for name in names}
    parts, end = [], 0
    for match in _TOKEN.finditer(text):
        parts += [escape(text[end : match.start()]), _link(match, keys)]
        end = match.end()
    return "".join([*parts, escape(text[end:])])


def _link(match: re.Match, keys: Collection[str]) -> str:
    token = escape(match[0])
    if match[1]:
        return f'<a href="{token}" rel="nofollow noopener ugc">{token}</a>'
    if match[0][1:].lower() not in keys:
        return token
    return f'<a class="mention" href="/{token[1:]}">{token}</a>'


def names_in(text: str) -> set[str]:
    """The names that `text` mentions."""
    return {match[0][1:] for match in _TOKEN.finditer(text) if match[2]}


def ago(then: datetime, now: datetime) -> str:
    """How long `then` is before `now`, for a glance: "just now", "3 min ago", "24 Nov 2025".

    A clock that is a little ahead of ours makes no future: that is "just now" too.
    """
    seconds = (now - then).total_seconds()
    if seconds < MINUTE:
        return "just now"
    if seconds < HOUR:
        return f"{int(seconds // MINUTE)} min ago"
    if seconds < DAY:
        return f"{int(seconds // HOUR)} h ago"
    if seconds < 7 * DAY:
        return f"{int(seconds // DAY)} d ago"
    if then.year == now.year:
        return f"{then.day} {then:%b}"
    return f"{then.day} {then:%b %Y}"
