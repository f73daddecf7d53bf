"""Bodies: what a body's code reads beside its arguments, and whether that may change.

A body runs once for a shape. What it reads must stay what it was: names of modules, classes and
functions, and values that cannot change. Those are guarded, so that one which is bound to
something else is seen; anything else is a reason not to prepare.
"""

from __future__ import annotations

import datetime
import decimal
import dis
import enum
import inspect
import sys
import types
import uuid
import zoneinfo
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from django.db.models import Field, FilteredRelation, Manager, Model, Prefetch, Q, QuerySet
from django.db.models.expressions import BaseExpression, Combinable
from django.db.models.lookups import Lookup
from django.db.models.options import Options

_MISSING = object()
_CONSTANTS = (
    int, str, float, bytes, bool, type(None), complex, decimal.Decimal, uuid.UUID,
    datetime.date, datetime.datetime, datetime.time, datetime.timedelta, datetime.timezone,
    zoneinfo.ZoneInfo,
)  # fmt: skip
#: Parts of models, which stay as they are declared.
_DECLARED = (Manager, Options, Field, enum.Enum)
_PURE_CLASSES = {
    int, str, float, bytes, bool, list, tuple, dict, set, frozenset, range, slice, zip, map,
    filter, enumerate, reversed, super, property, classmethod, staticmethod, decimal.Decimal,
    uuid.UUID, datetime.date, datetime.datetime, datetime.time, datetime.timedelta,
}  # fmt: skip
_QUERY_CLASSES: tuple[type, ...] = (
    Model, BaseExpression, Combinable, Q, Lookup, Prefetch, FilteredRelation, QuerySet, Manager,
    Field, enum.Enum, BaseException,
)  # fmt: skip
_PURE_FUNCTIONS = {
    len, isinstance, issubclass, min, max, sorted, sum, abs, any, all, repr,
    iter, next, ord, chr, round, divmod, pow, format, hash,
}  # fmt: skip
#: C functions of these modules, and methods of these types, answer from their arguments alone.
_PURE_MODULES = {"_operator", "_functools", "itertools"}
_PURE_OWNERS = (str, bytes, int, float, list, tuple, dict, set, frozenset, range, enum.Enum)

#: A guard: in this mapping, or in this cell, the name has this value.
Guard = tuple[Any, str, Any]


class Impure(Exception):
    """A body that may give another queryset for the same arguments."""


def is_lasting(value: Any) -> bool:
    """Whether a name that has `value` says the same until it is bound anew."""
    kind = type(value)
    if kind in _CONSTANTS or isinstance(value, _DECLARED):
        return True
    if kind in (tuple, frozenset):
        return all(map(is_lasting, value))
    if isinstance(value, Q | BaseExpression | Combinable):
        return _is_lasting_part(value)
    if isinstance(value, type):
        return is_pure_class(value)
    if isinstance(value, types.BuiltinFunctionType):
        return is_pure_function(value)
    return isinstance(value, types.ModuleType | types.FunctionType)


def _is_lasting_part(part: Any) -> bool:
    """Whether a condition or expression is made of what lasts; the thing itself is not changed, as
    Django's are not."""
    if isinstance(part, Q):
        return all(map(is_lasting, part.children))
    args, kwargs = getattr(part, "_constructor_args", ((object(),), {}))
    return all(map(is_lasting, (*args, *kwargs.values())))


def is_pure_class(kind: type) -> bool:
    """Whether calling `kind` gives what its arguments say; Python code in it is watched."""
    if kind in _PURE_CLASSES or issubclass(kind, _QUERY_CLASSES):
        return True
    return not is_standard(kind.__module__)


def is_pure_function(function: Any) -> bool:
    """Whether a function written in C answers from its arguments alone."""
    try:
        if function in _PURE_FUNCTIONS:
            return True
    except TypeError:
        return False
    if function.__module__ in _PURE_MODULES:
        return True
    owner = getattr(function, "__self__", None)
    if owner is None:
        owner = getattr(function, "__objclass__", None)
    return owner in _PURE_OWNERS if isinstance(owner, type) else isinstance(owner, _PURE_OWNERS)


def is_standard(module: str | None) -> bool:
    """Whether `module` is Python's own."""
    return (module or "builtins").partition(".")[0] in sys.stdlib_module_names


def holds(guards: tuple[Guard, ...]) -> bool:
    """Whether every guarded name still has its value."""
    for owner, name, value in guards:  # noqa: SIM110  # a generator costs twice as much
        if owner.get(name, _MISSING) is not value:
            return False
    return True


class Cell(Mapping):
    """A variable of an enclosing function, guarded as names are."""

    def __init__(self, cell: types.CellType) -> None:
        self.cell = cell

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self.cell.cell_contents
        except ValueError:
            return default

    def __getitem__(self, name: str) -> Any:
        return self.cell.cell_contents

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def closure_guards(function: types.FunctionType) -> Iterator[Guard]:
    """Guards of the variables that `function` closes over. Raises Impure."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        value = Cell(cell).get(name, _MISSING)
        if name != "__class__":
            _require_lasting(name, value, function.__qualname__)
            yield Cell(cell), name, value


def code_guards(code: types.CodeType, names: dict[str, Any], builtins: Any) -> Iterator[Guard]:
    """Guards of the global names that `code` reads, and of what it reads of modules and classes.
    Raises Impure."""
    steps = _steps(code)
    for at, (operation, name) in enumerate(steps):
        if operation in _FORBIDDEN or operation.startswith("MATCH_"):
            raise Impure(f"{code.co_name} {_FORBIDDEN.get(operation, 'matches a pattern')}")
        if operation == "IS_OP" and steps[at - 1] not in _SINGLETONS:
            raise Impure(f"{code.co_name} compares with `is`")
        if operation in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield from _name_guards(code, name, names, builtins, steps[at + 1 :])


_FORBIDDEN = {
    "STORE_GLOBAL": "sets a global name",
    "DELETE_GLOBAL": "deletes a global name",
    "IMPORT_NAME": "imports a module",
    "LOAD_BUILD_CLASS": "makes a class",
}
_SINGLETONS = {("LOAD_CONST", each) for each in (None, True, False)}


@cache
def _steps(code: types.CodeType) -> list[tuple[str, Any]]:
    return [
        (each.opname, each.argval)
        for each in dis.get_instructions(code)
        if each.opname not in ("EXTENDED_ARG", "CACHE", "PUSH_NULL")
    ]


def _name_guards(
    code: types.CodeType, name: str, names: dict[str, Any], builtins: Any, after: list[Any]
) -> Iterator[Guard]:
    if name in names:
        value = names[name]
        yield names, name, value
    else:
        known = builtins if isinstance(builtins, dict) else vars(builtins)
        value = known.get(name, _MISSING)
        yield names, name, _MISSING
    _require_lasting(name, value, code.co_name)
    for operation, attribute in after:
        if operation in ("STORE_ATTR", "DELETE_ATTR"):
            raise Impure(f"{code.co_name} sets {name}.{attribute}")
        if operation not in ("LOAD_ATTR", "LOAD_METHOD"):
            if isinstance(value, types.ModuleType):
                raise Impure(f"{code.co_name} passes the module {name} on")
            return
        if isinstance(value, types.FunctionType):
            raise Impure(f"{code.co_name} reads {name}.{attribute}, which may change")
        if not isinstance(value, types.ModuleType | type):
            return
        owner, raw = _attribute(value, attribute)
        name = f"{name}.{attribute}"
        yield owner, attribute, raw
        if hasattr(type(raw), "__get__") and not isinstance(raw, types.FunctionType):
            return
        _require_lasting(name, raw, code.co_name)
        value = raw


def _attribute(owner: Any, name: str) -> tuple[Any, Any]:
    """The mapping in which `owner` has `name`, and its value there."""
    if isinstance(owner, types.ModuleType):
        return vars(owner), vars(owner).get(name, _MISSING)
    for each in (*owner.__mro__, *type(owner).__mro__):
        if name in vars(each):
            return vars(each), inspect.getattr_static(each, name)
    return vars(owner), _MISSING


def _require_lasting(name: str, value: Any, where: str) -> None:
    if value is _MISSING:
        raise Impure(f"{where} reads {name}, which is not there before it runs")
    if not is_lasting(value):
        raise Impure(f"{where} reads {name}, a {type(value).__name__}, which may change")
