"""A whole hotline as a user starts it: `hotline up` in a process of its own, and the commands beside it.

Must not know what is tested.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.lifelines import ends_with_us

from hotline.deployment import Deployment
from hotline.supervisor.processes import ProcessId, read_pid_file

PARTS = ("postgres", "asterisk", "acd", "ivr", "ledger", "keeper", "web")
HOTLINE = (sys.executable, "-m", "hotline.cli")


@dataclass
class Hotline:
    """One hotline of the test's own, driven as a user would."""

    data: Path
    base: int
    before: tuple[str, ...] = ()  # words before each command: as whom it runs
    environment: Mapping[str, str] | None = None  # of each command; None: ours
    supervisor: subprocess.Popen[str] | None = None
    printed: list[str] = field(default_factory=list)

    def up(self, *words: str) -> float:
        """Start it with these options; returns the seconds until it said that it is ready."""
        self.printed = []
        began_s = time.monotonic()
        self.supervisor = subprocess.Popen(
            [*self.before, *HOTLINE, "up", "--data", str(self.data), "--port-base", str(self.base), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environment,
            preexec_fn=ends_with_us(signal.SIGTERM),
        )
        assert self.supervisor.stdout is not None
        for line in self.supervisor.stdout:
            self.printed.append(line)
            if line.startswith("ready after"):
                return time.monotonic() - began_s
        raise AssertionError("".join(self.printed))

    def end(self, number: signal.Signals) -> int:
        """Signal the supervisor and wait for its end; returns its status."""
        assert self.supervisor is not None
        self.supervisor.send_signal(number)
        self.supervisor.communicate(timeout=60)
        return self.supervisor.returncode

    def down(self) -> None:
        """End it by `hotline down`; nothing of it is left."""
        assert self.run("down").returncode == 0
        assert self.supervisor is not None
        self.supervisor.communicate(timeout=10)
        assert self.supervisor.returncode == 0
        assert self.living() == []

    def run(self, *words: str, within_s: float = 90) -> subprocess.CompletedProcess[str]:
        command = [*self.before, *HOTLINE, words[0], "--data", str(self.data), *words[1:]]
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=within_s, check=False
        )

    def status(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return document

    def processes(self) -> dict[str, ProcessId | None]:
        deployment = Deployment.load(self.data)
        return {name: read_pid_file(deployment.pid_file(name)) for name in PARTS}

    def living(self) -> list[str]:
        """Command lines of all processes that name our data folder."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if any(str(self.data).encode() in word for word in words) and int(folder.name) != os.getpid():
                found.append(b" ".join(words).decode("utf-8", "replace"))
        return found
