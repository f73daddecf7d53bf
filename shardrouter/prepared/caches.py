"""Caches: the shapes of one function, by their keys, and whether it is worth to make another."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import global_settings
from django.core.signals import setting_changed
from django.utils import timezone

from .bodies import holds
from .keys import Unkeyed, key_of, unbindable
from .markers import Inspected
from .shapes import NotNow, Shape, Unprepared

logger = logging.getLogger("shardrouter")

#: How many shapes a function keeps.
MAX_SHAPES = 64


@dataclass(frozen=True)
class Plain:
    """In the place of a shape: calls of this kind run the plain queryset."""

    reason: str
    uses = 0


class _Settings:
    """Counts changes of the settings that Django or shardrouter may read while compiling, each of
    which makes all that was compiled stale. Code that reads a setting of its own runs plain."""

    def __init__(self) -> None:
        self.changes = 0

    def changed(self, *, setting: str, **kwargs: Any) -> None:
        if setting == "SHARDROUTER" or hasattr(global_settings, setting):
            self.changes += 1


_settings = _Settings()
setting_changed.connect(_settings.changed, dispatch_uid="shardrouter.prepared")


class ShapeCache:
    """The shapes of `function`, which `call` calls with values, one for each parameter.

    Read without a lock; made one at a time.
    """

    def __init__(self, function: Any, call: Callable[[Sequence[Any]], Any]) -> None:
        self._function = function
        self._call = call
        self._lock = threading.RLock()
        self.discard()

    def discard(self) -> None:
        """Discard all shapes, and what was learned of the function."""
        with self._lock:
            self._changes = _settings.changes
            self._shapes: dict[Any, Shape | Plain] = {}
            # Keys that were asked for while the cache was full; how often compiling led nowhere.
            self._waiting: set[Any] = set()
            self._failures: dict[Any, int] = {}
            # What the body does with each argument that it looks at, by position.
            self.looked_at: dict[int, str] = {}
            self._constants: frozenset[int] = frozenset()
            self._zoned = False

    def get(self, values: Sequence[Any]) -> Shape | None:
        """The shape for `values`, made if need be, or None where they run the plain queryset.
        Raises what the body raises."""
        if self._changes != _settings.changes:
            self.discard()
        try:
            known = self._shapes.get(self._key(values))
        except (Unkeyed, TypeError):
            return None
        if type(known) is Shape:
            if holds(known.guards):
                return known
            self.discard()
            known = None
        made = self._made(values) if known is None else known
        return made if isinstance(made, Shape) else None

    def reason(self, values: Sequence[Any]) -> str:
        """Why `get` has no shape for `values`."""
        try:
            known = self._shapes.get(self._key(values))
        except (Unkeyed, TypeError) as error:
            return str(error)
        if isinstance(known, Plain):
            return known.reason
        return "nothing can match these values, or their kind came once among many"

    def set_plain(self, values: Sequence[Any], reason: str) -> None:
        """Let calls of the kind of `values` run the plain queryset from now on."""
        with self._lock:
            self._keep(self._key(values), self._plain(reason))

    def look_at(self, error: Inspected) -> None:
        """Make the values of an argument a part of each shape."""
        with self._lock:
            self.looked_at[error.number] = error.how
            self._constants |= {error.number}
            self._shapes.clear()

    def _key(self, values: Sequence[Any]) -> tuple[Any, ...]:
        key = key_of(values, self._constants)
        return (*key, timezone.get_current_timezone()) if self._zoned else key

    def _made(self, values: Sequence[Any]) -> Shape | Plain | None:
        with self._lock:
            while True:
                try:
                    return self._made_for(self._key(values), values)
                except (NotNow, Unkeyed, TypeError):
                    return None
                except Inspected as error:
                    self.look_at(error)
                except _Zoned:
                    self._shapes.clear()
                    self._zoned = True

    def _made_for(self, key: Any, values: Sequence[Any]) -> Shape | Plain | None:
        if not (self._is_admitted(key) and self._is_worth_a_try(key)):
            return None
        made = self._shapes.get(key) or self._compiled(values)
        if isinstance(made, Shape) and made.zoned and not self._zoned:
            raise _Zoned
        self._failures.pop(key, None)
        self._keep(key, made)
        return made

    def _compiled(self, values: Sequence[Any]) -> Shape | Plain:
        """A shape for `values`. Raises what the body raises, Inspected, or NotNow."""
        reason = unbindable(values, self._constants)
        plain = self._call(values)
        if reason is not None:
            return self._plain(reason)
        try:
            return Shape(self._function, self._call, plain, values, self._constants)
        except Unprepared as error:
            return self._plain(str(error))
        except NotNow:
            raise
        except Exception as error:
            kind = type(error).__name__
            return self._plain(f"it cannot be compiled without its values ({kind}: {error})")

    def _plain(self, reason: str) -> Plain:
        logger.debug("%s runs plain: %s.", self._function.__qualname__, reason)
        return Plain(reason)

    def _is_admitted(self, key: Any) -> bool:
        """Whether `key` is worth a shape: once there are many, one that is asked for again."""
        if len(self._shapes) < MAX_SHAPES or key in self._waiting:
            return True
        if len(self._waiting) >= 4 * MAX_SHAPES:
            self._waiting.clear()
        self._waiting.add(key)
        return False

    def _is_worth_a_try(self, key: Any) -> bool:
        """Whether to compile for `key`: less and less often where nothing could match so far."""
        if len(self._failures) >= MAX_SHAPES:
            self._failures.clear()
        tries = self._failures[key] = self._failures.get(key, 0) + 1
        return tries & (tries - 1) == 0

    def _keep(self, key: Any, made: Shape | Plain) -> None:
        """Keep a shape, in the place of the one least used of late when there are many."""
        if len(self._shapes) >= MAX_SHAPES and key not in self._shapes:
            del self._shapes[min(self._shapes, key=lambda each: self._shapes[each].uses)]
            for shape in self._shapes.values():
                if isinstance(shape, Shape):
                    shape.uses //= 2
        self._shapes[key] = made


class _Zoned(Exception):
    """A shape that depends on the current time zone, which its key does not have."""
