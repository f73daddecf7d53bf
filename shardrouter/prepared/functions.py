"""Functions: what `@prepared` makes of a function that returns a queryset."""

from __future__ import annotations

import inspect
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any

from asgiref.sync import sync_to_async
from django.core.signals import setting_changed
from django.db.models import QuerySet
from django.utils import timezone

from .bodies import holds
from .fragments import Diverted
from .keys import Unkeyed, key_of, unbindable
from .markers import Inspected
from .routes import PreparedQueryError
from .shapes import NotNow, Rows, Shape, Unprepared

logger = logging.getLogger("shardrouter")

#: How many shapes a function keeps.
MAX_SHAPES = 64
_NAMED = {
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.KEYWORD_ONLY,
}


@dataclass(frozen=True)
class Explanation:
    """How calls of one kind are answered: `prepared` or plain, and why plain. `looked_at` names
    the parameters whose values are a part of the shape, with what the body does with each."""

    prepared: bool
    reason: str
    looked_at: dict[str, str]


@dataclass(frozen=True)
class _Plain:
    """In the place of a shape: calls of this kind run the plain queryset."""

    reason: str


class _Settings:
    """Counts changes of settings, each of which makes all that was compiled stale."""

    def __init__(self) -> None:
        self.changes = 0

    def changed(self, **kwargs: Any) -> None:
        self.changes += 1


_settings = _Settings()
setting_changed.connect(_settings.changed, dispatch_uid="shardrouter.prepared")


class PreparedQuery:
    """A function that returns a queryset, compiled once for each kind of arguments.

    Calling it gives the rows that `list(function(…))` gives. Safe to share between threads.
    """

    def __init__(self, function: Callable[..., QuerySet]) -> None:
        name = getattr(function, "__qualname__", repr(function))
        self._signature = _signature_of(function, name)
        self._function = function
        self._names = tuple(self._signature.parameters)
        kinds = [each.kind for each in self._signature.parameters.values()]
        self._positional = sum(kind is not inspect.Parameter.KEYWORD_ONLY for kind in kinds)
        self._lock = threading.RLock()
        self._seen = _settings.changes
        self._reset()
        update_wrapper(self, function)

    def __repr__(self) -> str:
        return f"<prepared {self._function.__qualname__}>"

    def __call__(self, *args: Any, **kwargs: Any) -> list[Any]:
        """The rows, as a list: dicts, tuples, values or instances, as the queryset gives them.

        Raises what the queryset raises.
        """
        if not kwargs and len(args) == self._positional == len(self._names):
            values: Sequence[Any] = args
        else:
            values = self._values(args, kwargs)
        shape = self._shape(values)
        if shape is not None:
            try:
                return shape.rows(values)
            except Diverted:
                pass
            except Unprepared as error:
                self._set_plain(values, str(error))
            except Inspected as error:
                with self._lock:
                    self._look_at(error)
        return self._plain_rows(values)

    async def acall(self, *args: Any, **kwargs: Any) -> list[Any]:
        """As calling it, for async code: runs in the thread in which Django's ORM runs."""
        return await sync_to_async(self)(*args, **kwargs)

    def queryset(self, *args: Any, **kwargs: Any) -> Any:
        """The plain queryset, which a call always equals."""
        return self._function(*args, **kwargs)

    def explain(self, *args: Any, **kwargs: Any) -> Explanation:
        """How a call with these arguments is answered. Compiles it if need be; runs no query."""
        values = self._values(args, kwargs)
        shape = self._shape(values)
        reason = "" if shape is not None else self._reason(values)
        looked_at = {self._names[number]: how for number, how in self._looked_at.items()}
        return Explanation(shape is not None, reason, looked_at)

    def discard(self) -> None:
        """Discard all that was compiled; the next call compiles anew."""
        with self._lock:
            self._reset()

    def _reset(self) -> None:
        self._shapes: dict[Any, Shape | _Plain] = {}
        self._asked: set[Any] = set()
        self._failed: dict[Any, int] = {}
        self._looked_at: dict[int, str] = {}
        self._constants: frozenset[int] = frozenset()
        self._zoned = False

    def _values(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return tuple(bound.arguments.values())

    def _call(self, values: Sequence[Any]) -> Any:
        """The body's queryset for `values`, one for each parameter."""
        end = self._positional
        named = dict(zip(self._names[end:], values[end:], strict=True))
        queryset = self._function(*values[:end], **named)
        if not isinstance(queryset, QuerySet):
            raise PreparedQueryError(
                self._function.__qualname__,
                f"it returned {type(queryset).__name__}, not a queryset",
                "Return the queryset itself; calling the prepared function reads its rows.",
            )
        return queryset

    def _plain_rows(self, values: Sequence[Any]) -> list[Any]:
        queryset = self._call(values)
        scatter = getattr(queryset, "_scatter", None)
        if scatter is None or not scatter.skip_missing:
            return list(queryset)
        rows = Rows(queryset)
        rows.shards_missing = queryset.shards_missing
        return rows

    def _key(self, values: Sequence[Any]) -> tuple[Any, ...]:
        key = key_of(values, self._constants)
        return (*key, timezone.get_current_timezone()) if self._zoned else key

    def _shape(self, values: Sequence[Any]) -> Shape | None:
        """The shape for `values`, made if need be, or None where they run the plain queryset."""
        if self._seen != _settings.changes:
            self._seen = _settings.changes
            self.discard()
        try:
            known = self._shapes.get(self._key(values))
        except (Unkeyed, TypeError):
            return None
        if known is None:
            known = self._made(values)
        if type(known) is not Shape:
            return None
        if holds(known.guards):
            return known
        self.discard()
        known = self._made(values)
        return known if type(known) is Shape else None

    def _made(self, values: Sequence[Any]) -> Shape | _Plain | None:
        with self._lock:
            while True:
                try:
                    key = self._key(values)
                    if not (self._is_admitted(key) and self._is_worth_a_try(key)):
                        return None
                    made = self._shapes.get(key) or self._compiled(values)
                    self._failed.pop(key, None)
                except (NotNow, Unkeyed, TypeError):
                    return None
                except Inspected as error:
                    self._look_at(error)
                    continue
                if isinstance(made, Shape) and made.zoned and not self._zoned:
                    self._shapes.clear()
                    self._zoned = True
                    continue
                self._keep(key, made)
                return made

    def _compiled(self, values: Sequence[Any]) -> Shape | _Plain:
        """A shape for `values`. Raises what the body raises, Inspected, or NotNow."""
        reason = unbindable(values, self._constants)
        plain = self._call(values)
        try:
            if reason is None:
                return Shape(self._function, self._call, plain, values, self._constants)
        except Unprepared as error:
            reason = str(error)
        except NotNow:
            raise
        except Exception as error:
            reason = f"it cannot be compiled without its values ({type(error).__name__}: {error})"
        logger.debug("%s runs plain: %s.", self._function.__qualname__, reason)
        return _Plain(reason)

    def _look_at(self, error: Inspected) -> None:
        """Make the values of an argument a part of each shape."""
        self._looked_at[error.number] = error.how
        self._constants |= {error.number}
        self._shapes.clear()

    def _is_admitted(self, key: Any) -> bool:
        """Whether `key` is worth a shape: once there are many, one that is asked for again."""
        if len(self._shapes) < MAX_SHAPES or key in self._asked:
            return True
        if len(self._asked) >= 4 * MAX_SHAPES:
            self._asked.clear()
        self._asked.add(key)
        return False

    def _is_worth_a_try(self, key: Any) -> bool:
        """Whether to compile for `key`: less and less often where nothing could match so far."""
        if len(self._failed) >= MAX_SHAPES:
            self._failed.clear()
        tries = self._failed[key] = self._failed.get(key, 0) + 1
        return tries & (tries - 1) == 0

    def _keep(self, key: Any, made: Shape | _Plain) -> None:
        if len(self._shapes) >= MAX_SHAPES:
            least = min(self._shapes, key=lambda each: getattr(self._shapes[each], "uses", 0))
            del self._shapes[least]
            for shape in self._shapes.values():
                if isinstance(shape, Shape):
                    shape.uses //= 2
        self._shapes[key] = made

    def _set_plain(self, values: Sequence[Any], reason: str) -> None:
        logger.debug("%s runs plain: %s.", self._function.__qualname__, reason)
        with self._lock:
            self._keep(self._key(values), _Plain(reason))

    def _reason(self, values: Sequence[Any]) -> str:
        try:
            known = self._shapes.get(self._key(values))
        except (Unkeyed, TypeError) as error:
            return str(error)
        return known.reason if isinstance(known, _Plain) else "nothing can match, or it is new"


def _signature_of(function: Any, name: str) -> inspect.Signature:
    """The signature of what can be prepared; raises PreparedQueryError for what cannot."""
    if not inspect.isfunction(function):
        raise PreparedQueryError(name, "only a function can be prepared", "Write def …: return ….")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise PreparedQueryError(
            name, "an async function cannot be prepared", "Write def, and await .acall(…)."
        )
    if inspect.isgeneratorfunction(function):
        raise PreparedQueryError(name, "a generator gives no queryset", "Return the queryset.")
    signature = inspect.signature(function)
    if any(each.kind not in _NAMED for each in signature.parameters.values()):
        raise PreparedQueryError(
            name, "*args and **kwargs cannot be prepared", "Name each parameter."
        )
    return signature


def prepared(function: Callable[..., QuerySet]) -> PreparedQuery:
    """Make `function`, which returns a queryset, a prepared query: routed, compiled and planned
    once for each kind of arguments. See docs/shardrouter/prepared.md."""
    return PreparedQuery(function)
