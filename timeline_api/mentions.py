"""Mentions: the names in a text. Whether somebody has them, selectors.accounts says."""

import re

from .models import MAX_USERNAME_LENGTH

# As the site links them: a name of its own, not a part of an address or of another word.
MENTION = re.compile(
    rf"(?<![A-Za-z0-9_@./])@([A-Za-z0-9_]{{1,{MAX_USERNAME_LENGTH}}})(?![A-Za-z0-9_@])"
)


def names_in(text: str) -> list[str]:
    """The names that `text` mentions, in lower case, each once, in their order."""
    return list(dict.fromkeys(name.lower() for name in MENTION.findall(text)))
