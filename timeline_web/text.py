"""Members' texts as HTML, and ages of times. Pure: imports no Django."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from html import escape
from urllib.parse import quote

# Only http and https become links. The last character is not punctuation, so that the full stop
# after an address is not taken for a part of it.
_LINK = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]}…]", re.IGNORECASE)

MINUTE, HOUR, DAY = 60, 3600, 86400


@dataclass(frozen=True, slots=True)
class Entity:
    """A mention or a tag in a text: `type`, its characters from `start` to `end`, and its name."""

    type: str
    start: int
    end: int
    value: str


def linkify(text: str, entities: Collection[Entity] = ()) -> str:
    """Return `text` as HTML: markup escaped, web addresses and `entities` linked.

    An entity within a web address is not linked.
    """
    links = {match.start(): (match.end(), _web(match[0])) for match in _LINK.finditer(text)}
    for entity in entities:
        if not any(start <= entity.start < end for start, (end, _) in links.items()):
            shown = escape(text[entity.start : entity.end])
            links[entity.start] = entity.end, _entity(entity, shown)
    parts: list[str] = []
    at = 0
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
    """Return how long `then` is before `now` as a unit and a number, such as ("min", 3).

    Units are "now", "min", "h" and "d", after a week "date", and before this year "date with
    year"; for "now" and dates the number is 0. A `then` in the future, from a clock that is a
    little ahead, is "now".
    """
    seconds = (now - then).total_seconds()
    if seconds < MINUTE:
        return "now", 0
    for unit, length, end in (("min", MINUTE, HOUR), ("h", HOUR, DAY), ("d", DAY, 7 * DAY)):
        if seconds < end:
            return unit, int(seconds // length)
    return ("date" if then.year == now.year else "date with year"), 0
