"""Instructions and cycles of processes over a while, counted by the processor itself (Linux, `perf`).

A busy machine makes every call dearer in milliseconds, but it does not make it take more instructions: two
versions can be told apart where the times of two runs cannot. Cycles are time without what the host gave to
others meanwhile, which a virtual machine takes for its own.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

ENDS_WITHIN_S = 10.0
COUNTED = ("instructions", "cycles")


class Counter:
    """Counts from `start` to `stop`, all threads of each process; without `perf` it counts nothing."""

    def __init__(self, processes: Mapping[str, int], folder: Path) -> None:
        self._processes = processes
        self._folder = folder
        self._running: dict[str, asyncio.subprocess.Process] = {}

    async def start(self) -> None:
        """Begin to count."""
        perf = shutil.which("perf")
        if perf is None:
            return
        for name, pid in self._processes.items():
            words = ("stat", "-x,", "-e", ",".join(COUNTED), "-o", str(self._file(name)), "-p", str(pid))
            self._running[name] = await asyncio.create_subprocess_exec(perf, *words)

    async def stop(self) -> dict[str, dict[str, int]]:
        """What was counted, by process; only what perf could count."""
        found: dict[str, dict[str, int]] = {what: {} for what in COUNTED}
        for name, process in self._running.items():
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
            await asyncio.wait_for(process.wait(), ENDS_WITHIN_S)
            text = self._file(name).read_text("utf-8")
            for what in COUNTED:
                if count := counted(text, what):
                    found[what][name] = count
        return found

    def _file(self, name: str) -> Path:
        return self._folder / f"perf-{name}.csv"


def counted(text: str, what: str) -> int:
    """The count of this in what `perf stat -x,` wrote; 0 when there is none, as in most containers."""
    for line in text.splitlines():
        words = line.split(",")
        if len(words) > 2 and words[2].startswith(what) and words[0].isdecimal():
            return int(words[0])
    return 0
