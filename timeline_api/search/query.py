"""What people type into a search: words, phrases and exclusions, and the same for each engine."""

import re
import unicodedata
from typing import NamedTuple

from .index import WORDS_FUNCTION

MAX_LENGTH = 200
_PART = re.compile(r'(-?)(?:"([^"]*)"?|(\S+))')
# Scripts that write no space between words: the index has their sentences as one word, so texts are
# looked through for them.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)


class Asked(NamedTuple):
    """What somebody searches for: `words` and phrases that must be there, `without` those that must
    not, `parts` of words in scripts without spaces."""

    words: tuple[str, ...]
    without: tuple[str, ...]
    parts: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.words or self.parts)


def parse(text: str) -> Asked:
    """Words, "phrases in quotes" and -words to leave out. All else is punctuation; there is no text
    that is no query."""
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
    return Asked(tuple(words), tuple(without), tuple(parts))


def fts5(asked: Asked, *, prefix: bool = False) -> str:
    """The words as FTS5 takes them, each in quotes, so that none of its operators is meant; with
    `prefix` the beginnings of words are enough. "" without words."""
    if not asked.words:
        return ""
    star = "*" if prefix else ""
    match = " ".join(_quoted(word) + star for word in asked.words)
    return f"({match})" + "".join(f" NOT {_quoted(word)}" for word in asked.without)


def tsquery(asked: Asked, *, prefix: bool = False) -> tuple[str, list[str]]:
    """The words as a tsquery in SQL with parameters, phrases of what `vector` has of them; as
    `fts5` otherwise."""
    phrase = f"phraseto_tsquery('simple', {WORDS_FUNCTION}(%s))"
    # NULL finds nothing: what has no word that PostgreSQL knows is in no text.
    word = f"nullif({phrase}::text, '')" + (" || ':*'" if prefix else "")
    terms = [f"({word})::tsquery"] * len(asked.words) + [f"!!{phrase}"] * len(asked.without)
    return " && ".join(terms), [*asked.words, *asked.without]


def _quoted(word: str) -> str:
    return '"' + word.replace('"', " ") + '"'
