"""What a failed offer makes of the agent: every cause with every consequence, and after how many in a row."""

from __future__ import annotations

import pytest
from decision_table import Table, settings
from restarted_table import Restarted

from acd.core.events import AsteriskSnapshot, LiveLeg
from acd.core.house_rules import AgentRules, FailedOfferRule

BECOMES = {
    "not_responding": "1001 not_responding ({cause})",
    "not_ready": "1001 not_ready ({cause})",
    "paused": "1001 communicating ({cause}) until 5310",
    "logged_out": "1001 offline ({cause})",
}
OFFER = """
        100     arrive c1 service sales >= 5 since=100 | queued c1
                                            | offered c1 to 1001 as 1-1
                                            | 1001 offered
                                            | ! offer c1 to 1001 for 20000
        200     rang 1-1                    | rang 1-1
"""


def rules(cause: str, becomes: str, after: int = 1) -> AgentRules:
    """The default rules but for one cause."""
    others = dict(AgentRules().failed_offers)
    return AgentRules(failed_offers=tuple({**others, cause: FailedOfferRule(becomes, after)}.items()))


@pytest.mark.parametrize("becomes", BECOMES)
@pytest.mark.parametrize("cause", ["no_answer", "rejected", "busy", "unreachable"])
def test_each_cause_has_the_consequence_of_the_settings(cause: str, becomes: str) -> None:
    state = BECOMES[becomes].format(cause=cause)
    if becomes == "not_ready" and cause == "unreachable":
        state += " then ready"  # it ends when the phone is back
    table = Table(rules=settings(agent_rules=rules(cause, becomes)))
    table.run(f"""
        0       ready 1001                  | 1001 ready
        {OFFER}
        300     failed 1-1 {cause}          | ended 1-1: {cause}, rang 100
        310     leg_ended 1-1 0             | {state}
    """)


def test_before_the_third_in_a_row_there_is_only_a_pause() -> None:
    again = """
        {at}200 rang 1-{n}                  | rang 1-{n}
        {at}300 failed 1-{n} no_answer      | ended 1-{n}: no_answer, rang 100
        {at}310 leg_ended 1-{n} 0           | {state}
    """
    offered = """
        {at}310 alarm                       | 1001 ready failed 2
                                            | offered c1 to 1001 as 1-3
                                            | 1001 offered failed 2
                                            | ! offer c1 to 1001 for 20000
    """
    first = offered.replace("1-3", "1-2").replace(" failed 2", "")
    paused = "1001 communicating (no_answer) until"
    table = Table(rules=settings(agent_rules=rules("no_answer", "logged_out", after=3)))
    table.run(
        "0 ready 1001 | 1001 ready"
        + OFFER
        + again.format(at="", n=1, state=f"{paused} 5310").split("\n", 2)[2]
        + first.format(at=5)
        + again.format(at=6, n=2, state=f"{paused} 11310 failed 2")
        + offered.format(at=11)
        + again.format(at=12, n=3, state="1001 offline (no_answer)")
    )


def test_another_cause_a_conversation_or_the_agents_word_begins_the_row_again() -> None:
    table = Table(rules=settings(agent_rules=rules("busy", "not_ready", after=2)))
    table.run(
        "0 ready 1001 | 1001 ready"
        + OFFER
        + """
        300     failed 1-1 busy          | ended 1-1: busy, rang 100
        310     leg_ended 1-1 17         | 1001 communicating (busy) until 5310
        400     ready 1001               | 1001 ready
                                         | offered c1 to 1001 as 1-2
                                         | 1001 offered
                                         | ! offer c1 to 1001 for 20000
        500     failed 1-2 busy          | ended 1-2: busy, rang 0
        510     leg_ended 1-2 17         | 1001 communicating (busy) until 5510
        5510    alarm                    | 1001 ready
                                         | offered c1 to 1001 as 1-3
                                         | 1001 offered
                                         | ! offer c1 to 1001 for 20000
        5600    bridged 1-3              | 1001 on_contact
                                         | answered c1: waited 5500, rang 0
                                         | connected c1 with 1001
                                         | left c1: answered after 5500
        6000    leg_ended 1-3 16 agent   | talked c1: 400, held 0, by agent
                                         | 1001 acw until 16000
        16000   alarm                    | 1001 ready
        16100   arrive c2 service sales >= 5 since=16100 | queued c2
                                         | offered c2 to 1001 as 1-4
                                         | 1001 offered
                                         | ! offer c2 to 1001 for 20000
        16200   failed 1-4 busy          | ended 1-4: busy, rang 0
        16210   leg_ended 1-4 17         | 1001 communicating (busy) until 21210
        21210   alarm                    | 1001 ready
                                         | offered c2 to 1001 as 1-5
                                         | 1001 offered
                                         | ! offer c2 to 1001 for 20000
        21300   failed 1-5 busy          | ended 1-5: busy, rang 0
        21310   leg_ended 1-5 17         | 1001 not_ready (busy)
        """
    )


def test_who_answers_and_hangs_up_in_the_whisper_is_set_aside_by_the_rule_of_rejection() -> None:
    table = Table(rules=settings(agent_rules=rules("rejected", "not_responding")))
    table.run(
        "0 ready 1001 | 1001 ready"
        + OFFER
        + """
        300     answered 1-1             | 1001 on_contact
                                         | answered c1: waited 200, rang 100
        400     failed 1-1 agent_gone    | ended 1-1: agent_gone, rang 100
        410     leg_ended 1-1 16 agent   | 1001 not_responding (rejected)
        """
    )


def failed_once() -> Restarted:
    """One offer to 1001 has failed: a second in a row sets 1001 not ready."""
    table = Restarted(settings(agent_rules=rules("busy", "not_ready", after=2)))
    table.run("""
        0       snapshot                    |
        1       log_in 1001 p1              | 1001 not_ready (login)
        2       log_in 1002 p2              | 1002 not_ready (login)
        10      ready 1001                  | 1001 ready
        100     arrive c1 orders since=100  | queued c1
                                            | offered c1 to 1001 as 1-1
                                            | 1001 offered
                                            | ! offer c1 to 1001 for 8000
        300     failed 1-1 busy             | ended 1-1: busy, rang 0
        301     hang_up c1                  | left c1: abandoned after 201
        310     leg_ended 1-1 17            | 1001 communicating (busy) until 5310
        5310    alarm                       | 1001 ready
    """)
    return table


TALK = """
        5500    arrive c2 orders since=5500 | queued c2
                                            | offered c2 to 1001 as 1-2
                                            | 1001 offered
                                            | ! offer c2 to 1001 for 8000
        5600    bridged 1-2                 | 1001 on_contact
                                            | answered c2: waited 100, rang 0
                                            | connected c2 with 1001
                                            | left c2: answered after 100
"""
THIRD = """
        5650    joined c2 1002 s-7 orders   | connected c2 with 1002
                                            | 1002 on_contact then not_ready
"""
FAILS_AGAIN = """
        6000    leg_ended {segment} 16 agent | talked c2: {talk_ms}, held 0, by agent
                                            | 1001 ready
        6100    arrive c3 orders since=6100 | queued c3
                                            | offered c3 to 1001 as {offer}
                                            | 1001 offered
                                            | ! offer c3 to 1001 for 8000
        6200    failed {offer} busy         | ended {offer}: busy, rang 0
        6210    leg_ended {offer} 17        | 1001 communicating (busy) until 11210
"""


@pytest.mark.parametrize("parts", [TALK, TALK + THIRD])
def test_a_restart_in_the_conversation_does_not_bring_the_row_back(parts: str) -> None:
    table = failed_once()
    table.run(parts)
    assert table.restart(5_700) == []
    legs = (LiveLeg("1-2", "c2", "1001", "bridged"), LiveLeg("s-7", "c2", "1002", "bridged"))
    table.handle(AsteriskSnapshot(("c2",), legs[: 1 + (THIRD in parts)]), 5_800)
    table.run(FAILS_AGAIN.format(segment="1-2", talk_ms=400, offer="2-1"))


def test_a_conversation_that_the_agent_joined_ends_the_row_too() -> None:
    table = failed_once()
    table.run("5600 joined c2 1001 s-7 orders | connected c2 with 1001\n | 1001 on_contact")
    table.run(FAILS_AGAIN.format(segment="s-7", talk_ms=400, offer="1-2"))


def test_one_who_intends_something_else_gets_that() -> None:
    table = Table(rules=settings(agent_rules=rules("no_answer", "logged_out")))
    table.run(
        "0 ready 1001 | 1001 ready"
        + OFFER
        + """
        250     not_ready 1001 lunch     | 1001 offered then not_ready
        300     failed 1-1 no_answer     | ended 1-1: no_answer, rang 100
        310     leg_ended 1-1 0          | 1001 not_ready (lunch)
        """
    )
