"""One process of ours, named by pid and start time, so that a reused pid is never mistaken for it.

A started process writes its own pid file before it becomes the program: however a supervisor dies, it leaves
no process that the next one cannot find. Must not know which programs there are.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Runs in the new process: note pid, start time and boot, then become the program.
# The start time is field 22 of /proc/PID/stat (man 5 proc); the comm in field 2 is "(sh)", without blanks.
_NOTE_AND_BECOME = """
read -r f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 f11 f12 f13 f14 f15 f16 f17 f18 f19 f20 f21 start rest < /proc/$$/stat
read -r boot < /proc/sys/kernel/random/boot_id
printf '%s %s %s\\n' "$$" "$start" "$boot" > "$0.new" && mv "$0.new" "$0" && exec "$@"
"""
_OUTPUT_LIMIT_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process for ever: its pid, when it started (clock ticks since boot) and in which boot."""

    pid: int
    start_ticks: int
    boot: str

    def alive(self) -> bool:
        """Whether this very process still runs (a zombie does not)."""
        if self.boot != _boot_id():
            return False
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_text("utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return False
        state, *fields = stat.rpartition(")")[2].split()
        return state not in "ZX" and int(fields[18]) == self.start_ticks

    def open(self) -> int | None:
        """A pidfd, readable once the process has ended; None when it is gone already."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return None
        if self.alive():  # looked up after opening: from here on the descriptor means this process
            return descriptor
        os.close(descriptor)
        return None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process; one that has ended already is left alone."""
        if self.alive():
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return  # it ended between the two calls

    def kill_session(self) -> None:
        """Kill the process and every child that stayed in its session."""
        if self.alive():
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                return


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()


def read_pid_file(file: Path) -> ProcessId | None:
    """The process a pid file names, if it still runs."""
    try:
        words = file.read_text("utf-8").split()
        found = ProcessId(int(words[0]), int(words[1]), words[2])
    except (FileNotFoundError, ValueError, IndexError):
        return None  # none was ever started, or the file is from another hand
    return found if found.alive() else None


def own_process_id() -> ProcessId:
    """This process."""
    stat = Path("/proc/self/stat").read_text("utf-8", errors="replace")
    return ProcessId(os.getpid(), int(stat.rpartition(")")[2].split()[19]), _boot_id())


def write_pid_file(file: Path, process: ProcessId) -> None:
    """Note a process as the launcher does."""
    temporary = file.with_name(file.name + ".new")
    temporary.write_text(f"{process.pid} {process.start_ticks} {process.boot}\n", "utf-8")
    temporary.replace(file)


def start_process(
    command: Sequence[str], pid_file: Path, output: Path, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, its output appended to a file. Raises OSError."""
    if output.exists() and output.stat().st_size > _OUTPUT_LIMIT_BYTES:
        output.replace(output.with_name(output.name + ".1"))
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        return subprocess.Popen(
            ["/bin/sh", "-c", _NOTE_AND_BECOME, str(pid_file), *command],
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            env={**os.environ, **environment},
            start_new_session=True,
            umask=0o077,
            cwd="/",
        )
    finally:
        os.close(descriptor)
