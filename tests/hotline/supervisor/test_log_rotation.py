"""Files of other programs: rotated when too large, the oldest removed, and Asterisk is not pestered."""

import os
import time
from pathlib import Path

import pytest

from hotline.asterisk_install import AsteriskInstall
from hotline.deployment import Deployment
from hotline.supervisor import log_rotation
from hotline.supervisor.log_rotation import LogRotation
from hotline.supervisor.readiness import ConsoleError

INSTALL = AsteriskInstall("22.10.1", ("asterisk",), Path("/m"), Path("/s"), (), ())
MOST = 100
LARGE, SMALL = "x" * (MOST + 1), "x" * MOST


class Console:
    """Stands in for Asterisk: renames its logs when told to."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked, self.away = folder, 0, False

    async def __call__(self, _deployment: Deployment, _install: AsteriskInstall, command: str) -> str:
        assert command == "logger rotate"
        self.asked += 1
        if self.away:
            raise ConsoleError("Unable to connect")
        for name in ("messages.log", "security.log"):
            for number in range(9, -1, -1):
                old = self.folder / f"{name}.{number}"
                if old.exists():
                    old.rename(self.folder / f"{name}.{number + 1}")
            (self.folder / name).rename(self.folder / f"{name}.0")
            (self.folder / name).write_text("")
        return ""


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    deployment = Deployment(tmp_path)
    deployment.make_folders()
    deployment.cel_file.parent.mkdir()
    for name in ("messages.log", "security.log"):
        (deployment.asterisk_log / name).write_text(SMALL)
    return deployment


@pytest.fixture
def console(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Console:
    console = Console(deployment.asterisk_log)
    monkeypatch.setattr(log_rotation, "run_console", console)
    return console


@pytest.fixture
def rotation(deployment: Deployment) -> LogRotation:
    return LogRotation(deployment, INSTALL, most_bytes=MOST, kept=3, cel_kept=4)


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir() if file.is_file())


async def test_small_files_are_left_alone(
    deployment: Deployment, console: Console, rotation: LogRotation
) -> None:
    deployment.cel_file.write_text(SMALL)
    (deployment.logs / "acd.out").write_text(SMALL)
    await rotation.look()
    assert console.asked == 0
    assert names(deployment.cel_file.parent) == ["cel.csv"]
    assert names(deployment.logs) == ["acd.out"]


async def test_asterisk_rotates_its_logs_and_the_oldest_go(
    deployment: Deployment, console: Console, rotation: LogRotation
) -> None:
    for _ in range(6):
        (deployment.asterisk_log / "security.log").write_text(LARGE)
        await rotation.look()
    assert console.asked == 6
    kept = [f"{name}.log{end}" for name in ("messages", "security") for end in ("", ".0", ".1", ".2")]
    assert names(deployment.asterisk_log) == kept


async def test_an_asterisk_that_is_away_is_not_asked_every_second(
    deployment: Deployment, console: Console, rotation: LogRotation, caplog: pytest.LogCaptureFixture
) -> None:
    console.away = True
    (deployment.asterisk_log / "messages.log").write_text(LARGE)
    for _ in range(35):
        await rotation.look()
    assert console.asked == 2
    assert caplog.messages == ["asterisk_logs_not_rotated"] * 2


async def test_cel_is_renamed_and_the_oldest_go(
    deployment: Deployment, console: Console, rotation: LogRotation
) -> None:
    for number in range(12):
        deployment.cel_file.write_text(f"{number:04}{LARGE}")
        await rotation.look()
    folder = deployment.cel_file.parent
    assert names(folder) == ["cel.csv.0", "cel.csv.1", "cel.csv.2", "cel.csv.3"]
    assert [(folder / name).read_text()[:4] for name in names(folder)] == ["0011", "0010", "0009", "0008"]


async def test_cel_files_that_are_old_go_though_they_are_few(
    deployment: Deployment, console: Console, rotation: LogRotation
) -> None:
    deployment.cel_file.write_text(SMALL)
    for number, days in enumerate((1, 6, 8)):
        old = deployment.cel_file.with_name(f"cel.csv.{number}")
        old.write_text(SMALL)
        at_s = time.time() - days * 86_400
        os.utime(old, (at_s, at_s))
    await rotation.look()
    assert names(deployment.cel_file.parent) == ["cel.csv", "cel.csv.0", "cel.csv.1"]


async def test_printed_output_is_copied_and_emptied(
    deployment: Deployment, console: Console, rotation: LogRotation
) -> None:
    output = deployment.logs / "asterisk.out"
    with output.open("ab", buffering=0) as program:
        program.write(LARGE.encode())
        await rotation.look()
        program.write(b"and on")
    assert output.read_text() == "and on"
    assert output.with_name("asterisk.out.1").read_text() == LARGE
