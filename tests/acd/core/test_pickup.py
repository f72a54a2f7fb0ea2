"""Picking up a colleague's ringing call, as tables of events and decisions (see `decision_table`)."""

from __future__ import annotations

import pytest
from decision_table import QUEUES, START_MS, Table

from acd.core import events, house_rules
from acd.core.pickup import NOTHING_RINGS, WHO_MAY


def test_the_call_rings_at_the_colleague_and_nobody_has_a_mark() -> None:
    """1001 is as idle as before; 1002, who had a break, has it again after the talk."""
    Table().run("""
        given c1 rings at 1001 in orders
        1000    pickup 1002                   | picked up c1 for 1002
                                              | ! cancel 1-1
        1010    leg_ended 1-1 26              |
        1020    failed 1-1 unreachable        | ended 1-1: picked_up, rang 820
                                              | 1001 ready
                                              | offered c1 to 1002 as 1-2
                                              | 1002 offered then not_ready
                                              | ! offer c1 to 1002 for 8000
        1100    rang 1-2                      | rang 1-2
        1500    answered 1-2                  | 1002 on_contact then not_ready
                                              | answered c1: waited 1400, rang 400
        1600    bridged 1-2                   | connected c1 with 1002
                                              | left c1: answered after 1400
        1700    arrive c2 orders since=1700   | queued c2
                                              | offered c2 to 1001 as 1-3
                                              | 1001 offered
                                              | ! offer c2 to 1001 for 8000
        1800    leg_ended 1-2 16 agent        | talked c1: 200, held 0, by agent
                                              | 1002 not_ready (login)
    """)


def test_who_loses_a_call_taken_while_not_responding_is_idle_from_then_on() -> None:
    """There was no idle time that could go on: 1002, ready meanwhile, is idle for longer."""
    Table().run("""
        given c1 rings at 1001 in orders
        8200    failed 1-1 no_answer          | ended 1-1: no_answer, rang 8000
        8210    leg_ended 1-1 0               | 1001 not_responding (no_answer)
        9000    take c1 1001                  | acted take 1001 c1 orders
                                              | offered c1 to 1001 as 1-2
                                              | 1001 offered
                                              | ! offer c1 to 1001 for 8000
        9100    rang 1-2                      | rang 1-2
        9200    ready 1002                    | 1002 ready
        9300    pickup 1003                   | picked up c1 for 1003
                                              | ! cancel 1-2
        9310    leg_ended 1-2 26              |
        9320    failed 1-2 unreachable        | ended 1-2: picked_up, rang 220
                                              | 1001 ready
                                              | offered c1 to 1003 as 1-3
                                              | 1003 offered then not_ready
                                              | ! offer c1 to 1003 for 8000
        9400    arrive c2 orders since=9400   | queued c2
                                              | offered c2 to 1002 as 1-4
                                              | 1002 offered
                                              | ! offer c2 to 1002 for 8000
    """)


def test_who_answers_before_the_cancel_has_the_call() -> None:
    """The colleague's wish is over then: not even a call that comes back later is kept for them."""
    Table().run("""
        given c1 rings at 1001 in orders
        1000    pickup 1002                   | picked up c1 for 1002
                                              | ! cancel 1-1
        1005    answered 1-1                  | 1001 on_contact
                                              | answered c1: waited 905, rang 805
        1500    leg_ended 1-1 16 agent        |
        1510    failed 1-1 agent_gone         | ended 1-1: agent_gone, rang 805
                                              | 1001 not_ready (rejected)
        1600    ready 1003                    | 1003 ready
                                              | offered c1 to 1003 as 1-2
                                              | 1003 offered
                                              | ! offer c1 to 1003 for 8000
    """)


def test_of_several_that_ring_all_are_withdrawn() -> None:
    table = Table()
    table.handle(events.SettingsChanged(2, (*_profiles(), house_rules.AgentProfile("1004", ())), QUEUES), 0)
    table.handle(events.AgentLoggedIn("1004", "phone1004"), 0)
    table.run("""
        given c1 rings at all in together
        1000    pickup 1004                   | picked up c1 for 1004
                                              | ! cancel 1-1
                                              | ! cancel 1-2
                                              | ! cancel 1-3
        1010    leg_ended 1-1 26              | ended 1-1: picked_up, rang 810
                                              | 1001 ready
        1011    leg_ended 1-2 26              | ended 1-2: picked_up, rang 811
                                              | 1002 ready
        1012    leg_ended 1-3 26              |
        1013    failed 1-1 unreachable        | ended 1-3: picked_up, rang 813
                                              | 1003 ready
                                              | offered c1 to 1004 as 1-4
                                              | 1004 offered then not_ready
                                              | ! offer c1 to 1004 for 8000
    """)


def _profiles() -> tuple[house_rules.AgentProfile, ...]:
    return tuple(house_rules.AgentProfile(number, ()) for number in ("1001", "1002", "1003"))


def test_the_oldest_call_is_picked_up_or_the_one_at_the_phone_named() -> None:
    opening = """
        0       ready 1001                    | 1001 ready
        10      ready 1002                    | 1002 ready
        100     arrive c1 orders since=100    | queued c1
                                              | offered c1 to 1001 as 1-1
                                              | 1001 offered
                                              | ! offer c1 to 1001 for 8000
        110     arrive c2 orders since=50     | queued c2
                                              | offered c2 to 1002 as 1-2
                                              | 1002 offered
                                              | ! offer c2 to 1002 for 8000
    """
    oldest, named = Table(), Table()
    oldest.run(opening)
    assert oldest.distributor.call_to_pick_up("1003") == "c2"
    oldest.run("""
        200     pickup 1003                   | picked up c2 for 1003
                                              | ! cancel 1-2
        210     pickup 1003 1002              | - nothing rings that this agent may pick up
    """)
    named.run(opening)
    named.run("""
        200     pickup 1003 1001              | picked up c1 for 1003
                                              | ! cancel 1-1
    """)


@pytest.mark.parametrize(
    ("who_may", "agent", "gets"),
    [
        ("nobody", "1002", ""),
        ("skilled", "1002", "c1"),  # has the skill
        ("skilled", "1003", ""),
        ("anyone", "1003", "c1"),
        ("anyone", "1001", ""),  # the call rings there
        ("anyone", "4711", ""),  # no such agent
    ],
)
def test_who_may_is_said_by_the_queue(who_may: str, agent: str, gets: str) -> None:
    assert who_may in WHO_MAY
    rules = house_rules.QueueRules("service", "sales", 0, 0, 20_000, 15_000, pickup=who_may)
    profiles = [("1001", {"sales": 5}), ("1002", {"sales": 1}), ("1003", {})]
    agents = tuple(house_rules.AgentProfile(number, tuple(skills.items())) for number, skills in profiles)
    table = Table()
    table.handle(events.SettingsChanged(2, agents, (rules,)), 0)
    table.handle(events.AgentBecameReady("1001"), 1)
    table.handle(events.CallArrived("c1", "service", "sales", 0, "zh", START_MS), 2)
    assert table.distributor.call_to_pick_up(agent) == gets
    if not gets:
        assert table.handle(events.PickupAsked(agent), 3).ignored == NOTHING_RINGS


def test_who_talks_works_or_is_gone_picks_nothing_up() -> None:
    table = Table()
    table.run("""
        0       ready 1001                    | 1001 ready
        100     arrive c1 service since=100   | queued c1
                                              | offered c1 to 1001 as 1-1
                                              | 1001 offered
                                              | ! offer c1 to 1001 for 20000
        200     bridged 1-1                   | 1001 on_contact
                                              | answered c1: waited 100, rang 0
                                              | connected c1 with 1001
                                              | left c1: answered after 100
        300     ready 1002                    | 1002 ready
        400     arrive c2 service since=400   | queued c2
                                              | offered c2 to 1002 as 1-2
                                              | 1002 offered
                                              | ! offer c2 to 1002 for 20000
        500     pickup 1001                   | - nothing rings that this agent may pick up
        600     leg_ended 1-1 16 agent        | talked c1: 400, held 0, by agent
                                              | 1001 acw until 10600
        700     pickup 1001                   | - nothing rings that this agent may pick up
        800     log_out 1003                  | 1003 offline
        900     pickup 1003                   | - nothing rings that this agent may pick up
    """)
