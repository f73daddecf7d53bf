"""Markers: what stands for an argument while a body is compiled, and tells when it is looked at.

A body that only binds its arguments cannot tell a marker from a value. One that compares, counts,
formats or reads them touches the marker, which raises Inspected: the argument then belongs to the
shape, by its value.
"""

from __future__ import annotations

import sys
from typing import Any

from django.db.models.expressions import Expression
from django.db.models.sql import Query

# Where Django takes a lookup's value out of its hands, and the one place where it asks for its
# class before that.
_BINDING = Query.resolve_lookup_value.__code__
_ASKING = Query.split_exclude.__code__


class Inspected(BaseException):
    """The body did more with the argument at `number` than bind it.

    No Exception, so that a body's own `except Exception` does not hide it.
    """

    def __init__(self, number: int, how: str) -> None:
        self.number = number
        self.how = how
        super().__init__(number, how)


class Ledger:
    """What happened to the markers of one run of a body: `seen` has how each was looked at first,
    `bound` the Parameters that Django took for one, each with the argument's position."""

    def __init__(self) -> None:
        self.seen: dict[int, str] = {}
        self.bound: dict[object, int] = {}
        self._last: dict[int, object] = {}

    def bind(self, number: int) -> Parameter:
        """A Parameter of the argument at `number`, noted."""
        key = self._last[number] = object()
        self.bound[key] = number
        return Parameter(number, key)

    def begin_again(self, number: int) -> None:
        """Forget the last Parameter of the argument at `number`, which is about to have another
        in its place."""
        self.bound.pop(self._last.pop(number, None), None)


class Marker:
    """Stands for the argument at `number`; what happens to it is noted in `ledger`."""

    __slots__ = ("ledger", "number")

    def __init__(self, number: int, ledger: Ledger) -> None:
        object.__setattr__(self, "number", number)
        object.__setattr__(self, "ledger", ledger)

    def __getattribute__(self, name: str) -> Any:
        if name == "resolve_expression":
            return object.__getattribute__(self, name)
        if name == "__class__" and sys._getframe(1).f_code is _ASKING:
            # It begins again with a condition that it had begun with elsewhere.
            _ledger(self).begin_again(number_of(self))
            return Marker
        raise inspected(self, f"reads its {name}")

    def resolve_expression(self, *args: Any, **kwargs: Any) -> Parameter:
        """What a lookup of Django's keeps as its value. Any other expression may not have it:
        what it makes of a value depends on the value."""
        if sys._getframe(1).f_code is not _BINDING:
            raise inspected(self, "puts it into an expression")
        return _ledger(self).bind(number_of(self))

    def __setattr__(self, name: str, value: Any) -> None:
        raise inspected(self, f"sets its {name}")

    def __delattr__(self, name: str) -> None:
        raise inspected(self, f"deletes its {name}")


_OPERATIONS = (
    """
    bool len iter next hash eq ne lt le gt ge str repr format bytes int float complex index round
    trunc floor ceil contains getitem setitem delitem neg pos abs invert enter exit aenter aexit
    await aiter anext reversed length_hint fspath dir missing divmod rdivmod buffer
    reduce reduce_ex copy deepcopy sizeof
""".split()
    + [
        side + name
        for name in "add sub mul matmul truediv floordiv mod pow lshift rshift and xor or".split()
        for side in ("", "r", "i")
    ]
)


def _operation(name: str) -> Any:
    def operation(self: Marker, *args: Any, **kwargs: Any) -> Any:
        raise inspected(self, f"calls its __{name}__")

    return operation


for _name in _OPERATIONS:
    setattr(Marker, f"__{_name}__", _operation(_name))


class Parameter(Expression):
    """The value of a lookup that binds the argument at `number`; `key` tells it from others, also
    in copies.

    fragments.py takes each lookup that has one; where one is left, it cannot be bound.
    """

    def __init__(self, number: int, key: object) -> None:
        super().__init__(output_field=None)
        self.number = number
        self.key = key

    def resolve_expression(self, *args: Any, **kwargs: Any) -> Parameter:
        return self

    def get_group_by_cols(self) -> list[Any]:
        return []

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        raise Inspected(self.number, "binds it where its SQL depends on the value")


def number_of(marker: Marker) -> int:
    """The position of the argument that `marker` stands for."""
    return object.__getattribute__(marker, "number")


def _ledger(marker: Marker) -> Ledger:
    return object.__getattribute__(marker, "ledger")


def is_marker(value: object) -> bool:
    """Whether `value` is a Marker; does not count as looking at it."""
    return type(value) is Marker


def inspected(marker: Marker, how: str) -> Inspected:
    """The error for a marker that was touched, which is noted even if a body hides the error."""
    number = number_of(marker)
    _ledger(marker).seen.setdefault(number, how)
    return Inspected(number, how)
