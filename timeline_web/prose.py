"""Members' texts and times as a reader sees them. Pure: no Django here."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from html import escape
from urllib.parse import quote

# Only http and https become links. The last character is no punctuation, so that the full stop
# after an address is not taken for a part of it.
_LINK = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]}…]", re.IGNORECASE)

MINUTE, HOUR, DAY = 60, 3600, 86400


@dataclass(frozen=True, slots=True)
class Entity:
    """A part of a text, as the API says: a mention of the name `value`, or a tag."""

    type: str
    start: int
    end: int
    value: str


def linked(text: str, entities: Collection[Entity] = ()) -> str:
    """`text` as HTML: all markup escaped, web addresses and the entities linked. An address wins
    over an entity within it."""
    links = {match.start(): (match.end(), _web(match[0])) for match in _LINK.finditer(text)}
    for entity in entities:
        if not any(start <= entity.start < end for start, (end, _) in links.items()):
            shown = escape(text[entity.start : entity.end])
            links[entity.start] = entity.end, _entity(entity, shown)
    parts, at = [], 0
    for start, (end, html) in sorted(links.items()):
        parts += [escape(text[at:start]), html]
        at = end
    return "".join([*parts, escape(text[at:])])


def _web(address: str) -> str:
    address = escape(address)
    return f'<a href="{address}" rel="nofollow noopener ugc">{address}</a>'


def _entity(entity: Entity, shown: str) -> str:
    if entity.type == "mention":
        return f'<a class="mention" href="/{escape(entity.value)}">{shown}</a>'
    return f'<a class="mention" href="/tag/{quote(entity.value)}" rel="tag">{shown}</a>'


def age(then: datetime, now: datetime) -> tuple[str, int]:
    """How long `then` is before `now`, for a glance: a unit and how many of it, as ("min", 3).

    Units are "now", "min", "h" and "d"; older than a week is a "date", which needs no number, and
    before this year a "date with year". A clock that is a little ahead of ours makes no future:
    that is "now" too.
    """
    seconds = (now - then).total_seconds()
    if seconds < MINUTE:
        return "now", 0
    for unit, length, end in (("min", MINUTE, HOUR), ("h", HOUR, DAY), ("d", DAY, 7 * DAY)):
        if seconds < end:
            return unit, int(seconds // length)
    return ("date" if then.year == now.year else "date with year"), 0
