"""Alarms as rows: those of the services first, one-way calls from the picture, and never too many."""

from __future__ import annotations

from stories import DAY_MS, Story

from acd.core.fact_codec import to_body
from acd.core.picture import Picture
from hotline.core.alarms import Alarm
from wallboard.core.alarms import MOST, alarm_rows


def picture_of(story: Story | None = None) -> Picture:
    picture = Picture(lambda _: DAY_MS)
    for fact in story.facts if story else ():
        picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))
    return picture


def test_a_silent_conversation_is_an_alarm_until_it_ends() -> None:
    story = Story("c").starts().queues().rings().answered().connected()
    assert alarm_rows(picture_of(story), {}) == {}
    story.after(9_000).silent()
    assert alarm_rows(picture_of(story), {Alarm("disk"): 5}) == {
        "disk:": {"order": 0, "kind": "disk", "about": "", "since_ms": 5, "calm": False},
        "one_way:1001": {
            "order": 1,
            "kind": "one_way",
            "about": "1001",
            "since_ms": DAY_MS + 9_000,
            "calm": False,
        },
    }
    story.segment_ends(9_000)
    assert alarm_rows(picture_of(story), {}) == {}


def test_a_note_is_calm_and_stands_last() -> None:
    story = Story("c").starts().queues().rings().answered().connected().after(9_000).silent()
    rows = alarm_rows(picture_of(story), {Alarm("disk"): 5, Alarm("trunk_awaited", "demo"): 6})
    shown = [(row["kind"], row["calm"]) for row in rows.values()]
    assert shown == [("disk", False), ("one_way", False), ("trunk_awaited", True)]


def test_of_many_the_gravest_are_shown_and_names_are_fit_to_be_shown() -> None:
    alarms = {Alarm("trunk_down", f"{number:03}\r\n" + "x" * 99): 1 for number in range(MOST + 9)}
    rows = alarm_rows(picture_of(), alarms)
    assert len(rows) == MOST
    first = next(iter(rows.values()))["about"]
    assert first.startswith("000") and len(first) <= 41 and first.isprintable()
