"""What the API has answered, parsed, and kept in this process with its ETag.

The API is asked each time: its 304 says that what is kept is still right.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, NamedTuple

from ..conf import conf


class Kept(NamedTuple):
    """A parsed answer and its ETag."""

    etag: str
    value: Any


class KeptAnswers:
    """The answers that were used last, up to KEPT_ANSWERS of them. Thread-safe.

    A page of messages takes up to 60 kB, but pages share the messages and accounts that are the
    same.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()

    def get(self, key: Hashable) -> Kept | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: Hashable, kept: Kept) -> None:
        with self._lock:
            self._kept[key] = kept
            self._kept.move_to_end(key)
            while len(self._kept) > conf.KEPT_ANSWERS:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()


#: Those of this process.
kept_answers = KeptAnswers()
