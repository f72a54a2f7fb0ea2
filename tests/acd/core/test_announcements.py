"""What waiting callers are told, as prompts."""

import pytest

from acd.core.announcements import POSITION, Timetable, position_prompts, wait_prompts


def test_places_far_back_have_one_prompt() -> None:
    assert [position_prompts(place) for place in (1, 30, 31)] == [
        ["position-1"],
        ["position-30"],
        ["position-many"],
    ]


@pytest.mark.parametrize(
    ("low_s", "high_s", "reason", "prompts"),
    [
        (0, 0, "", ["wait-within-1"]),
        (5, 59, "", ["wait-within-1"]),
        (59, 61, "", ["wait-within-2"]),
        (60, 61, "", ["wait-from-1", "wait-to-2"]),
        (119, 300, "", ["wait-from-1", "wait-to-5"]),
        (1000, 1800, "", ["wait-from-16", "wait-to-30"]),
        (1000, 1801, "", ["wait-long"]),
        (-5, 30, "fewer_agents", ["wait-longer-fewer-agents", "wait-within-1"]),
        (60, 120, "overtaken", ["wait-longer-overtaken", "wait-from-1", "wait-to-2"]),
    ],
)
def test_a_wait_is_told_in_minutes_that_hold_the_range(
    low_s: int, high_s: int, reason: str, prompts: list[str]
) -> None:
    assert wait_prompts(low_s * 1000, high_s * 1000, reason) == prompts


def test_the_place_and_comfort_have_their_own_times_and_take_turns() -> None:
    table = Timetable(10, 4, ("one", "two"), 0)
    said = []
    now_s = 0.0
    for _ in range(6):
        now_s += table.wait_s(now_s)
        what = table.take_due(now_s)
        said.append((round(now_s), what))
        now_s += 1  # so long it takes
        table.said(what, now_s)
    assert said == [(4, "one"), (9, "two"), (10, POSITION), (14, "one"), (19, "two"), (21, POSITION)]


def test_nothing_is_said_where_nothing_is_wanted() -> None:
    for table in (Timetable(0, 0, ("one",), 5), Timetable(0, 7, (), 5)):
        assert (table.wait_s(6), table.take_due(1000)) == (0, "")
