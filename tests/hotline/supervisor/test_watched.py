"""A watched program: restarted after a crash with a pause, adopted by the next supervisor, ended for sure."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from hotline.core import restarts
from hotline.deployment import Deployment
from hotline.supervisor.processes import read_pid_file
from hotline.supervisor.watched import Program, Watched


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    deployment = Deployment(tmp_path)
    deployment.make_folders()
    return deployment


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarts, "FIRST_PAUSE_S", 0.05)


def _program(
    *command: str, stop_limit_s: float = 5.0, stop_signal: signal.Signals = signal.SIGTERM
) -> Program:
    return Program("acd", lambda: command, stop_limit_s=stop_limit_s, stop_signal=stop_signal)


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen within 5 s")


async def test_a_killed_program_comes_back_as_another_process(deployment: Deployment) -> None:
    watched = Watched(_program("sleep", "30"), deployment)
    watched.start()
    await _until(lambda: watched.state == "running")
    assert watched.process
    first = watched.process
    os.kill(first.pid, signal.SIGKILL)
    await _until(lambda: watched.restarts == 1 and watched.state == "running")
    assert watched.process
    assert watched.process.pid != first.pid
    assert watched.last_end == "killed by SIGKILL"
    await watched.stop()


async def test_a_program_that_cannot_run_is_tried_again_and_can_still_be_ended(
    deployment: Deployment,
) -> None:
    watched = Watched(_program("/no/such/program"), deployment)
    watched.start()
    await _until(lambda: watched.restarts >= 2)
    await watched.stop()
    assert watched.state == "stopped"
    assert "127" in watched.last_end
    assert "not found" in (deployment.logs / "acd.out").read_text()


async def test_a_command_that_raises_does_not_end_the_watching(deployment: Deployment) -> None:
    def command() -> tuple[str, ...]:
        raise OSError("nothing to run yet")

    watched = Watched(Program("acd", command), deployment)
    watched.start()
    await _until(lambda: watched.restarts >= 2)
    assert watched.last_end == "could not start: nothing to run yet"
    await watched.stop()


async def test_the_next_supervisor_adopts_what_still_runs_and_watches_it(deployment: Deployment) -> None:
    earlier = Watched(_program("sleep", "30"), deployment)
    earlier.start()
    await _until(lambda: earlier.state == "running")
    later = Watched(_program("sleep", "30"), deployment)
    assert later.adopt()
    assert later.process == earlier.process
    later.start()
    await asyncio.sleep(0.05)
    assert later.adopted
    assert later.restarts == 0
    await earlier.stop()  # for the later one this is a crash
    await _until(lambda: later.restarts == 1 and later.state == "running")
    assert not later.adopted
    await later.stop()


async def test_an_adopted_program_is_ended_although_it_is_no_child_of_ours(deployment: Deployment) -> None:
    earlier = Watched(
        _program("sh", "-c", "trap 'sleep 0.3; exit' TERM; while :; do sleep 0.05; done"), deployment
    )
    earlier.start()
    await _until(lambda: earlier.state == "running")
    process = earlier.process
    assert process
    later = Watched(_program("sleep", "30"), deployment)
    later.adopt()
    await later.stop()
    assert not process.alive()
    assert not deployment.pid_file("acd").exists()
    await earlier.stop()


async def test_nothing_to_adopt_means_a_new_start(deployment: Deployment) -> None:
    watched = Watched(_program("sleep", "30"), deployment)
    assert not watched.adopt()
    await watched.stop()
    assert watched.state == "stopped"


async def test_who_does_not_hear_the_polite_signal_is_killed_after_the_limit(deployment: Deployment) -> None:
    command = ("sh", "-c", "trap '' TERM; while :; do sleep 0.05; done")
    watched = Watched(_program(*command, stop_limit_s=0.3), deployment)
    watched.start()
    await _until(lambda: watched.state == "running")
    await asyncio.sleep(0.2)  # the trap is set by then
    process = watched.process
    assert process
    await watched.stop()
    assert not process.alive()
    assert watched.last_end == "killed by SIGKILL"


async def test_who_is_ended_while_being_launched_hears_the_polite_signal_too(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pid is noted only after it was asked to end."""
    released = False
    monkeypatch.setattr(
        "hotline.supervisor.watched.read_pid_file", lambda file: read_pid_file(file) if released else None
    )
    command = ("sh", "-c", "trap 'echo ended; exit 0' TERM; echo on; while :; do sleep 0.05; done")
    watched = Watched(_program(*command, stop_limit_s=3.0), deployment)
    output = deployment.logs / "acd.out"
    watched.start()
    await _until(lambda: output.exists() and output.read_text() == "on\n")
    ending = asyncio.create_task(watched.stop())
    await asyncio.sleep(0.05)
    assert watched.process is None
    released = True
    await ending
    assert output.read_text() == "on\nended\n"
    assert watched.last_end == "status 0"


async def test_the_polite_signal_is_the_programs_own(deployment: Deployment) -> None:
    command = ("sh", "-c", "trap 'echo interrupted; exit 0' INT; echo on; while :; do sleep 0.05; done")
    watched = Watched(_program(*command, stop_signal=signal.SIGINT), deployment)
    watched.start()
    output = deployment.logs / "acd.out"
    await _until(lambda: output.exists() and output.read_text() == "on\n" and watched.state == "running")
    await watched.stop()
    assert output.read_text() == "on\ninterrupted\n"
    assert read_pid_file(deployment.pid_file("acd")) is None
