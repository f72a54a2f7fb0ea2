"""Opening hours at an instant, and the next opening."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from hotline.core.hours import is_open, last_closing, next_opening
from hotline.core.settings import Hours

SHANGHAI = ZoneInfo("Asia/Shanghai")
OFFICE = (("08:30", "12:00"), ("13:00", "18:00"))
HOURS = Hours(
    "office",
    weekdays=(OFFICE, OFFICE, OFFICE, OFFICE, OFFICE, (("09:00", "24:00"),), ()),
    holidays=("2026-10-01", "2026-10-02"),
    extra_days={"2026-10-02": (("10:00", "11:00"),), "2026-10-11": (("09:00", "10:00"),)},
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        ("2026-09-28 08:29:59", False),  # Monday, before
        ("2026-09-28 08:30:00", True),  # the first minute is in
        ("2026-09-28 11:59:59", True),
        ("2026-09-28 12:00:00", False),  # the last is not
        ("2026-09-28 13:00:00", True),
        ("2026-09-28 18:00:00", False),
        ("2026-10-03 23:59:59", True),  # Saturday, until 24:00
        ("2026-10-04 00:00:00", False),  # Sunday
        ("2026-10-01 10:00:00", False),  # a holiday, though a Thursday
        ("2026-10-02 10:30:00", True),  # an extra day wins over a holiday
        ("2026-10-02 11:00:00", False),
        ("2026-10-11 09:00:00", True),  # an extra day on a Sunday
        ("2026-10-11 10:00:00", False),
    ],
)
def test_open_at(instant: str, expected: bool) -> None:
    assert is_open(HOURS, at(instant)) is expected


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        ("2026-09-28 09:00", "2026-09-28 09:00"),  # open now
        ("2026-09-28 12:30", "2026-09-28 13:00"),  # after lunch
        ("2026-09-30 18:00", "2026-10-02 10:00"),  # over a holiday
        ("2026-10-04 00:00", "2026-10-05 08:30"),  # over a Sunday
    ],
)
def test_next_opening(instant: str, expected: str) -> None:
    assert next_opening(HOURS, at(instant)) == at(expected)


def test_a_yearly_opening_is_found_and_never_open_is_told() -> None:
    closed = ((),) * 7
    yearly = Hours("once", weekdays=closed, extra_days={"2027-09-27": (("09:00", "10:00"),)})
    assert next_opening(yearly, at("2026-09-28 09:00")) == at("2027-09-27 09:00")
    assert next_opening(Hours("never", weekdays=closed), at("2026-09-28 09:00")) is None


def test_next_opening_is_an_instant_also_over_a_change_of_clocks() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    hours = Hours("daily", weekdays=((("08:00", "09:00"),),) * 7)
    evening = datetime(2026, 10, 24, 20, 0, tzinfo=berlin)  # the night has 25 hours
    opening = next_opening(hours, evening)
    assert opening is not None
    assert opening.timestamp() - evening.timestamp() == 13 * 3600


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        ("2026-09-28 12:00:00", "2026-09-28 12:00:00"),  # just now
        ("2026-09-28 12:30:00", "2026-09-28 12:00:00"),  # over lunch
        ("2026-09-28 07:00:00", "2026-09-27 00:00:00"),  # Monday morning: Saturday's 24:00
        ("2026-10-01 10:00:00", "2026-09-30 18:00:00"),  # a holiday
    ],
)
def test_last_closing(instant: str, expected: str) -> None:
    assert last_closing(HOURS, at(instant)) == at(expected)


def test_what_was_never_open_never_closed() -> None:
    assert last_closing(Hours("never", weekdays=((),) * 7), at("2026-10-01 10:00:00")) is None
