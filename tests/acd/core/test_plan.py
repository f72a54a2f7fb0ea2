"""Plans: what a call asks for at first, and how it widens."""

from __future__ import annotations

from dataclasses import replace

import pytest
from decision_table import Table, event_of

from acd.core.facts import CallOffered
from acd.core.needs import NeedsError
from acd.core.plan import PlanStep, resolve_plan, step_from


def plan(needs: str, *, chosen: str = "", steps: str = "", preferred: str = "") -> list[str]:
    """Each step as "after: needs for agents"; steps as "10: sales, 20:", preferred as "1001 5, 1002 15"."""
    resolved = resolve_plan(
        needs,
        chosen,
        [(int(at), text.strip()) for at, _, text in (one.partition(":") for one in _parts(steps))],
        [(number, int(until)) for number, until in (one.split() for one in _parts(preferred))],
    )
    return [f"{step.after_ms}: {step.needs} for {','.join(step.prefer) or 'all'}" for step in resolved]


def _parts(text: str) -> list[str]:
    return [part for part in text.split(",") if part]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({}, ["0: sales >= 5 for all"]),
        (
            {"steps": "10: sales >= 3, 20:"},
            ["0: sales >= 5 for all", "10: sales >= 3 for all", "20:  for all"],
        ),
        (
            {"steps": "10: sales, 20:", "chosen": "english"},
            [
                "0: sales >= 5 for all",
                "10: sales >= 1 and english >= 1 for all",
                "20: english >= 1 for all",
            ],
        ),
        ({"preferred": "1001 5"}, ["0: sales >= 5 for 1001", "5: sales >= 5 for all"]),
        ({"preferred": "1001 0"}, ["0: sales >= 5 for all"]),
        (
            {"preferred": "1001 5, 1002 15, 1001 15", "steps": "10: sales"},
            [
                "0: sales >= 5 for 1001,1002",
                "10: sales >= 1 for 1001,1002",
                "15: sales >= 1 for all",
            ],
        ),
        (
            {"preferred": "1001 5, 1002 15", "steps": "5: sales"},
            ["0: sales >= 5 for 1001,1002", "5: sales >= 1 for 1002", "15: sales >= 1 for all"],
        ),
    ],
)
def test_a_plan_joins_steps_choices_and_preferred_agents(words: dict[str, str], expected: list[str]) -> None:
    assert plan("sales >= 5", **words) == expected


def test_needs_that_cannot_be_read_are_refused() -> None:
    with pytest.raises(NeedsError):
        plan("sales", steps="10: sales >=")


def test_a_step_comes_back_from_json() -> None:
    step = PlanStep(10, "sales >= 1", ("1001",))
    assert step_from(step.to_dict()) == step


def test_a_call_widens_step_by_step() -> None:
    Table().run("""
        0      ready 1002                               | 1002 ready
                                                        | alarm at never
        100    arrive c1 steps sales>=5 since=100       | queued c1
                                                        | alarm at 10100
        10100  alarm                                    | widened c1: sales >= 2
                                                        | offered c1 to 1002 as 1-1
                                                        | 1002 offered
                                                        | ! offer c1 to 1002 for 8000
                                                        | alarm at 20100
        20100  alarm                                    | widened c1: anyone
                                                        | alarm at 23100
    """)


def test_a_step_that_comes_while_the_phone_rings_counts_after_it() -> None:
    Table().run("""
        0      ready 1001                               | 1001 ready
        10     ready 1003                               | 1003 ready
        100    arrive c1 steps sales>=5 since=100       | queued c1
                                                        | offered c1 to 1001 as 1-1
                                                        | 1001 offered
                                                        | ! offer c1 to 1001 for 8000
        7100   rang 1-1                                 | rang 1-1
        10100  alarm                                    | widened c1: sales >= 2
        15100  failed 1-1 no_answer                     | ended 1-1: no_answer, rang 8000
        15100  leg_ended 1-1 16                         | 1001 not_responding (no_answer)
        20100  alarm                                    | widened c1: anyone
                                                        | offered c1 to 1003 as 1-2
                                                        | 1003 offered
                                                        | ! offer c1 to 1003 for 8000
    """)


def test_what_the_caller_chose_stays_through_all_steps() -> None:
    Table().run("""
        0      ready 1001                                                         | 1001 ready
        1      ready 1003                                                         | 1003 ready
        100    arrive c1 steps sales>=5 and english>=6 chosen=english since=100   | queued c1
        10100  alarm                             | widened c1: sales >= 2 and english >= 1
        20100  alarm                             | widened c1: english >= 1
        20200  ready 1002                        | 1002 ready
                                                 | offered c1 to 1002 as 1-1
                                                 | 1002 offered
                                                 | ! offer c1 to 1002 for 8000
    """)


def test_the_last_agent_is_waited_for_then_those_named_then_anyone() -> None:
    Table().run("""
        0      ready 1003                                          | 1003 ready
        100    arrive c1 steps since=100 last=1001 prefer=1002     | queued c1 for 1001, 1002
        5100   alarm                                               | widened c1: anyone for 1002
        10100  alarm                                               | widened c1: sales >= 2 for 1002
        15100  alarm                                               | widened c1: sales >= 2
        20100  alarm                                               | widened c1: anyone
                                                                   | offered c1 to 1003 as 1-1
                                                                   | 1003 offered
                                                                   | ! offer c1 to 1003 for 8000
    """)


def test_the_last_agent_gets_the_call_though_others_are_idle_for_longer() -> None:
    Table().run("""
        0      ready 1003                              | 1003 ready
        50     ready 1001                              | 1001 ready
        100    arrive c1 steps since=100 last=1001     | queued c1 for 1001
                                                       | offered c1 to 1001 as 1-1
                                                       | 1001 offered
                                                       | ! offer c1 to 1001 for 8000
    """)


def test_nobody_waits_for_one_who_is_away_or_cannot_serve() -> None:
    Table().run("""
        0      log_out 1001                                     | 1001 offline
        100    arrive c1 steps since=100 last=1001              | queued c1
        200    arrive c2 steps sales since=200 last=1003        | queued c2
        300    arrive c3 steps since=300 prefer=9999            | queued c3
    """)


def test_a_call_for_one_agent_holds_up_nobody_behind_it() -> None:
    Table().run("""
        100    arrive c1 steps since=100 last=1001     | queued c1 for 1001
        200    arrive c2 steps since=200               | queued c2
        300    ready 1003                              | 1003 ready
                                                       | offered c2 to 1003 as 1-1
                                                       | 1003 offered
                                                       | ! offer c2 to 1003 for 8000
    """)


def test_the_teams_that_are_preferred_are_told_with_the_entry() -> None:
    table = Table()
    told = []
    for teams, agents in ((("vip",), ("1001", "1002")), (("vip",), ("9999",)), ((), ("1001",))):
        arrived = event_of(f"arrive c{len(told)} steps since=100".split())
        decision = table.handle(replace(arrived, preferred=agents, teams=teams), 100)
        told.append((decision.facts[0].teams, decision.facts[0].prefer))
    assert told == [(["vip"], ["1001", "1002"]), (["vip"], []), ([], ["1001"])]


def test_the_proof_tells_the_step_and_who_was_preferred() -> None:
    table = Table()
    table.run("""
        0      ready 1001                              | 1001 ready
        1      ready 1003                              | 1003 ready
    """)
    decision = table.handle(event_of(["arrive", "c1", "steps", "since=100", "last=1001"]), 100)
    [offered] = [fact for fact in decision.facts if isinstance(fact, CallOffered)]
    assert (offered.proof["step"], offered.proof["preferred"]) == (0, ["1001"])
    assert offered.proof["excluded"] == {"not_preferred": 2}
    assert offered.proof["candidates"] == 1
