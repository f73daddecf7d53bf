"""Ranking: which of the texts that match is the better one. Pure, and the same on each database.

It is BM25 without the rarity of words: all texts have all the words, and to count in how many texts
a word is takes the longer the more there are. Robertson and Zaragoza, The Probabilistic Relevance
Framework: BM25 and Beyond, 2009, https://doi.org/10.1561/1500000019.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

# FTS5's: how soon more of a word counts no more, and how much a long text loses.
K1, B = 1.2, 0.75
_MARKS = re.compile("(?<=[a-z])[\u0300-\u036f]+")
_SINGLE_WORD = re.compile(r"[^\W_]+")


class Match(NamedTuple):
    """A row that has what is searched for, and its text."""

    id: int
    text: str


class _Term:
    """A word or phrase, to be counted in texts that have it."""

    def __init__(self, term: str, *, prefix: bool) -> None:
        folded = fold(term)
        self.words = _SINGLE_WORD.findall(folded)
        pattern = r"[\W_]+".join(map(re.escape, self.words))
        self.pattern = re.compile(rf"(?<![^\W_]){pattern}" + ("" if prefix else r"(?![^\W_])"))

    def count(self, text: str) -> int:
        """Return how often it is in the folded text: once at least, since the index found it."""
        if len(self.words) == 1 and text.count(self.words[0]) < 2:
            return 1
        return len(self.pattern.findall(text)) or 1


def ranked(matches: Sequence[Match], words: Sequence[str], *, prefix: bool = False) -> list[int]:
    """Return the ids of the matches, the best first; of equals, and without words, the greatest
    first."""
    terms = [_Term(word, prefix=prefix) for word in words]
    mean = sum(len(match.text) for match in matches) / len(matches) if matches else 0
    scored = [(_score(match.text, terms, mean or 1), match.id) for match in matches]
    return [pk for _, pk in sorted(scored, reverse=True)]


def _score(text: str, terms: Sequence[_Term], mean_length: float) -> float:
    folded = fold(text)
    loss = K1 * (1 - B + B * len(text) / mean_length)
    counts = [term.count(folded) for term in terms]
    return sum(count * (K1 + 1) / (count + loss) for count in counts)


def fold(text: str) -> str:
    """Return the text without case, and without accents on Latin letters, as the index has it."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize(
        "NFC", _MARKS.sub("", unicodedata.normalize("NFD", text.casefold()))
    )
