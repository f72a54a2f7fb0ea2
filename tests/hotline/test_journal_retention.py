"""A journal file is deleted only when it is written, before the last checkpoint, and old: all three."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from hotline.journal import JournalWriter, Position
from hotline.journal_reader import file_numbers
from hotline.journal_retention import KEEP_S, delete_old_files


def later_s() -> float:
    """A time by which all that is written now is old. (Asked for late: a long run may begin hours before.)"""
    return time.time() + KEEP_S + 3600


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files 1 to 5; the last checkpoint is at the head of 4."""
    writer = JournalWriter(tmp_path, "acd")
    for checkpoint in ({"a": 1}, {"a": 2}, {"a": 3}, None):
        writer.rotate(checkpoint)
    writer.close()
    return tmp_path


def test_what_is_written_before_the_checkpoint_and_old_goes(folder: Path) -> None:
    assert delete_old_files(folder, Position(5, 0), now_s=later_s()) == [1, 2, 3]
    assert file_numbers(folder) == [4, 5]
    assert delete_old_files(folder, Position(5, 0), now_s=later_s()) == []


def test_what_the_ledger_has_not_written_stays(folder: Path) -> None:
    assert delete_old_files(folder, Position(3, 100), now_s=later_s()) == [1, 2]


def test_what_is_young_stays(folder: Path) -> None:
    assert delete_old_files(folder, Position(5, 0), now_s=time.time() + KEEP_S - 60) == []


def test_without_a_checkpoint_the_last_file_stays(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "ivr")
    writer.rotate(None)
    writer.close()
    assert delete_old_files(tmp_path, Position(9, 0), now_s=later_s()) == [1]
