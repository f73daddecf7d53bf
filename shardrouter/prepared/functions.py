"""Functions: what `@prepared` makes of a function that returns a queryset."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any

from asgiref.sync import sync_to_async
from django.db.models import QuerySet

from .caches import ShapeCache
from .fragments import Diverted
from .markers import Inspected
from .routes import PreparedQueryError
from .rows import Rows
from .shapes import Unprepared

_NAMED = {
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.KEYWORD_ONLY,
}


@dataclass(frozen=True)
class Explanation:
    """How a call is answered: `prepared`, or plain and for what `reason`. `looked_at` names the
    parameters whose values are a part of the shape, with what the body does with each."""

    prepared: bool
    reason: str
    looked_at: dict[str, str]


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
        self._cache = ShapeCache(function, self._call)
        update_wrapper(self, function)

    def __repr__(self) -> str:
        return f"<prepared {self._function.__qualname__}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Rows:
        """Return a list of the rows: dicts, tuples, values or instances, as the queryset gives
        them.

        Raise what the queryset raises.
        """
        if not kwargs and len(args) == self._positional == len(self._names):
            values: Sequence[Any] = args
        else:
            values = self._values(args, kwargs)
        shape = self._cache.get(values)
        if shape is not None:
            try:
                return shape.rows(values)
            except Diverted:
                pass
            except Unprepared as error:
                self._cache.set_plain(values, str(error))
            except Inspected as error:
                self._cache.look_at(error)
        return self._plain_rows(values)

    async def acall(self, *args: Any, **kwargs: Any) -> Rows:
        """As calling it, for async code: runs in the thread in which Django's ORM runs."""
        return await sync_to_async(self)(*args, **kwargs)

    def queryset(self, *args: Any, **kwargs: Any) -> Any:
        """Return the plain queryset, which a call always equals."""
        return self._function(*args, **kwargs)

    def explain(self, *args: Any, **kwargs: Any) -> Explanation:
        """Return how a call with these arguments is answered. Compiles it if need be; runs no
        query."""
        values = self._values(args, kwargs)
        prepared = self._cache.get(values) is not None
        reason = "" if prepared else self._cache.reason(values)
        looked_at = {self._names[number]: how for number, how in self._cache.looked_at.items()}
        return Explanation(prepared, reason, looked_at)

    def discard(self) -> None:
        """Discard all that was compiled; the next call compiles anew."""
        self._cache.discard()

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

    def _plain_rows(self, values: Sequence[Any]) -> Rows:
        queryset = self._call(values)
        rows = list(queryset)
        return Rows(rows, getattr(queryset, "shards_missing", ()))


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
