"""A process is known by pid and start time; it notes itself before it becomes the program."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hotline.supervisor.processes import (
    ProcessId,
    own_process_id,
    read_pid_file,
    start_process,
    write_pid_file,
)


@pytest.fixture
def child(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    with start_process(["sleep", "30"], tmp_path / "s.pid", tmp_path / "s.out", {}) as process:
        _noted(tmp_path / "s.pid")
        yield process
        process.kill()


def _noted(file: Path) -> ProcessId:
    for _ in range(500):
        found = read_pid_file(file)
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("the process did not note itself within 5 s")


def test_a_started_process_notes_its_own_pid(child: subprocess.Popen[bytes], tmp_path: Path) -> None:
    noted = _noted(tmp_path / "s.pid")
    assert noted.pid == child.pid
    assert noted.alive()
    assert (tmp_path / "s.pid").stat().st_mode & 0o077 == 0


def test_it_leads_a_session_of_its_own(child: subprocess.Popen[bytes]) -> None:
    assert os.getsid(child.pid) == child.pid


def test_another_start_time_or_boot_is_another_process(
    child: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    noted = _noted(tmp_path / "s.pid")
    assert not replace(noted, start_ticks=noted.start_ticks + 1).alive()
    assert not replace(noted, boot="another").alive()
    assert replace(noted, start_ticks=noted.start_ticks + 1).open() is None


def test_an_ended_process_is_not_alive_even_as_a_zombie(
    child: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    noted = _noted(tmp_path / "s.pid")
    descriptor = noted.open()
    assert descriptor is not None
    noted.signal(signal.SIGTERM)
    os.waitid(os.P_PIDFD, descriptor, os.WEXITED | os.WNOWAIT)  # ended, but not yet reaped
    assert not noted.alive()
    assert read_pid_file(tmp_path / "s.pid") is None
    noted.signal(signal.SIGTERM)
    noted.kill_session()
    os.close(descriptor)


@pytest.mark.parametrize("text", ["", "x", "1", "1 2", "a b c"])
def test_a_foreign_pid_file_names_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.pid").write_text(text)
    assert read_pid_file(tmp_path / "x.pid") is None
    assert read_pid_file(tmp_path / "absent.pid") is None


def test_what_we_note_of_ourselves_is_what_the_launcher_would(tmp_path: Path) -> None:
    write_pid_file(tmp_path / "me.pid", own_process_id())
    assert read_pid_file(tmp_path / "me.pid") == own_process_id()


def test_killing_the_session_takes_its_children_along(tmp_path: Path) -> None:
    program = (
        "import subprocess, sys; p = subprocess.Popen(['sleep', '30']); print(p.pid, flush=True); p.wait()"
    )
    command = [sys.executable, "-c", program]
    with start_process(command, tmp_path / "s.pid", tmp_path / "s.out", {}) as process:
        noted = _noted(tmp_path / "s.pid")
        for _ in range(500):
            if (tmp_path / "s.out").read_text().strip():
                break
            time.sleep(0.01)
        grandchild = int((tmp_path / "s.out").read_text())
        noted.kill_session()
        process.wait(5)
    for _ in range(500):
        state = _state(grandchild)
        if state in ("gone", "Z"):
            return
        time.sleep(0.01)
    raise AssertionError(f"the child of the killed session lives on, state {state}")


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "gone"


def test_output_is_private_and_bounded(tmp_path: Path) -> None:
    output = tmp_path / "s.out"
    output.write_bytes(b"x" * (5 * 1024 * 1024 + 1))
    output.chmod(0o600)
    start_process(["echo", "hello"], tmp_path / "s.pid", output, {}).wait(5)
    assert output.read_text() == "hello\n"
    assert output.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "s.out.1").stat().st_size > 5 * 1024 * 1024
