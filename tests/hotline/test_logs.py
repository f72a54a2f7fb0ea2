"""Log lines: JSON, values beside the event, personal data apart, files private and bounded."""

import json
import logging
import logging.handlers
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hotline.logs import BACKUPS, MAX_BYTES, JsonLines, configure_logging


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    yield tmp_path / "log" / "acd.log"
    for handler in root.handlers:
        handler.close()
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_a_line_has_the_event_its_values_and_personal_data_apart(file: Path) -> None:
    configure_logging("acd", file)
    logging.getLogger("acd.engine").warning(
        "call_refused", extra={"contact": "c1", "pii_caller": "13800138000"}
    )
    (line,) = _lines(file)
    assert line["event"] == "call_refused"
    assert line["level"] == "warning"
    assert line["service"] == "acd"
    assert line["logger"] == "acd.engine"
    assert line["contact"] == "c1"
    assert line["pii"] == {"pii_caller": "13800138000"}
    assert line["at"].endswith("+00:00")


def test_an_exception_and_a_value_json_does_not_know_still_make_one_line(file: Path) -> None:
    configure_logging("acd", file)
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        logging.getLogger("x").exception("failed", extra={"where": Path("/a")})
    (line,) = _lines(file)
    assert "ValueError: first" in line["exception"]
    assert "/a" in line["where"]


def test_a_value_cannot_take_the_place_of_the_event() -> None:
    record = logging.makeLogRecord({"msg": "real", "event": "forged", "service": "forged"})
    line = json.loads(JsonLines("acd").format(record))
    assert (line["event"], line["service"]) == ("real", "acd")


def test_the_file_is_private_from_the_start_and_after_rotation(file: Path) -> None:
    configure_logging("acd", file)
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, logging.handlers.RotatingFileHandler)
    assert (handler.maxBytes, handler.backupCount) == (MAX_BYTES, BACKUPS)
    logging.getLogger().warning("one")
    handler.doRollover()
    logging.getLogger().warning("two")
    files = sorted(file.parent.iterdir())
    assert [f.name for f in files] == ["acd.log", "acd.log.1"]
    assert {f.stat().st_mode & 0o777 for f in files} == {0o600}


def test_configuring_again_leaves_one_handler(file: Path) -> None:
    configure_logging("acd", file)
    configure_logging("acd", file)
    logging.getLogger().warning("once")
    assert len(_lines(file)) == 1


def test_half_a_surrogate_pair_of_a_stranger_loses_no_line(file: Path) -> None:
    configure_logging("acd", file)
    logging.getLogger("x").warning("sign_in_failed", extra={"pii_user": "a\ud800b"})
    (line,) = _lines(file)
    assert line["event"] == "sign_in_failed"
