"""Agents kept for a caller who is coming back, as tables of events and decisions."""

from __future__ import annotations

from decision_table import START_MS, Table

from acd.core import events
from acd.core.fact_codec import to_body
from acd.core.picture import Picture
from acd.core.recovery import restored_from

SENT = """
    given c1 talks with 1001 in service
    1200    kept c1 1001 service            |
    1205    kept c1 1001 service            | - the agent is kept already
    1210    leg_ended 1-1 16 transfer       | talked c1: 1010, held 0, by transfer
                                            | 1001 acw (verifying) until 121200
"""
"""The agent's leg may end before or after acd is asked to keep the agent; here after."""


def test_nothing_else_is_offered_until_the_caller_is_back_with_this_agent() -> None:
    table = Table()
    table.run(SENT)
    table.run("""
        2000    arrive c2 service since=2000    | queued c2
        12000   finish 1001                     | - a caller is about to come back to this agent
        12100   prolong 1001                    | - a caller is about to come back to this agent
        30000   arrive c1 service since=30000 entry=2 aims=1001 place=100 | 1001 acw until 35000
                                                | queued c1 entry 2
                                                | offered c1 to 1001 as 1-2
                                                | 1001 offered until 35000
                                                | ! offer c1 to 1001 for 20000
        31000   bridged 1-2                     | 1001 on_contact until 35000
                                                | answered c1: waited 1000, rang 0
                                                | 1001 on_contact
                                                | connected c1 with 1001
                                                | left c1: answered after 1000
    """)


def test_the_leg_may_have_ended_already_and_the_agent_be_free() -> None:
    """The queue has no after-contact time: the agent is ready, or not, and kept all the same."""
    for intent in ("ready", "not_ready"):
        table = Table()
        table.run("given c1 talks with 1001 in orders\n")
        if intent == "not_ready":
            table.handle(events.AgentBecameNotReady("1001", "1"), 300)
        table.handle(events.LegEnded("1-1", 16, "transfer"), 1000)
        (state,) = table.handle(events.AgentKept("c1", "1001", "orders"), 1010).facts
        assert (state.state, state.reason, state.contact) == ("acw", "verifying", "c1")  # type: ignore[attr-defined]
        back = events.CallArrived(
            "c1", "orders", "", 0, "zh", START_MS + 9000, 2, aims=("1001",), place_since_ms=START_MS + 100
        )
        offered = [fact for fact in table.handle(back, 9000).facts if type(fact).__name__ == "CallOffered"]
        assert [fact.agent for fact in offered] == ["1001"]  # type: ignore[attr-defined]


def test_a_caller_who_hangs_up_leaves_the_work_its_own_time() -> None:
    table = Table()
    table.run(SENT)
    table.run("""
        5000    hang_up c1                      | 1001 acw until 11210
                                                | - the call is not here
        11210   alarm                           | 1001 ready
    """)
    table = Table()
    table.run(SENT)
    table.run("""
        50000   hang_up c1                      | 1001 acw until 50000
                                                | 1001 ready
                                                | - the call is not here
    """)


def test_a_caller_who_never_comes_back_is_not_waited_for_without_end() -> None:
    table = Table()
    table.run(SENT)
    table.run("""
        121200  alarm                           | 1001 ready
        121300  hang_up c1                      | - the call is not here
    """)


def test_a_supervisor_may_end_it_and_the_caller_goes_on_to_others() -> None:
    table = Table()
    table.run(SENT)
    table.run("""
        5000    force 1001 work_over            | 1001 ready
                                                | acted force 1001 work_over
        6000    hang_up c1                      | - the call is not here
    """)


def test_one_held_by_another_call_or_gone_is_not_kept() -> None:
    Table().run("""
        given c1 rings at 1001 in service
        1200    kept c9 1001 service            | - a leg of another call holds the agent
        1300    kept c9 1009 service            | - the settings name no such agent
        1400    hang_up c9                      | - the call is not here
        1500    kept c9 1002 service            | - the caller has hung up
        1600    log_out 1002                    | 1002 offline
        1700    kept c8 1002 service            | - the agent is logged out
    """)


def test_a_restart_keeps_the_agent() -> None:
    picture = Picture(lambda _: 0)
    table = Table()
    begun = (
        *(events.AgentLoggedIn(number, f"phone{number}") for number in ("1001", "1002", "1003")),
        events.AgentBecameReady("1001"),
        events.CallArrived("c1", "service", "", 0, "zh", START_MS + 100),
        events.OfferConnected("1-1"),
        events.AgentKept("c1", "1001", "service"),
        events.LegEnded("1-1", 16, "transfer"),
    )
    for event in begun:
        for fact in Table.handle(table, event, 1000).facts:
            picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))
    again = Table(epoch=2, at_work=False, linked=False)
    again.handle(restored_from(picture), 2000)
    again.handle(events.AsteriskSnapshot(("c1",), ()), 2100)
    again.run("""
        3000    finish 1001                     | - a caller is about to come back to this agent
        30000   arrive c1 service since=30000 entry=2 aims=1001 place=100 | 1001 acw until 35000
                                                | queued c1 entry 2
                                                | offered c1 to 1001 as 2-1
                                                | 1001 offered until 35000
                                                | ! offer c1 to 1001 for 20000
    """)
