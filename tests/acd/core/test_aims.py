"""What becomes of calls that are meant for certain agents, as tables of events and decisions."""

from __future__ import annotations

from decision_table import START_MS, Table
from restarted_table import Restarted, talk

from acd.core import events
from acd.core.fact_codec import to_body
from acd.core.picture import Picture
from acd.core.recovery import restored_from

TALK = """
        given c1 talks with 1001 in service
"""


def test_a_transferred_call_rings_the_agent_it_is_meant_for_not_the_longest_idle() -> None:
    Table().run(
        TALK
        + """
        300     ready 1003                   | 1003 ready
        400     ready 1002                   | 1002 ready
        5200    leg_ended 1-1 16 transfer    | talked c1: 5000, held 0, by transfer
                                             | 1001 acw until 15200
        5210    arrive c1 service since=5210 entry=2 aims=1002,1001 place=100 |
                                                 | queued c1 entry 2
                                             | offered c1 to 1002 as 1-2
                                             | 1002 offered
                                             | ! offer c1 to 1002 for 20000
        6000    bridged 1-2                  | 1002 on_contact
                                             | answered c1: waited 790, rang 0
                                             | connected c1 with 1002
                                             | left c1: answered after 790
        15200   alarm                        | 1001 ready
    """
    )


def test_one_who_cannot_take_it_now_is_passed_over_and_the_caller_comes_back() -> None:
    """Out of the after-contact work about this very call."""
    Table().run(
        TALK
        + """
        300     ready 1003                   | 1003 ready
        5200    leg_ended 1-1 16 transfer    | talked c1: 5000, held 0, by transfer
                                             | 1001 acw until 15200
        5210    arrive c1 service since=5210 entry=2 aims=1002,1001 place=100 |
                                                 | queued c1 entry 2
                                             | offered c1 to 1001 as 1-2
                                             | 1001 offered until 15200
                                             | ! offer c1 to 1001 for 20000
        6000    bridged 1-2                  | 1001 on_contact until 15200
                                             | answered c1: waited 790, rang 0
                                             | 1001 on_contact
                                             | connected c1 with 1001
                                             | left c1: answered after 790
        9000    leg_ended 1-2 16 agent       | talked c1: 3000, held 0, by agent
                                             | 1001 acw until 19000
    """
    )


def test_an_agent_about_to_leave_the_caller_is_waited_for() -> None:
    Table().run(
        TALK
        + """
        5200    arrive c1 service since=5200 entry=2 aims=1002,1001 place=100 |
                                                 | talked c1: 5000, held 0, by transfer
                                             | queued c1 entry 2
                                             | c1 meant for 1001
        5300    leg_ended 1-1 16 transfer    | 1001 acw until 15300
                                             | offered c1 to 1001 as 1-2
                                             | 1001 offered until 15300
                                             | ! offer c1 to 1001 for 20000
    """
    )


def test_but_not_for_long() -> None:
    """The leg does not tell its end: after 5 s the caller is at the head of the queue, before others."""
    Table().run(
        TALK
        + """
        300     arrive c0 service since=300  | queued c0
        5200    arrive c1 service since=5200 entry=2 aims=1001 place=100 |
                                                 | talked c1: 5000, held 0, by transfer
                                             | queued c1 entry 2
        10200   alarm                        | c1 meant for nobody
                                             | 1001 unknown (lease_expired)
                                             | ! snapshot
        10210   ready 1003                   | 1003 ready
                                             | offered c1 to 1003 as 1-2
                                             | 1003 offered
                                             | ! offer c1 to 1003 for 20000
    """
    )


def test_refused_by_both_the_caller_has_the_place_of_the_first_wait() -> None:
    """1002 rejects, 1001 does not answer and goes on with the work; 1003 gets c1 before c0 who waits longer
    than the second entry."""
    Table().run(
        TALK
        + """
        300     ready 1002                   | 1002 ready
        5200    leg_ended 1-1 16 transfer    | talked c1: 5000, held 0, by transfer
                                             | 1001 acw until 15200
        5210    arrive c1 service since=5210 entry=2 aims=1002,1001 place=100 |
                                                 | queued c1 entry 2
                                             | offered c1 to 1002 as 1-2
                                             | 1002 offered
                                             | ! offer c1 to 1002 for 20000
        5220    arrive c0 service since=300  | queued c0
        5300    rang 1-2                     | rang 1-2
        6300    failed 1-2 rejected          | ended 1-2: rejected, rang 1000
                                             | offered c1 to 1001 as 1-3
                                             | 1001 offered until 15200
                                             | ! offer c1 to 1001 for 20000
        6310    leg_ended 1-2 21             | 1002 not_ready (rejected)
        6400    rang 1-3                     | rang 1-3
        8400    failed 1-3 rejected          | ended 1-3: rejected, rang 2000
        8410    leg_ended 1-3 21             | 1001 acw until 15200 then not_ready
        9000    ready 1003                   | 1003 ready
                                             | offered c1 to 1003 as 1-4
                                             | 1003 offered
                                             | ! offer c1 to 1003 for 20000
        15200   alarm                        | 1001 not_ready (rejected)
    """
    )


BACK = f"""{TALK}
        5200    leg_ended 1-1 16 transfer    | talked c1: 5000, held 0, by transfer
                                             | 1001 acw until 15200
        5210    arrive c1 service since=5210 entry=2 aims=1001 place=100 |
                                                 | queued c1 entry 2
                                             | offered c1 to 1001 as 1-2
                                             | 1001 offered until 15200
                                             | ! offer c1 to 1001 for 20000
"""


def test_work_goes_on_though_the_call_that_was_back_was_answered() -> None:
    """Who hung up in the whisper, and does not want the call, has the work still to do."""
    Table().run(
        BACK
        + """
        6000    answered 1-2                 | 1001 on_contact until 15200
                                             | answered c1: waited 790, rang 0
        6500    leg_ended 1-2 16 agent       |
        6510    failed 1-2 agent_gone        | ended 1-2: agent_gone, rang 0
                                             | 1001 acw until 15200 then not_ready
        15200   alarm                        | 1001 not_ready (rejected)
    """
    )


def test_work_goes_on_though_nothing_was_heard_of_the_call_that_was_back() -> None:
    Table().run(
        BACK
        + """
        5220    session_lost c1              |
        6220    alarm                        | 1001 unknown (lease_expired) until 15200
                                             | ! snapshot
        6230    snapshot c1                  | ended 1-2: lost, rang 0
                                             | 1001 acw until 15200
        15200   alarm                        | 1001 ready
    """
    )


def test_a_phone_that_was_out_of_reach_when_the_call_was_back_is_so_after_the_work() -> None:
    Table().run(
        BACK
        + """
        5220    failed 1-2 unreachable       | ended 1-2: unreachable, rang 0
        6220    alarm                        | 1001 acw until 15200 phone gone
        15200   alarm                        | 1001 not_ready (unreachable) then ready
    """
    )


def test_a_place_kept_from_another_time_is_never_worse_than_that_of_the_wait() -> None:
    Table().run("""
        300     arrive c1 service since=100 place=200 | queued c1
        310     arrive c2 service since=150           | queued c2
        400     ready 1003                            | 1003 ready
                                                      | offered c1 to 1003 as 1-1
                                                      | 1003 offered
                                                      | ! offer c1 to 1003 for 20000
    """)


def test_the_caller_gives_up_while_coming_back_and_the_work_goes_on() -> None:
    Table().run(
        TALK
        + """
        5200    leg_ended 1-1 16 transfer    | talked c1: 5000, held 0, by transfer
                                             | 1001 acw until 15200
        5210    arrive c1 service since=5210 entry=2 aims=1002,1001 place=100 |
                                                 | queued c1 entry 2
                                             | offered c1 to 1001 as 1-2
                                             | 1001 offered until 15200
                                             | ! offer c1 to 1001 for 20000
        5300    rang 1-2                     | rang 1-2
        6000    hang_up c1                   | ended 1-2: caller_gone, rang 700
                                             | left c1: abandoned after 790
        6010    leg_ended 1-2 26             | 1001 acw until 15200
        15200   alarm                        | 1001 ready
    """
    )


def test_a_queue_that_refuses_gives_the_caller_back() -> None:
    Table().run("""
        50      arrive c9 small since=50     | queued c9
        60      ready 1002                   | 1002 ready
                                             | offered c9 to 1002 as 1-1
                                             | 1002 offered
                                             | ! offer c9 to 1002 for 8000
        70      ready 1001                   | 1001 ready
        80      arrive c1 small since=80 entry=2 place=10 fallback=service agent=1001 | queued c1 entry 2
                                             | offered c1 to 1001 as 1-2
                                             | 1001 offered
                                             | ! offer c1 to 1001 for 20000
    """)


def test_a_queue_that_is_closed_gives_the_caller_back() -> None:
    """Its way for newcomers (a message, the end) is not for one who was promised an agent."""
    Table().run("""
        60      close_queue orders           | closed orders
                                             | acted close_queue orders
        70      ready 1001                   | 1001 ready
        80      arrive c1 orders since=80 entry=2 place=10 fallback=service agent=1001 | queued c1 entry 2
                                             | offered c1 to 1001 as 1-1
                                             | 1001 offered
                                             | ! offer c1 to 1001 for 20000
    """)


def test_the_session_is_lost_while_an_aimed_call_waits_for_the_leg() -> None:
    Table().run(
        TALK
        + """
        5200    arrive c1 service since=5200 entry=2 aims=1001 place=100 |
                                                 | talked c1: 5000, held 0, by transfer
                                             | queued c1 entry 2
        5210    session_lost c1              |
        5300    leg_ended 1-1 16 transfer    | 1001 acw until 15300
        5400    arrive c1 service since=5200 entry=2 | offered c1 to 1001 as 1-2
                                             | 1001 offered until 15300
                                             | ! offer c1 to 1001 for 20000
    """
    )


def test_aims_and_place_survive_a_restart() -> None:
    """Those who have been asked are not asked again."""
    table, picture = Table(), Picture(lambda _: 0)
    for at_ms, event in (
        (0, events.AgentBecameReady("1002")),
        (10, events.CallArrived("c1", "service", "", 0, "zh", START_MS + 10, 2, ("1002", "1001"), START_MS)),
    ):
        for fact in table.handle(event, at_ms).facts:
            picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))
    (call,) = restored_from(picture).calls
    assert (call.stage, call.aims, call.line_since_ms) == ("offered", ("1001",), START_MS)


def transferred() -> Restarted:
    """1001 has sent c1 on to 1002, who cannot take it; 1001's leg has not told its end."""
    table = talk()
    table.run("""
        1000    arrive c1 service since=1000 entry=2 aims=1002,1001 place=20 |
                                                 | talked c1: 950, held 0, by transfer
                                             | queued c1 entry 2
                                             | c1 meant for 1001
    """)
    return table


def test_who_was_passed_over_stays_so_after_a_restart() -> None:
    """1002 has been ready since, but had the turn: c1 is for 1001, whose leg is waited for."""
    table = transferred()
    assert table.restart(2000) == []
    table.run("""
        2100    snapshot c1 1-1:c1:1001:bridged waiting=c1 |
        2200    ready 1002                   | 1002 ready
        2300    arrive c1 service since=1000 entry=2 aims=1002,1001 place=20 |
        2400    leg_ended 1-1 16 transfer    | 1001 acw until 12400
                                             | offered c1 to 1001 as 2-1
                                             | 1001 offered until 12400
                                             | ! offer c1 to 1001 for 20000
    """)


def test_an_agents_own_wish_passes_nobody_over() -> None:
    """1003 takes the call and rejects it: it is for 1001 as before, though acd was killed meanwhile."""
    table = transferred()
    table.run("""
        1100    take c1 1003                 | acted take 1003 c1 service
                                             | offered c1 to 1003 as 1-2
                                             | 1003 offered then not_ready
                                             | ! offer c1 to 1003 for 20000
        1200    failed 1-2 rejected          | ended 1-2: rejected, rang 0
        1300    leg_ended 1-2 21             | 1003 not_ready (login)
    """)
    assert table.picture.contacts["c1"].aims == "1001"
    assert table.restart(2000) == []
    table.run("""
        2100    snapshot c1 1-1:c1:1001:bridged waiting=c1 |
        2200    ready 1002                   | 1002 ready
        2300    arrive c1 service since=1000 entry=2 aims=1002,1001 place=20 |
    """)
