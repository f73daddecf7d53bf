"""Members' texts and times as a reader sees them. Pure: no Django here."""

import re
from datetime import datetime
from html import escape

# Only http and https become links. The last character is no punctuation, so that the full stop
# after an address is not taken for a part of it.
_LINK = r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]}…]"
_MENTION = r"(?<![A-Za-z0-9_@./])@[A-Za-z0-9_]{1,30}(?![A-Za-z0-9_@])"
_TOKEN = re.compile(f"({_LINK})|({_MENTION})", re.IGNORECASE)

MINUTE, HOUR, DAY = 60, 3600, 86400


def linked(text: str) -> str:
    """`text` as HTML: all markup escaped, web addresses and @names linked."""
    parts, end = [], 0
    for match in _TOKEN.finditer(text):
        parts += [escape(text[end : match.start()]), _link(match)]
        end = match.end()
    return "".join([*parts, escape(text[end:])])


def _link(match: re.Match) -> str:
    token = escape(match[0])
    if match[1]:
        return f'<a href="{token}" rel="nofollow noopener ugc">{token}</a>'
    return f'<a class="mention" href="/{token[1:]}">{token}</a>'


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
