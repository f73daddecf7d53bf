"""The processes started by this one, directly or not, so that none outlives it. Linux only.

supervisord stops its own children; this covers the case that supervisord was killed itself.
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
    """Make this process, not init, the parent of descendants that lose theirs."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def terminate_with_parent() -> None:
    """Ask the kernel for a SIGTERM when the parent dies. For Popen's preexec_fn."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def descendants() -> list[int]:
    """Return the ids of all live descendants; an empty list where there is no /proc."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # "pid (name) state ppid …": the name may hold spaces and brackets.
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue  # it ended between the listing and the read
        if state != "Z":
            parents[int(stat.parent.name)] = int(parent)
    found, level = [], [os.getpid()]
    while level:
        level = [process for process, parent in parents.items() if parent in level]
        found += level
    return found


def end_descendants(grace: float = 3) -> None:
    """Send SIGTERM to every descendant, and SIGKILL to those still alive after `grace` seconds."""
    for number, wait in ((signal.SIGTERM, grace), (signal.SIGKILL, 1)):
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
