"""Processes: what a server's processes cost in CPU and memory, from Linux's /proc."""

import os
from collections.abc import Callable
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
Groups = dict[str, list[int]]


def tree(root: int) -> list[int]:
    """The process `root` and everything that came from it."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # "pid (name) state ppid …": the name may hold spaces and brackets.
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it ended while we looked
        children.setdefault(parent, []).append(int(stat.parent.name))
    found, level = [root], [root]
    while level:
        level = [child for parent in level for child in children.get(parent, ())]
        found += level
    return found


def grouped(pids: list[int], group_of: Callable[[str], str]) -> Groups:
    """The processes by what `group_of` says of their command lines."""
    groups: Groups = {}
    for pid in pids:
        groups.setdefault(group_of(command(pid)), []).append(pid)
    return groups


def command(pid: int) -> str:
    """The command line of a process, "" for one that has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def cpu(pids: list[int]) -> float:
    """Seconds of CPU that the processes have taken since their starts, in steps of 10 ms."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])  # utime, stime
    return total / TICK


def memory(pids: list[int]) -> float:
    """MB of memory that the processes take: a page that several share counts once in all."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


class Meter:
    """Adds up the CPU of each group while it is entered."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups
        self.seconds = dict.fromkeys(groups, 0.0)

    def __enter__(self) -> "Meter":
        self._before = {name: cpu(pids) for name, pids in self._groups.items()}
        return self

    def __exit__(self, *error: object) -> None:
        for name, pids in self._groups.items():
            self.seconds[name] += cpu(pids) - self._before[name]
