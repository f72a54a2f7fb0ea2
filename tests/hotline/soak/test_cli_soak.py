"""The command's own refusals and its report."""

import asyncio
import os
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest

from hotline import cli_soak
from hotline.cli import main
from hotline.core.phrases import phrase
from hotline.soak import sipp
from hotline.soak.promises import Promise, Report

FOUND = phrase("soak.facts_in_database")


def test_a_folder_in_use_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "deployment.toml").touch()
    assert main(["soak", "--data", str(tmp_path)]) == 1
    assert "is not empty; a soak needs a data folder of its own" in capsys.readouterr().err


def test_without_sipp_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sipp, "installed", lambda: False)
    assert main(["soak", "--data", str(tmp_path / "new")]) == 1
    assert "apt-get install sip-tester" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [("--rate", "0", "0.1 … 100"), ("--calls", "49", "50 … 1000000"), ("--agents", "501", "6 … 500")],
)
def test_numbers_out_of_bounds_are_refused(
    option: str, value: str, allowed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status = main(["soak", "--data", str(tmp_path / "new"), option, value])
    except SystemExit as refused:
        status = int(str(refused.code))
    assert status in (1, 2)
    assert allowed in capsys.readouterr().err


def test_a_soak_that_is_ended_ends_its_hotline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[str] = []

    async def run() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(10)
        finally:
            await asyncio.sleep(0.01)
            ended.append("hotline down")

    monkeypatch.setattr(sipp, "installed", lambda: True)
    monkeypatch.setattr(cli_soak, "ensure_install", lambda tell: None)
    monkeypatch.setattr(cli_soak, "Soak", lambda *_: SimpleNamespace(run=run))
    before, mask = signal.getsignal(signal.SIGTERM), os.umask(0)
    try:
        assert main(["soak", "--data", str(tmp_path / "new")]) == 130
    finally:
        signal.signal(signal.SIGTERM, before)
        os.umask(mask)
    assert ended == ["hotline down"]


def test_the_report_says_what_is_broken() -> None:
    report = Report(
        100, 1, "/data", promises=[Promise("calls", True, FOUND), Promise("memory", False, FOUND)]
    )
    text = cli_soak.report_text(report)
    assert "BROKEN  memory" in text
    assert text.endswith("broken: memory")
    report.promises.pop()
    assert cli_soak.report_text(report).endswith("every promise was kept")


def test_as_json_names_are_keys_in_any_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_LANG", "zh")
    document = Report(100, 1, "/data", promises=[Promise("memory", False, FOUND)]).document()
    assert document["broken"] == ["memory"]
    assert document["promises"] == [{"name": "memory", "kept": False, "found": "条事实在 PostgreSQL 中"}]
