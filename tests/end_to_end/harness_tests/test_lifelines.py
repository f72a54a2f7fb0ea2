"""What tests start does not outlive them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from harness.lifelines import end, ends_with_us

STARTER = """
import subprocess, sys, time
from harness.lifelines import ends_with_us
print(subprocess.Popen(["sleep", "300"], preexec_fn=ends_with_us()).pid, flush=True)
time.sleep(300)
"""


def test_a_program_ends_when_its_starter_is_killed() -> None:
    folder = Path(__file__).parents[1]
    with subprocess.Popen(
        [sys.executable, "-c", STARTER], cwd=folder, stdout=subprocess.PIPE, preexec_fn=ends_with_us()
    ) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        assert runs(pid)
        os.kill(starter.pid, signal.SIGKILL)
        deadline_s = time.monotonic() + 10
        while runs(pid):
            assert time.monotonic() < deadline_s, "the program lives on"
            time.sleep(0.02)


def test_a_program_that_does_not_listen_is_ended_by_force() -> None:
    deaf = [sys.executable, "-c", "import signal; signal.signal(15, signal.SIG_IGN); input()"]
    process = subprocess.Popen(deaf, stdin=subprocess.PIPE, preexec_fn=ends_with_us())
    with process:
        end(process, within_s=0.5)
        assert process.returncode in (-signal.SIGKILL, -signal.SIGTERM)


def runs(pid: int) -> bool:
    """Whether it is alive: neither gone nor a zombie. Source: man 5 proc, /proc/PID/stat."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
