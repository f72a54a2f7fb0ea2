"""Processor time of processes, from /proc (Linux)."""

from __future__ import annotations

import os
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def used_s(pid: int) -> float:
    """User and system time of a process and of its ended, waited-for children, in seconds.

    Source: proc(5), fields 14 to 17 of /proc/PID/stat; the name in field 2 may hold blanks and brackets.
    """
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / TICKS_PER_S


def family_used_s(pid: int) -> float:
    """The same of a process with all its living descendants (PostgreSQL has a process per connection)."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has just ended
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    total, left = 0.0, [pid]
    while left:
        one = left.pop()
        try:
            total += used_s(one)
        except (FileNotFoundError, ProcessLookupError):
            continue
        left += children.get(one, [])
    return total
