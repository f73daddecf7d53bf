"""What people type into a search: words, phrases and exclusions. Pure: no SQL here."""

import re
import unicodedata
from typing import NamedTuple

MAX_LENGTH = 200
_PART = re.compile(r'(-?)(?:"([^"]*)"?|(\S+))')
# Scripts that write no space between words: the index has their sentences as one word, so texts are
# looked through for them.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)


class SearchQuery(NamedTuple):
    """What somebody searches for: `words` and phrases that must be there, `without` those that must
    not, `parts` of words in scripts without spaces."""

    words: tuple[str, ...]
    without: tuple[str, ...]
    parts: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.words or self.parts)


def parse(text: str) -> SearchQuery:
    """Return the words, "phrases in quotes" and -words to leave out. All else is punctuation; there
    is no text that is no query."""
    words, without, parts = [], [], []
    text = unicodedata.normalize("NFC", text.replace("\0", " "))
    for minus, phrase, word in _PART.findall(text):
        term = " ".join((phrase or word).split())
        if not any(unicodedata.category(character)[0] in "LN" for character in term):
            continue
        if minus:
            without.append(term)
        elif _UNSPACED.search(term):
            parts.append(term)
        else:
            words.append(term)
    return SearchQuery(tuple(words), tuple(without), tuple(parts))
