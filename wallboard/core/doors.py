"""A queue's door as a supervisor reads it: open, closed by whom, full, and whether callers are sent on.

    door          open, closed (by a supervisor), out_of_hours, full
    door_since_ms since when it is not open; 0: unknown
    opens_ms      when opening hours begin again; 0: they are on, or it is not known
    max_waiting, max_wait_s, callers_per_agent   the limits; 0: none
    sent_on       reason, to, since_ms, callers of those sent elsewhere just now; None: nobody

This module must not know how it reaches a page.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from acd.core.picture import Picture
from hotline.core.hours import is_open, last_closing, next_opening
from hotline.core.settings import Queue, Settings


def door(queue: Queue, waiting: int, picture: Picture, settings: Settings, now_ms: int) -> dict[str, Any]:
    """The door of a queue with so many waiting, at now_ms (acd's clock)."""
    state, since_ms, opens_ms = "open", 0, 0
    shut_ms, opening_ms = _hours(queue, settings, now_ms)
    if queue.name in picture.closed_queues:
        state, since_ms = "closed", picture.closed_queues[queue.name].closed_ms
    elif shut_ms >= 0:
        state, since_ms, opens_ms = "out_of_hours", shut_ms, opening_ms
    elif waiting >= queue.max_waiting:
        state = "full"
    spell = picture.overflows.of(queue.name, now_ms)
    return {
        "door": state,
        "door_since_ms": since_ms,
        "opens_ms": opens_ms,
        "max_waiting": queue.max_waiting,
        "max_wait_s": queue.max_wait_s,
        "callers_per_agent": queue.callers_per_agent,
        "sent_on": None
        if spell is None
        else {
            "reason": spell.reason,
            "to": spell.to,
            "since_ms": spell.since_ms,
            "callers": spell.callers,
        },
    }


def _hours(queue: Queue, settings: Settings, now_ms: int) -> tuple[int, int]:
    """Since when the queue's own hours are over, and until when; (-1, 0) while they are on."""
    hours = next((hours for hours in settings.hours if hours.name == queue.hours), None)
    now = datetime.fromtimestamp(now_ms / 1000, ZoneInfo(settings.hotline.timezone))
    if hours is None or is_open(hours, now):
        return -1, 0
    return _ms(last_closing(hours, now)), _ms(next_opening(hours, now))


def _ms(at: datetime | None) -> int:
    return 0 if at is None else int(at.timestamp() * 1000)
