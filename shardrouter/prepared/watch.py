"""Watch: sees what a body calls while it is compiled, and what of it may answer differently later.

Python tells each call of this thread to a profile function. Of a body, and of whatever code that
is neither Django's nor ours, each call must be to what makes queries, or be pure.
"""

from __future__ import annotations

import gc
import os
import sys
import sysconfig
import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from types import CodeType, FrameType, FunctionType, TracebackType
from typing import Any

from django.db import connections
from django.utils import timezone, translation

from .bodies import Guard, Impure, closure_guards, code_guards, is_pure_function

#: Packages whose code is known: what it does by itself is looked at only where it asks for the time
#: zone, the language or the time.
_KNOWN = ("django", "shardrouter", "asgiref", "psycopg", "psycopg_pool", "psycopg_binary")
#: What a body may call of it, and of Python's own.
_OPEN = (
    "django.db.models", "django.contrib.postgres", "django.utils.functional",
    "django.utils.deconstruct", "django.utils.tree", "shardrouter.queryset", "shardrouter.models",
    "shardrouter.prepared.markers", "functools", "enum", "operator", "typing", "collections.abc",
)  # fmt: skip
_STANDARD = {
    os.path.dirname(os.__file__),
    sysconfig.get_path("stdlib"),
    sysconfig.get_path("platstdlib"),
}
_ZONE = {timezone.get_current_timezone.__code__, timezone.get_current_timezone_name.__code__}
_CHANGING = {
    timezone.now.__code__: "asks for the time",
    translation.get_language.__code__: "asks for the language",
    translation.gettext.__code__: "translates a text",
    translation.pgettext.__code__: "translates a text",
    translation.ngettext.__code__: "translates a text",
    translation.npgettext.__code__: "translates a text",
}


class Busy(Exception):
    """A profiler has this thread's profile function, so nothing can be watched."""


class Evaluated(BaseException):
    """A body that ran a query instead of returning one. No Exception, as Inspected is not."""


_turn = threading.RLock()


class Watch:
    """A context that watches this thread. Afterwards `guards` says what must stay as it is,
    `zoned` whether the current time zone was asked for; `require_pure` raises what was wrong."""

    def __init__(self, function: FunctionType) -> None:
        self.function = function
        self.guards: list[Guard] = []
        self.zoned = False
        self._wrong: list[str] = []
        # By the code and where it runs: equal code may stand in several modules.
        self._read: dict[tuple[int, int], CodeType] = {}
        self._collected = True

    def __enter__(self) -> Watch:
        try:
            self.guards.extend(closure_guards(self.function))
        except Impure as error:
            self._wrong.append(str(error))
        if sys.getprofile() is not None:
            raise Busy
        # A collection would run anybody's code in between.
        _turn.acquire()
        self._collected = gc.isenabled()
        gc.disable()
        sys.setprofile(self._see)
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        sys.setprofile(None)
        if self._collected:
            gc.enable()
        _turn.release()

    def require_pure(self) -> None:
        """Raise Impure with the first reason why the body may give something else next time."""
        if self._wrong:
            raise Impure(self._wrong[0])

    def _see(self, frame: FrameType, event: str, what: Any) -> None:
        if event == "call":
            self._see_call(frame)
        elif event == "c_call" and _is_foreign(frame) and not is_pure_function(what):
            name = getattr(what, "__qualname__", repr(what))
            self._wrong.append(f"{frame.f_code.co_name} calls {name}")

    def _see_call(self, frame: FrameType) -> None:
        code = frame.f_code
        if code in _ZONE:
            self.zoned = True
        if code in _CHANGING:
            self._wrong.append(f"it {_CHANGING[code]}")
        if _is_foreign(frame):
            self._read_code(frame)
        elif frame.f_back is not None and _is_foreign(frame.f_back):
            module = _module(frame)
            if not module.startswith(_OPEN):
                caller = frame.f_back.f_code.co_name
                self._wrong.append(f"{caller} calls {module}.{code.co_qualname}")

    def _read_code(self, frame: FrameType) -> None:
        code = frame.f_code
        where = id(code), id(frame.f_globals)
        if where in self._read:
            return
        self._read[where] = code
        try:
            self._require_known_variables(code)
            self.guards.extend(code_guards(code, frame.f_globals, frame.f_builtins))
        except Impure as error:
            self._wrong.append(str(error))

    def _require_known_variables(self, code: CodeType) -> None:
        """A function inside one that was read closes over what that one has; any other one over
        variables that cannot be seen from here."""
        outside = set(code.co_freevars) - {"__class__"}
        if not outside or code is self.function.__code__:
            return
        if not any(code in each.co_consts for each in self._read.values()):
            raise Impure(f"{code.co_name} closes over {', '.join(sorted(outside))}")


def _is_foreign(frame: FrameType) -> bool:
    """Whether the code is neither known nor Python's own. By its file: a project may have modules
    that are named as Python's. What was made by exec(), as dataclasses do, is its module's."""
    path = frame.f_code.co_filename
    if path.startswith("<") and not path.startswith("<frozen "):
        path = frame.f_globals.get("__file__") or path
    return is_foreign(path)


@cache
def is_foreign(path: str) -> bool:
    """Whether the code of the file at `path` is neither known nor Python's own."""
    if path.startswith("<frozen ") or path.startswith(tuple(_known_folders())):
        return False
    if {"site-packages", "dist-packages"} & set(path.split(os.sep)):
        return True
    return not path.startswith(tuple(map(_folder, _STANDARD)))


def _known_folders() -> list[str]:
    modules = [sys.modules.get(name) for name in _KNOWN]
    files = [each.__file__ for each in modules if each]
    return [_folder(os.path.dirname(each)) for each in files if each]


def _folder(path: str) -> str:
    return path.rstrip(os.sep) + os.sep


def _module(frame: FrameType) -> str:
    return frame.f_globals.get("__name__") or ""


class NoQueries(ExitStack):
    """A context in which a query on any database raises Evaluated. Afterwards `ran` says whether
    there was one, also where the error was caught."""

    ran = False

    def __enter__(self) -> NoQueries:
        super().__enter__()
        for connection in connections.all():
            self.enter_context(connection.execute_wrapper(self._refuse))
        return self

    def _refuse(self, execute: Callable, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.ran = True
        raise Evaluated
