"""Opening hours: whether they are open at an instant, and when they open next.

It knows wall-clock time only: the instant comes in as a `datetime` in the hotline's time zone. A date among
`extra_days` has just those hours, even when it is also a holiday; a holiday is closed all day; else the
weekday decides. A span includes its first minute and excludes its last.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from hotline.core.settings import Hours

HORIZON_DAYS = 400
"""How far `next_opening` looks: more than a year, so that a yearly opening is found."""

Spans = tuple[tuple[str, str], ...]


def spans_of_day(hours: Hours, day: date) -> Spans:
    """The ("HH:MM", "HH:MM") spans of one day, in order; empty when closed all day."""
    name = day.isoformat()
    if name in hours.extra_days:
        return hours.extra_days[name]
    return () if name in hours.holidays else hours.weekdays[day.weekday()]


def is_open(hours: Hours, at: datetime) -> bool:
    """Whether the hours are open at this local instant."""
    minute = f"{at.hour:02}:{at.minute:02}"
    # Two-digit times compare like their texts, and "24:00" comes after all of them.
    return any(opens <= minute < closes for opens, closes in spans_of_day(hours, at.date()))


def last_closing(hours: Hours, at: datetime) -> datetime | None:
    """The last local instant before or at `at` at which they closed; None when none is found for 400 days."""
    for days in range(HORIZON_DAYS):
        day = at.date() - timedelta(days=days)
        for _, closes in reversed(spans_of_day(hours, day)):
            midnight = datetime.combine(day, time(), tzinfo=at.tzinfo)
            end = midnight + timedelta(hours=int(closes[:2]), minutes=int(closes[3:]))
            if end <= at:
                return end
    return None


def next_opening(hours: Hours, at: datetime) -> datetime | None:
    """The first local instant from `at` on at which they are open; None when there is none for 400 days."""
    if is_open(hours, at):
        return at
    for days in range(HORIZON_DAYS):
        day = at.date() + timedelta(days=days)
        for opens, _ in spans_of_day(hours, day):
            start = datetime.combine(day, time.fromisoformat(opens), tzinfo=at.tzinfo)
            if start >= at:
                return start
    return None
