"""Which waiting call a supervisor's code is about, and which queue an extension names."""

import pytest

from acd.adapters.line_codes import longest_wait, queue_at
from acd.core.picture import Picture
from acd.core.views import ContactView
from hotline.core.settings_check import check_settings

LINE = """
    early   sales    100  waiting
    rings   service  150  offered
    first   service  200  waiting  put_first
    next    service  300  waiting
    talks   service  50   connected
"""


def _picture() -> Picture:
    picture = Picture(lambda _: 0)
    for line in LINE.strip().splitlines():
        contact, queue, since_ms, stage, *first = line.split()
        queued = {"contact": contact, "entry": 1, "queue": queue, "needs": "", "priority": 0}
        queued |= {"language": "zh", "wait_since_ms": int(since_ms), "settings_version": 1}
        started = {"contact": contact, "number": "4000", "trunk": "t", "direct": False, "caller": "c"}
        picture.apply("ContactStarted", int(since_ms), started)
        picture.apply("CallQueued", int(since_ms), queued)
        view: ContactView = picture.contacts[contact]
        view.stage, view.put_first = stage, bool(first)
    return picture


@pytest.mark.parametrize(
    ("queue", "but_put_first", "found"),
    [
        ("", False, "early"),
        ("sales", False, "early"),
        ("service", False, "first"),
        ("service", True, "next"),
        ("nothing", False, ""),
    ],
)
def test_the_longest_wait_that_rings_nowhere(queue: str, but_put_first: bool, found: str) -> None:
    assert longest_wait(_picture(), queue, but_put_first=but_put_first) == found


@pytest.mark.parametrize(("extension", "queue"), [("81", "sales"), ("99", "99"), ("", "-")])
def test_a_queue_by_its_extension(extension: str, queue: str) -> None:
    names = {"zh": "甲", "en": "A"}
    settings = check_settings(
        {
            "hotline": {"name": names},
            "queue": [
                {"name": "sales", "title": names, "whisper": "queue-any", "extension": "81"},
                {"name": "service", "title": names, "whisper": "queue-any"},
            ],
        },
        file="test",
        version=1,
    )
    assert queue_at(settings, extension) == queue
