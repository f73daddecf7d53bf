"""Every process that came from this one, so that none is left behind (Linux; elsewhere, none seen).

supervisord ends its children. This is for the day it cannot: when it was killed itself.
"""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

# prctl(2)
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """From now on a process that loses its parent becomes our child, and not init's."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent() -> None:
    """For Popen's preexec_fn: SIGTERM for the child when this process is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def descendants() -> list[int]:
    """The ids of our children, their children, and so on."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # "pid (name) state ppid …": the name may hold spaces and brackets.
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue  # it ended while we looked
        if state != "Z":
            parents[int(stat.parent.name)] = int(parent)
    found, level = [], [os.getpid()]
    while level:
        level = [process for process, parent in parents.items() if parent in level]
        found += level
    return found


def end_all(patience: float = 3) -> None:
    """SIGTERM for every descendant; SIGKILL for those that are there after `patience` seconds."""
    for number, wait in ((signal.SIGTERM, patience), (signal.SIGKILL, 1)):
        for process in descendants():
            try:
                os.kill(process, number)
            except ProcessLookupError:
                continue
        deadline = time.monotonic() + wait
        while descendants() and time.monotonic() < deadline:
            _reap()
            time.sleep(0.02)
    _reap()


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
