"""`hotline callbacks --number`: a number that may be called back, and one that may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotline import settings_snapshot
from hotline.cli import main
from hotline.core.settings import Callbacks, Settings, Trunk
from hotline.deployment import Deployment


@pytest.fixture
def data(tmp_path: Path) -> str:
    deployment = Deployment(tmp_path)
    deployment.save()
    deployment.settings_file.parent.mkdir(parents=True, exist_ok=True)
    callbacks = Callbacks("line", "4001", allowed_prefixes=("13", "021"))
    settings = Settings(1, trunks=(Trunk("line", "peer"),), callbacks=callbacks)
    settings_snapshot.write(deployment.settings_file, settings)
    return str(tmp_path)


def test_a_number_is_shown_as_it_would_be_dialled(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["callbacks", "--data", data, "--number", "+86 138 1234 5678"]) == 0
    assert capsys.readouterr().out.strip() == "13812345678"


@pytest.mark.parametrize("number", ["0085223456789", "110", "4001", "15812345678", "", "x"])
def test_a_number_that_is_refused_is_told_with_what_is_allowed(
    data: str, number: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_LANG", "en")
    assert main(["callbacks", "--data", data, "--number", number]) != 0
    told = capsys.readouterr().err
    assert f"callbacks: --number: {number!r} is not allowed; allowed: an ordinary number" in told
    assert "(+86), 7 to 12 digits, that begins with 13, 021" in told


@pytest.mark.parametrize("damage", [True, False])
def test_without_settings_that_can_be_read_that_is_told(
    data: str, capsys: pytest.CaptureFixture[str], damage: bool
) -> None:
    file = Deployment(Path(data)).settings_file
    if damage:
        file.write_text("{")
    else:
        file.unlink()
    assert main(["callbacks", "--data", data, "--number", "13812345678"]) == 1
    assert str(file) in capsys.readouterr().err
