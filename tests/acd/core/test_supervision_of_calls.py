"""What supervisors do to calls, as tables of events and decisions (see `decision_table`)."""

from __future__ import annotations

from decision_table import Table

from acd.core import events, facts

TALK = """
    given c1 talks with 1001 in service
"""
RINGS = """
    0       ready 1001                  | 1001 ready
    100     arrive c1 service since=100 | queued c1
                                        | offered c1 to 1001 as 1-1
                                        | 1001 offered
                                        | ! offer c1 to 1001 for 20000
    150     rang 1-1                    | rang 1-1
"""


def test_a_waiting_call_is_taken_by_one_who_is_not_ready_and_lacks_the_skills() -> None:
    Table().run("""
        100     arrive c1 service since=100 english | queued c1
        200     arrive c2 service since=200 english | queued c2
        300     take c2 1003                        | acted take 1003 c2 service
                                                    | offered c2 to 1003 as 1-1
                                                    | 1003 offered then not_ready
                                                    | ! offer c2 to 1003 for 20000
        310     ready 1002                          | 1002 ready
                                                    | offered c1 to 1002 as 1-2
                                                    | 1002 offered
                                                    | ! offer c1 to 1002 for 20000
        400     bridged 1-1                         | 1003 on_contact then not_ready
                                                    | answered c2: waited 200, rang 0
                                                    | connected c2 with 1003
                                                    | left c2: answered after 200
        900     hang_up c2                          | talked c2: 500, held 0, by caller
        910     leg_ended 1-1 16 caller             | 1003 acw until 10910 then not_ready
        10910   alarm                               | 1003 not_ready (login)
    """)


def test_a_taker_who_joins_is_not_rung_and_the_agent_leaves() -> None:
    table = Table()
    table.run(TALK)
    table.run("""
        1000    take c1 1003 joins          | acted take 1003 c1 service
        1100    joined c1 1003 s-7 service  | connected c1 with 1003
                                            | 1003 on_contact then not_ready
                                            | ! drop 1-1
        1110    leg_ended 1-1 16 transfer   | talked c1: 910, held 0, by transfer
                                            | 1001 acw until 11110
        2100    leg_ended s-7 16 agent      | talked c1: 1000, held 0, by agent
                                            | 1003 acw until 12100 then not_ready
    """)


def test_nobody_joins_a_caller_who_waits() -> None:
    Table().run("""
        100     arrive c1 service since=100 | queued c1
        1000    take c1 1003 joins          | acted take 1003 c1 service: not_talking
                                            | - not_talking
        1010    ready 1001                  | 1001 ready
                                            | offered c1 to 1001 as 1-1
                                            | 1001 offered
                                            | ! offer c1 to 1001 for 20000
    """)


def test_a_taker_who_does_not_answer_keeps_the_intent_and_the_caller_the_place() -> None:
    Table().run("""
        100     arrive c1 service since=100 | queued c1
        300     take c1 1003                | acted take 1003 c1 service
                                            | offered c1 to 1003 as 1-1
                                            | 1003 offered then not_ready
                                            | ! offer c1 to 1003 for 20000
        310     rang 1-1                    | rang 1-1
        20310   failed 1-1 no_answer        | ended 1-1: no_answer, rang 20000
        20311   leg_ended 1-1 0             | 1003 not_ready (login)
        20400   ready 1001                  | 1001 ready
                                            | offered c1 to 1001 as 1-2
                                            | 1001 offered
                                            | ! offer c1 to 1001 for 20000
    """)


def test_a_ringing_call_is_taken_away_from_the_phone_that_rings() -> None:
    table = Table()
    table.run(RINGS)
    table.run("""
        200     ready 1002                  | 1002 ready
        1000    take c1 1003                | acted take 1003 c1 service
                                            | ! cancel 1-1
        1010    failed 1-1 unreachable      | ended 1-1: withdrawn, rang 860
                                            | offered c1 to 1003 as 1-2
                                            | 1003 offered then not_ready
                                            | ! offer c1 to 1003 for 20000
        1020    leg_ended 1-1 26            | 1001 ready
    """)


def test_all_phones_that_ring_at_once_stop_for_the_taker() -> None:
    Table().run("""
        0       ready 1001                   | 1001 ready
        10      ready 1002                   | 1002 ready
        100     arrive c1 together since=100 | queued c1
                                             | offered c1 to 1001 as 1-1
                                             | 1001 offered
                                             | offered c1 to 1002 as 1-2
                                             | 1002 offered
                                             | ! offer c1 to 1001 1002 for 8000
        150     rang 1-1                     | rang 1-1
        160     rang 1-2                     | rang 1-2
        900     take c1 1002                 | acted take 1002 c1 together: own_call
                                             | - own_call
        1000    take c1 1003                 | acted take 1003 c1 together
                                             | ! cancel 1-1
                                             | ! cancel 1-2
        1010    failed 1-1 unreachable       | ended 1-1: withdrawn, rang 860
                                             | ended 1-2: withdrawn, rang 850
                                             | offered c1 to 1003 as 1-3
                                             | 1003 offered then not_ready
                                             | ! offer c1 to 1003 for 8000
        1020    leg_ended 1-1 26             | 1001 ready
        1021    leg_ended 1-2 26             | 1002 ready
    """)


def test_a_talking_caller_is_fetched_and_offered_to_the_taker_alone() -> None:
    table = Table()
    table.run(TALK)
    table.run("""
        1000    take c1 1003                          | acted take 1003 c1 service
                                                      | ! fetch c1
        1010    leg_ended 1-1 16 transfer             | talked c1: 810, held 0, by transfer
                                                      | 1001 acw until 11010
        1020    arrive c1 service since=1005 entry=2  | queued c1 entry 2
                                                      | offered c1 to 1003 as 1-2
                                                      | 1003 offered then not_ready
                                                      | ! offer c1 to 1003 for 20000
    """)


def test_who_takes_over_has_come_to_help() -> None:
    table = Table()
    table.run(TALK)
    table.handle(events.AgentAskedHelp("1001"), 500)
    decision = table.handle(events.CallTaken("c1", "1003", "1003", "phone"), 1500)
    (ended,) = (fact for fact in decision.facts if isinstance(fact, facts.HelpEnded))
    assert (ended.agent, ended.by, ended.waited_ms) == ("1001", "1003", 1000)


def test_who_is_fetched_comes_through_the_closed_door_of_the_queue() -> None:
    table = Table()
    table.run(TALK)
    table.run("""
        900     close_queue service                   | closed service
                                                      | acted close_queue service
        1000    take c1 1003                          | acted take 1003 c1 service
                                                      | ! fetch c1
        1020    arrive c1 service since=1005 entry=2  | talked c1: 820, held 0, by transfer
                                                      | queued c1 entry 2
                                                      | offered c1 to 1003 as 1-2
                                                      | 1003 offered then not_ready
                                                      | ! offer c1 to 1003 for 20000
    """)


def test_a_wish_that_is_too_late_is_forgotten() -> None:
    """The fetched caller does not come within 5 s; when he comes back later he is for anybody."""
    table = Table()
    table.run(TALK)
    table.run("""
        1000    take c1 1003                          | acted take 1003 c1 service
                                                      | ! fetch c1
        6000    alarm                                 |
        6010    ready 1002                            | 1002 ready
        6020    arrive c1 service since=6015 entry=2  | talked c1: 5820, held 0, by transfer
                                                      | queued c1 entry 2
                                                      | offered c1 to 1002 as 1-2
                                                      | 1002 offered
                                                      | ! offer c1 to 1002 for 20000
    """)


def test_a_taker_who_is_busy_by_then_gets_nothing_and_the_caller_is_for_anybody() -> None:
    table = Table()
    table.run(RINGS)
    table.run("""
        1000    take c1 1003                | acted take 1003 c1 service
                                            | ! cancel 1-1
        1005    log_out 1003 gone           | 1003 offline (gone)
        1007    ready 1002                  | 1002 ready
        1010    failed 1-1 unreachable      | ended 1-1: withdrawn, rang 860
                                            | offered c1 to 1002 as 1-2
                                            | 1002 offered
                                            | ! offer c1 to 1002 for 20000
    """)


def test_why_a_call_cannot_be_taken() -> None:
    table = Table()
    table.run(TALK)
    table.run("""
        300     take c1 1001                | acted take 1001 c1 service: own_call
                                            | - own_call
        310     take c9 1003                | acted take 1003 c9: unknown_call
                                            | - unknown_call
        320     take c1 1009                | acted take 1009 c1 service: unknown_agent
                                            | - unknown_agent
        330     phone_lost 1002             | 1002 not_ready (login) phone gone
        340     take c1 1002                | acted take 1002 c1 service: unreachable
                                            | - unreachable
        350     log_out 1003 gone           | 1003 offline (gone)
        360     take c1 1003                | acted take 1003 c1 service: logged_out
                                            | - logged_out
        400     hang_up c1                  | talked c1: 200, held 0, by caller
        410     leg_ended 1-1 16 caller     | 1001 acw until 10410
        420     arrive c2 service since=420 | queued c2
        430     take c2 1001                | acted take 1001 c2 service: agent_busy
                                            | - agent_busy
    """)


def test_an_answered_phone_is_never_robbed() -> None:
    table = Table()
    table.run(RINGS)
    table.run("""
        200     answered 1-1                | 1001 on_contact
                                            | answered c1: waited 100, rang 50
        210     take c1 1003                | acted take 1003 c1 service: being_answered
                                            | - being_answered
        220     send_on c1 hangup           | acted end c1 service hangup: being_answered
                                            | - being_answered
        230     put_first c1                | acted put_first c1 service: being_answered
                                            | - being_answered
    """)


def test_a_waiting_call_moves_to_another_queue_with_its_wait() -> None:
    Table().run("""
        100     arrive c1 service since=100         | queued c1
        5000    send_on c1 queue:orders             | acted move c1 service queue:orders
                                                    | ! send c1 to queue:orders
        5001    ready 1001                          | 1001 ready
        5002    send_on c1 hangup                   | acted end c1 service hangup: not_waiting
                                                    | - not_waiting
        5003    take c1 1003                        | acted take 1003 c1 service: not_waiting
                                                    | - not_waiting
        5004    withdraw c1 queue:orders            | left c1: out to queue:orders after 4904
        5010    arrive c1 orders since=100 entry=2  | queued c1 entry 2
                                                    | offered c1 to 1001 as 1-1
                                                    | 1001 offered
                                                    | ! offer c1 to 1001 for 8000
    """)


def test_a_call_whose_departure_failed_waits_on_at_its_place() -> None:
    Table().run("""
        100     arrive c1 service since=100         | queued c1
        200     arrive c2 service since=200         | queued c2
        5000    send_on c1 message:closed           | acted end c1 service message:closed
                                                    | ! send c1 to message:closed
        5001    session_lost c1                     |
        6000    arrive c1 service since=100         |
        6010    ready 1001                          | 1001 ready
                                                    | offered c1 to 1001 as 1-1
                                                    | 1001 offered
                                                    | ! offer c1 to 1001 for 20000
    """)


def test_a_ringing_call_is_sent_on_when_the_phone_has_stopped() -> None:
    table = Table()
    table.run(RINGS)
    table.run("""
        200     ready 1002                  | 1002 ready
        1000    send_on c1 hangup           | acted end c1 service hangup
                                            | ! cancel 1-1
        1010    failed 1-1 unreachable      | ended 1-1: withdrawn, rang 860
                                            | ! send c1 to hangup
        1011    withdraw c1 hangup          | left c1: out to hangup after 911
        1020    leg_ended 1-1 26            | 1001 ready
    """)


def test_a_call_answered_in_the_same_moment_is_not_sent_on() -> None:
    """Our cancel does not overrule a phone that is up; after that conversation nothing is left to be done."""
    table = Table()
    table.run(RINGS)
    table.run("""
        1000    send_on c1 hangup                     | acted end c1 service hangup
                                                      | ! cancel 1-1
        1001    bridged 1-1                           | 1001 on_contact
                                                      | answered c1: waited 901, rang 851
                                                      | connected c1 with 1001
                                                      | left c1: answered after 901
        2000    arrive c1 service since=2000 entry=2  | talked c1: 999, held 0, by transfer
                                                      | queued c1 entry 2
    """)


def test_where_a_call_cannot_be_sent() -> None:
    Table().run("""
        100     arrive c1 service since=100 | queued c1
        200     send_on c1 queue:nowhere    | acted move c1 service queue:nowhere: unknown_queue
                                            | - unknown_queue
        210     send_on c9 hangup           | acted end c9 hangup: unknown_call
                                            | - unknown_call
        220     put_first c9                | acted put_first c9: unknown_call
                                            | - unknown_call
    """)


def test_calls_put_first_are_before_all_others_and_by_age_among_themselves() -> None:
    Table().run("""
        100     arrive c1 service since=100 priority=9 | queued c1
        200     arrive c2 service since=200            | queued c2
        300     arrive c3 service since=300            | queued c3
        400     put_first c3                           | first c3
                                                       | acted put_first c3 service
        410     put_first c3                           | acted put_first c3 service: first_already
                                                       | - first_already
        420     put_first c2                           | first c2
                                                       | acted put_first c2 service
        500     ready 1001                             | 1001 ready
                                                       | offered c2 to 1001 as 1-1
                                                       | 1001 offered
                                                       | ! offer c2 to 1001 for 20000
        510     ready 1002                             | 1002 ready
                                                       | offered c3 to 1002 as 1-2
                                                       | 1002 offered
                                                       | ! offer c3 to 1002 for 20000
        520     ready 1003                             | 1003 ready
                                                       | offered c1 to 1003 as 1-3
                                                       | 1003 offered
                                                       | ! offer c1 to 1003 for 20000
    """)
