"""pip for an environment that was made without it: only there, and from the package's wheel."""

import subprocess
import sys
from pathlib import Path

import pytest

from hotline import fetch_pip
from hotline.debian_packages import FetchError


def _unpacked(_archives: list[Path], tree: Path, _say: object) -> None:
    wheels = tree / "usr/share/python-wheels"
    wheels.mkdir(parents=True)
    (wheels / "pip-26.0-py3-none-any.whl").touch()


@pytest.fixture
def installs(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have been run."""
    commands: list[list[str]] = []

    def run(command: list[str], **_rest: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(fetch_pip.subprocess, "run", run)
    monkeypatch.setattr(fetch_pip, "fetch_packages", lambda _packages, _work, _say: [])
    monkeypatch.setattr(fetch_pip, "unpack_packages", _unpacked)
    monkeypatch.setattr(sys, "prefix", "/some/.venv")
    return commands


def test_the_wheel_installs_itself_without_the_network(installs: list[list[str]]) -> None:
    assert fetch_pip.main() == 0
    (command,) = installs
    assert command[0] == sys.executable
    assert command[1].endswith("pip-26.0-py3-none-any.whl/pip")
    assert "--no-index" in command
    assert command[-1].endswith("pip-26.0-py3-none-any.whl")


def test_the_systems_python_is_never_touched(
    installs: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    assert fetch_pip.main() == 1
    assert installs == []
    assert "virtual environment" in capsys.readouterr().err


def test_a_failed_fetch_is_told(
    installs: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_packages: list[str], _work: Path, _say: object) -> list[Path]:
        raise FetchError("no route to the mirror")

    monkeypatch.setattr(fetch_pip, "fetch_packages", fail)
    assert fetch_pip.main() == 1
    assert installs == []
    assert "no route to the mirror" in capsys.readouterr().err


def test_a_package_without_pip_is_told(
    installs: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fetch_pip, "unpack_packages", lambda _archives, _tree, _say: None)
    assert fetch_pip.main() == 1
    assert "holds no pip" in capsys.readouterr().err
