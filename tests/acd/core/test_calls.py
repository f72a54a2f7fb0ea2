"""Calls: the state table has every pair; the waiting line keeps every place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.core.calls import CALL_TABLE, Call, WaitingLine
from acd.core.house_rules import QueueRules
from acd.core.needs import SkillIndex, parse_needs

RULES = QueueRules("service", "", 0, 0, 20_000, 15_000)


STRICT = replace(RULES, order="strict")


def call(
    contact: str, needs: str = "", priority: int = 0, since_ms: int = 0, rules: QueueRules = RULES
) -> Call:
    parsed = parse_needs(needs)
    return Call(contact, 1, "service", parsed, str(parsed), priority, "zh", since_ms, rules, 1, since_ms)


def places(line: WaitingLine) -> dict[str, list[str]]:
    return {group.text: [key[2] for key in group.keys] for group in line.groups().values()}


def test_every_state_knows_every_input() -> None:
    states = {state for state, _ in CALL_TABLE}
    inputs = {what for _, what in CALL_TABLE}
    assert states == {"waiting", "aimed", "offered", "connected", "away", "leaving", "gone"}
    assert len(CALL_TABLE) == len(states) * len(inputs)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("oldest_first", ["a", "b", "equal", "negative", "urgent"]),
        ("strict", ["urgent", "equal", "a", "b", "negative"]),
    ],
)
def test_a_point_of_priority_is_a_head_start_or_goes_before_any_wait(order: str, expected: list[str]) -> None:
    line = WaitingLine()
    rules = replace(RULES, order=order, head_start_ms=100)
    for one in (
        call("urgent", priority=5, since_ms=511, rules=rules),
        call("negative", priority=-1, since_ms=-90, rules=rules),
        call("b", since_ms=10, rules=rules),
        call("equal", priority=1, since_ms=110, rules=rules),
        call("a", since_ms=10, rules=rules),
    ):
        line.add(one)
    assert places(line) == {"": expected}


def test_a_strict_queue_goes_before_others_with_priority_only() -> None:
    line = WaitingLine()
    for one in (
        call("strict", since_ms=30, rules=STRICT),
        call("strict_urgent", priority=1, since_ms=40, rules=STRICT),
        call("old", since_ms=1),
        call("high", priority=9, since_ms=2),
    ):
        line.add(one)
    assert places(line) == {"": ["strict_urgent", "high", "old", "strict"]}


def test_a_call_that_returns_has_its_place_again() -> None:
    line = WaitingLine()
    first, second = call("c1", since_ms=1), call("c2", since_ms=2)
    line.add(first)
    line.add(second)
    line.remove(first)
    assert places(line) == {"": ["c2"]}
    line.add(first)
    assert places(line) == {"": ["c1", "c2"]}


def test_equal_needs_stand_together_and_empty_groups_vanish() -> None:
    line = WaitingLine()
    spelled, other = call("c1", "sales"), call("c2", "( sales>=1 )", since_ms=1)
    line.add(spelled)
    line.add(other)
    assert places(line) == {"sales >= 1": ["c1", "c2"]}
    line.remove(spelled)
    line.remove(other)
    assert places(line) == {}


def test_new_skills_count_for_those_who_wait() -> None:
    line = WaitingLine()
    line.add(call("c1", "sales"))
    line.reindex(SkillIndex([{}, {"sales": 1}]), {})
    assert [group.eligible for group in line.groups().values()] == [0b10]
    line.add(call("c2", "not sales"))
    assert [group.eligible for group in line.groups().values()] == [0b10, 0b01]
