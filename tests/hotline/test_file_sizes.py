"""How large files may become: the default, an operator's choice, and what is refused."""

import logging
from pathlib import Path

import pytest

from hotline.deployment import DeploymentError
from hotline.file_sizes import JOURNAL_BYTES, LOG_BYTES, file_limit
from hotline.journal import JournalWriter
from hotline.journal_reader import file_numbers
from hotline.logs import configure_logging


def test_without_a_choice_the_default_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(LOG_BYTES, raising=False)
    assert file_limit(LOG_BYTES, 123) == 123
    monkeypatch.setenv(LOG_BYTES, "")
    assert file_limit(LOG_BYTES, 123) == 123


@pytest.mark.parametrize("text", ["9999", "-20000", "20 MB", "١٠٠٠٠"])
def test_what_is_no_size_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(JOURNAL_BYTES, text)
    with pytest.raises(DeploymentError, match="allowed a number of bytes, 10000 or more"):
        file_limit(JOURNAL_BYTES, 1)


def test_a_journal_goes_on_in_a_new_file_at_the_chosen_size(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(JOURNAL_BYTES, "10000")
    journal = JournalWriter(tmp_path, "acd")
    for number in range(150):  # of about 200 bytes: an owner that never rotates gets a file at twice the size
        journal.append("Counted", 1, {"number": number}, fact_id=f"n/{number}")
    journal.close()
    assert len(file_numbers(tmp_path)) == 2


def test_a_log_goes_on_in_a_new_file_at_the_chosen_size(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(LOG_BYTES, "10000")
    root = logging.getLogger()
    before, level, root.handlers = root.handlers[:], root.level, []
    try:
        configure_logging("acd", tmp_path / "acd.log")
        for number in range(150):
            logging.getLogger("acd").warning("counted", extra={"number": number})
        sizes = [file.stat().st_size for file in tmp_path.iterdir()]
    finally:
        for handler in root.handlers:
            handler.close()
        root.handlers = before
        root.setLevel(level)
        logging.captureWarnings(False)
    assert len(sizes) > 1
    assert max(sizes) <= 10_000
