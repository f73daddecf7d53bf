"""Entities: the @mentions and #tags in a text, and their positions. Pure functions."""

import re
import unicodedata
from collections.abc import Collection, Iterator
from typing import NamedTuple

from .limits import MAX_USERNAME_LENGTH

MENTION, TAG = "mention", "tag"
# Not as a part of an address or of another word.
_NAME = re.compile(
    rf"(?<![A-Za-z0-9_@./])@([A-Za-z0-9_]{{1,{MAX_USERNAME_LENGTH}}})(?![A-Za-z0-9_@])"
)
# Joiners inside words of Persian and of Indian scripts.
_JOINERS = "\u200c\u200d"


class Entity(NamedTuple):
    """A mention or a tag in a text, from the character `start` up to but not including `end`;
    `value` is the name as typed, or the folded tag."""

    type: str
    start: int
    end: int
    value: str


def fold(tag: str) -> str:
    """Return the form by which tags are compared: without differences of case and width (NFKC)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", tag).casefold())


def names_in(text: str) -> list[str]:
    """Return the names that `text` mentions, in lower case, each once, in their order."""
    return list(dict.fromkeys(name.lower() for name in _NAME.findall(text)))


def tags_in(text: str) -> list[str]:
    """Return the tags of `text`, folded, each once, in their order."""
    return list(dict.fromkeys(entity.value for entity in _tags(text)))


def in_text(text: str, names: Collection[str]) -> list[Entity]:
    """Return the mentions of `names`, in any case, and the tags of `text`, in their order."""
    if "@" not in text and "#" not in text:
        return []
    keys = {name.lower() for name in names}
    found = [
        Entity(MENTION, match.start(), match.end(), match[1])
        for match in _NAME.finditer(text)
        if match[1].lower() in keys
    ]
    return sorted([*found, *_tags(text)], key=lambda entity: entity.start)


def _tags(text: str) -> Iterator[Entity]:
    """Yield the tags: each is a # that does not follow a word, #, / or &, and the word after it, of
    letters, marks, digits and underscores. It has at least one letter: `#1` is a number."""
    end = 0
    while (start := text.find("#", end)) >= 0:
        end = start + 1
        while end < len(text) and _in_word(text[end]):
            end += 1
        word = text[start + 1 : end].strip(_JOINERS)
        before = text[start - 1] if start else " "
        apart = not _in_word(before) and before not in "#/&"
        if apart and any(unicodedata.category(character)[0] == "L" for character in word):
            yield Entity(TAG, start, end, fold(word))


def _in_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN" or character in "_" + _JOINERS
