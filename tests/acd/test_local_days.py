"""The hotline's local days."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from acd.local_days import day_starts, recording_path
from hotline.core.settings import Hotline, Settings

SHANGHAI = Settings(version=1, hotline=replace(Hotline(), timezone="Asia/Shanghai"))
EVENING_MS = int(datetime(2026, 11, 21, 16, 30, tzinfo=UTC).timestamp() * 1000)
"""Half past midnight of the 22nd in Shanghai, still the 21st in Greenwich."""


def test_a_day_begins_at_local_midnight() -> None:
    midnight = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)
    assert day_starts(lambda: SHANGHAI)(EVENING_MS) == int(midnight.timestamp() * 1000)


def test_a_recording_lies_in_the_folder_of_its_local_day() -> None:
    assert recording_path(lambda: SHANGHAI)("1-7", EVENING_MS) == "2026/11/22/1-7"
