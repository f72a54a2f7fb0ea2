"""A queue's door: open, closed by a supervisor, out of hours, full; and who was sent on just now."""

from __future__ import annotations

from typing import Any

import pytest
from stories import DAY_MS

from acd.core import facts
from acd.core.fact_codec import to_body
from acd.core.facts import Fact
from acd.core.picture import Picture
from hotline.core.settings import Hotline, Hours, Queue, Settings, Text
from wallboard.core.doors import door

HOUR_MS = 3_600_000
OFFICE = Hours("office", ((("08:00", "18:00"),),) * 7)
QUEUE = Queue(
    "sales", Text("销售", "Sales"), hours="office", max_waiting=2, max_wait_s=90, callers_per_agent=1.5
)
SETTINGS = Settings(version=1, hotline=Hotline(timezone="UTC"), queues=(QUEUE,), hours=(OFFICE,))


def seen(hour: int, waiting: int = 0, *told: Fact) -> dict[str, Any]:
    picture = Picture(lambda _: DAY_MS)
    for fact in told:
        picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))
    return door(QUEUE, waiting, picture, SETTINGS, DAY_MS + hour * HOUR_MS)


@pytest.mark.parametrize(
    ("hour", "waiting", "closed", "expected"),
    [
        (9, 0, False, ("open", 0, 0)),
        (9, 2, False, ("full", 0, 0)),
        (9, 0, True, ("closed", DAY_MS, 0)),
        (19, 2, False, ("out_of_hours", DAY_MS + 18 * HOUR_MS, DAY_MS + 32 * HOUR_MS)),
        (7, 0, False, ("out_of_hours", DAY_MS - 6 * HOUR_MS, DAY_MS + 8 * HOUR_MS)),
        (19, 0, True, ("closed", DAY_MS, 0)),  # what a supervisor did is told before the clock
    ],
)
def test_the_state_of_the_door(hour: int, waiting: int, closed: bool, expected: tuple[str, int, int]) -> None:
    told = [facts.QueueClosed(DAY_MS, "sales")] if closed else []
    found = seen(hour, waiting, *told)
    assert (found["door"], found["door_since_ms"], found["opens_ms"]) == expected


def test_limits_and_who_was_sent_on() -> None:
    at_ms = DAY_MS + 9 * HOUR_MS - 60_000
    sent = [
        facts.CallOverflowed(at_ms, "c1", 1, "sales", "queue_full", "voicemail"),
        facts.CallOverflowed(at_ms + 5, "c2", 1, "sales", "max_wait", "queue:service"),
    ]
    found = seen(9, 1, *sent)
    assert (found["max_waiting"], found["max_wait_s"], found["callers_per_agent"]) == (2, 90, 1.5)
    assert found["sent_on"] == {"reason": "max_wait", "to": "queue:service", "since_ms": at_ms, "callers": 2}
    assert seen(10, 1, *sent)["sent_on"] is None
