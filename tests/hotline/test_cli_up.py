"""`hotline up` to its end: whatever becomes of the terminal, nothing of it goes on unsupervised."""

import argparse
import asyncio
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotline import cli_up
from hotline.asterisk_install import InstallError
from hotline.cli import CommandError
from hotline.core.settings import Settings
from hotline.deployment import Deployment
from hotline.supervisor.report import Progress

ARGUMENTS = argparse.Namespace(prepare=False, demo=False, verbose=False)


class Everything:
    """Stands in for the supervisor."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.started = asyncio.Event()
        self.hurry = asyncio.Event()
        self.orderly = True
        self.deeds: list[str] = []

    async def start(self) -> list[str]:
        self.started.set()
        return []

    async def stop(self, *, adopted: bool = True) -> None:
        self.deeds.append("ending")
        if not self.orderly:
            await self.hurry.wait()
        self.deeds.append("ended")

    def kill(self) -> None:
        self.deeds.append("killed")
        self.hurry.set()


@pytest.fixture
def everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Everything:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.setattr(cli_up, "current_settings", lambda _deployment: Settings(version=1))
    return Everything(Deployment(tmp_path))


@pytest.fixture
def _nobody_reads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Both streams lead into a pipe whose reader is gone."""
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb", buffering=0) as pipe:

        class Gone:
            def write(self, text: str) -> int:
                return pipe.write(text.encode())

            def flush(self) -> None:
                pipe.flush()

        monkeypatch.setattr(sys, "stdout", Gone())
        monkeypatch.setattr(sys, "stderr", Gone())
        yield
        monkeypatch.undo()


async def _up(everything: Everything, *signals: signal.Signals) -> int:
    running = asyncio.create_task(cli_up._until_stopped(everything, ARGUMENTS, Progress()))  # type: ignore[arg-type]
    await everything.started.wait()
    await asyncio.sleep(0.05)
    for number in signals:
        os.kill(os.getpid(), number)
        await asyncio.sleep(0.05)
    return await asyncio.wait_for(running, 5)


@pytest.mark.usefixtures("_nobody_reads")
async def test_all_is_ended_although_nobody_reads_what_we_say(everything: Everything) -> None:
    assert await _up(everything, signal.SIGINT) == 0
    assert everything.deeds == ["ending", "ended"]


@pytest.mark.usefixtures("_nobody_reads")
async def test_a_failed_start_is_cleaned_up_although_nobody_reads_why(
    everything: Everything, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> list[str]:
        everything.started.set()
        raise OSError("no space left")

    monkeypatch.setattr(everything, "start", fail)
    assert await _up(everything) == 1
    assert everything.deeds == ["ending", "ended"]


async def test_a_second_ctrl_c_ends_all_at_once(everything: Everything) -> None:
    everything.orderly = False
    await _up(everything, signal.SIGINT, signal.SIGINT)
    assert everything.deeds == ["ending", "killed", "ended"]


async def test_a_terminal_that_hangs_up_twice_does_not(everything: Everything) -> None:
    everything.orderly = False
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(_up(everything, signal.SIGHUP, signal.SIGHUP), 0.5)
    assert everything.deeds == ["ending"]


async def test_what_cannot_be_told_at_the_start_does_not_leave_all_running(
    everything: Everything, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_deployment: Deployment) -> Settings:
        raise OSError("no space left")

    monkeypatch.setattr(cli_up, "current_settings", fail)
    with pytest.raises(OSError, match="no space left"):
        await _up(everything)
    assert everything.deeds == ["ending", "ended"]


async def test_systemd_that_does_not_listen_keeps_nothing_from_its_end(
    everything: Everything, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    assert await _up(everything, signal.SIGTERM) == 0
    assert everything.deeds == ["ending", "ended"]


async def test_systemd_hears_of_the_start_and_of_the_end(
    everything: Everything, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(1)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        await _up(everything, signal.SIGTERM)
        assert [systemd.recv(99), systemd.recv(99)] == [b"READY=1", b"STOPPING=1"]


SETTINGS = """
skills = ["a"]
[[queue]]
name = "q"
title = { zh = "一", en = "One" }
whisper = "our-own"
[[agent]]
number = "1"
name = "x"
skills = { a = 1 }
"""


def test_a_settings_file_may_name_a_prompt_that_the_house_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_install(_say: object) -> None:
        raise InstallError("nothing to start")

    monkeypatch.setattr(cli_up, "ensure_install", no_install)
    monkeypatch.setattr(cli_up, "configure_logging", lambda *_: None)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(os, "umask", lambda _mask: 0)
    file, data = tmp_path / "mine.toml", tmp_path / "data"
    file.write_text(SETTINGS, "utf-8")
    parser = argparse.ArgumentParser()
    cli_up.add_arguments(parser, "up")
    arguments = parser.parse_args(["--data", str(data), "--settings", str(file)])
    with pytest.raises(CommandError, match="our-own is not there"):
        cli_up.run(arguments)
    assert not data.exists()  # refused before anything is made
    for language in ("zh", "en"):
        folder = Deployment(data).sounds / language / "hotline"
        folder.mkdir(parents=True)
        (folder / "our-own.wav").touch()
    with pytest.raises(CommandError, match="nothing to start"):  # so far it came
        cli_up.run(arguments)
