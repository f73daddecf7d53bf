"""Keys: what two calls must have in common to be answered by one shape.

Of an argument that is only bound, its type; of one that the body looks at, its value too.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import uuid
from collections.abc import Iterable
from typing import Any

from django.db.models import Model

#: Types whose values may be bound: immutable, and prepared by the field at each call.
SCALARS = {
    int, str, float, bytes, decimal.Decimal, uuid.UUID,
    datetime.date, datetime.datetime, datetime.time, datetime.timedelta,
}  # fmt: skip
#: Those of which equal values of one type are the same in every way.
_EXACT = {int, str, bytes, bool, type(None)}
_CONTAINERS = {list, tuple, set, frozenset}


class Unkeyed(Exception):
    """An argument that a shape cannot be told by; such calls run the plain queryset."""


def kind_of(value: Any) -> Any:
    """What the shape depends on in a bound argument. None and booleans are their own kinds:
    Django writes other SQL for them."""
    kind = type(value)
    if value is None or kind is bool:
        return kind, value
    if kind in _CONTAINERS:
        return kind, frozenset(map(type, value))
    return kind


def is_fixed(value: Any) -> bool:
    """Whether `value` is its own kind, so that the body may look at it."""
    return value is None or type(value) is bool


def frozen(value: Any) -> Any:
    """`value` as a part of a key: equal only to what no body can tell from it. Raises Unkeyed."""
    kind = type(value)
    if kind in _EXACT or isinstance(value, enum.Enum | type):
        return kind, value
    if kind is tuple or kind is list:
        return kind, tuple(map(frozen, value))
    raise Unkeyed(f"a value of type {kind.__name__} cannot be a part of the shape")


def key_of(values: Iterable[Any], constants: frozenset[int]) -> tuple[Any, ...]:
    """The key of a call with `values`, of which the body looks at those at `constants`."""
    if not constants:
        return tuple([kind_of(value) for value in values])
    return tuple(
        [
            frozen(value) if number in constants else kind_of(value)
            for number, value in enumerate(values)
        ]
    )


def unbindable(values: Iterable[Any], constants: frozenset[int]) -> str | None:
    """Why one of `values` cannot be bound, or None."""
    for number, value in enumerate(values):
        if number in constants or is_fixed(value):
            continue
        members = value if type(value) in _CONTAINERS else [value]
        for member in members:
            if not (is_fixed(member) or _may_be_bound(type(member))):
                return f"a value of type {type(member).__name__} is not bound"
    return None


def _may_be_bound(kind: type) -> bool:
    if kind in SCALARS:
        return True
    return issubclass(kind, enum.Enum | Model) and not hasattr(kind, "resolve_expression")
