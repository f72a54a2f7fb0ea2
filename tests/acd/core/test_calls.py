"""Calls: the state table has every pair; the waiting line keeps every place."""

from __future__ import annotations

from acd.core.calls import CALL_TABLE, Call, WaitingLine
from acd.core.events import QueueRules
from acd.core.needs import SkillIndex, parse_needs

RULES = QueueRules("service", "", 0, 0, 20_000, 15_000)


def call(contact: str, needs: str = "", priority: int = 0, since_ms: int = 0) -> Call:
    parsed = parse_needs(needs)
    return Call(contact, 1, "service", parsed, str(parsed), priority, "zh", since_ms, RULES, 1, since_ms)


def places(line: WaitingLine) -> dict[str, list[str]]:
    return {group.text: [key[2] for key in group.keys] for group in line.groups()}


def test_every_state_knows_every_input() -> None:
    states = {state for state, _ in CALL_TABLE}
    inputs = {what for _, what in CALL_TABLE}
    assert states == {"waiting", "offered", "connected", "away", "gone"}
    assert len(CALL_TABLE) == len(states) * len(inputs)


def test_priority_comes_before_waiting_and_waiting_before_the_id() -> None:
    line = WaitingLine()
    for one in (
        call("late", since_ms=20),
        call("b", since_ms=10),
        call("urgent", priority=5, since_ms=30),
        call("a", since_ms=10),
    ):
        line.add(one)
    assert places(line) == {"": ["urgent", "a", "b", "late"]}


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
    line.reindex(SkillIndex([{}, {"sales": 1}]))
    assert [group.eligible for group in line.groups()] == [0b10]
    line.add(call("c2", "not sales"))
    assert [group.eligible for group in line.groups()] == [0b10, 0b01]
