"""Numbers of those who are called back: kept over a restart, the owner's alone, forgotten when done."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from acd.adapters.number_file import NumberFile


def test_numbers_are_kept_over_a_restart_and_are_nobody_elses(tmp_path: Path) -> None:
    path = tmp_path / "numbers.json"
    file = NumberFile(path)
    assert file.get("c1") == ""
    file.keep("c1", "13800000000")
    file.keep("c2", "13800000001")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert NumberFile(path).get("c1") == "13800000000"
    NumberFile(path).keep_only({"c2"})
    assert json.loads(path.read_text()) == {"c2": "13800000001"}
    assert [one.name for one in tmp_path.iterdir()] == ["numbers.json"]


@pytest.mark.parametrize("text", ["", "[]", "{", "\ufffe"])
def test_a_damaged_file_is_told_and_begun_anew(
    text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "numbers.json"
    path.write_text(text, "utf-8")
    file = NumberFile(path)
    assert file.get("c1") == ""
    assert "numbers_unreadable" in caplog.messages
    file.keep("c1", "1")
    assert NumberFile(path).get("c1") == "1"
