"""The watch sees every kind of broken promise: the distributor is sabotaged, and each one is named."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from acd.core import calls, facts
from acd.core.commands import OfferCall
from acd.core.distributor import Decision, Distributor
from acd.simulation import house
from acd.simulation.reading import read_scenario
from acd.simulation.run import simulate

SCENARIO = """
    duration_s = 2000
    [[queue]]
    name = "q"
    needs = "a"
    arrivals_per_hour = 200
    handle = { kind = "exponential", mean = 60 }
    after_contact = { kind = "constant", value = 10 }
    [[agents]]
    count = 2
    skills = { a = 1 }
    [[agents]]
    count = 2
    skills = { b = 1 }
"""


def broken() -> Any:
    return simulate(read_scenario(tomllib.loads(SCENARIO), "a.toml", str))["promises_broken"]


def sabotage(monkeypatch: pytest.MonkeyPatch, change: Callable[[Decision], Decision]) -> None:
    class Sabotaged(Distributor):
        def handle(self, event, now_ms):
            return change(super().handle(event, now_ms))

    monkeypatch.setattr(house, "Distributor", Sabotaged)


def test_nothing_is_broken_by_an_honest_distributor() -> None:
    assert broken() == 0


def test_an_offer_that_is_never_made(monkeypatch: pytest.MonkeyPatch) -> None:
    sabotage(monkeypatch, lambda decision: replace(decision, commands=()))
    assert "nobody_idle" in broken()


def test_an_offer_that_is_made_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    sabotage(monkeypatch, lambda decision: replace(decision, commands=decision.commands * 2))
    assert "one_call_one_agent" in broken()


def test_an_offer_to_one_without_the_skill(monkeypatch: pytest.MonkeyPatch) -> None:
    other = {"100000": "100002", "100001": "100003"}

    def astray(decision: Decision) -> Decision:
        commands = [
            replace(one, agent=other[one.agent]) if isinstance(one, OfferCall) else one
            for one in decision.commands
        ]
        return replace(decision, commands=tuple(commands))

    sabotage(monkeypatch, astray)
    assert "needs_met" in broken()


def test_the_newest_before_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "line_key", lambda contact, priority, since_ms, rules: (0, -since_ms, contact))
    assert broken() == ["oldest_first"]


def test_an_offer_during_after_contact_work(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = house.queue_rules
    monkeypatch.setattr(
        house, "queue_rules", lambda scenario: [replace(one, after_contact_ms=0) for one in honest(scenario)]
    )
    assert "work_to_its_end" in broken()


def test_a_step_that_comes_late(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = house.queue_rules

    def late(scenario):
        return [
            replace(one, steps=[replace(step, after_ms=step.after_ms + 1) for step in one.steps])
            for one in honest(scenario)
        ]

    text = SCENARIO.replace("arrivals_per", 'steps = [{ after_s = 5, needs = "" }]\narrivals_per')
    monkeypatch.setitem(globals(), "SCENARIO", text)
    assert broken() == 0
    monkeypatch.setattr(house, "queue_rules", late)
    assert "step_in_time" in broken()


def test_a_wait_counted_wrongly(monkeypatch: pytest.MonkeyPatch) -> None:
    def longer(decision: Decision) -> Decision:
        changed = [
            replace(fact, wait_ms=fact.wait_ms + 1) if isinstance(fact, facts.CallLeftQueue) else fact
            for fact in decision.facts
        ]
        return replace(decision, facts=tuple(changed))

    sabotage(monkeypatch, longer)
    assert broken() == ["wait_from_entry"]


def test_a_contact_without_an_end_or_with_two(monkeypatch: pytest.MonkeyPatch) -> None:
    def times(number: int) -> Callable[[Decision], Decision]:
        def change(decision: Decision) -> Decision:
            changed: list[facts.Fact] = []
            for fact in decision.facts:
                changed += [fact] * (number if isinstance(fact, facts.CallLeftQueue) else 1)
            return replace(decision, facts=tuple(changed))

        return change

    sabotage(monkeypatch, times(2))
    assert broken() == ["one_end"]
    sabotage(monkeypatch, times(0))
    assert broken() == ["one_end"]
