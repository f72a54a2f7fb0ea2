"""Trunks that were heard: kept over a restart, forgotten with their settings, and a bad file ends nothing."""

import logging
from pathlib import Path

import pytest

from acd.adapters.heard_trunks import HeardTrunks


def test_what_was_heard_is_known_to_the_next_one(tmp_path: Path) -> None:
    file = tmp_path / "heard.json"
    heard = HeardTrunks(file)
    assert "branch" not in heard
    heard.add("branch")
    heard.add("office")
    assert "branch" in HeardTrunks(file)
    heard.keep_only(["office", "other"])
    assert [name in HeardTrunks(file) for name in ("branch", "office", "other")] == [False, True, False]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"trunks": 1}', "{}", "\udcff"])
def test_a_file_that_is_no_list_of_trunks_is_told_and_begun_anew(
    text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "heard.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    heard = HeardTrunks(file)
    assert [record.message for record in caplog.records] == ["heard_trunks_unreadable"]
    heard.add("branch")
    assert "branch" in HeardTrunks(file)


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    heard = HeardTrunks(tmp_path / "gone" / "heard.json")
    with caplog.at_level(logging.ERROR):
        heard.add("branch")
    assert [record.message for record in caplog.records] == ["heard_trunks_not_written"]
    assert "branch" in heard
