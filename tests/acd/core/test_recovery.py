"""After restarts and gaps: who is seen, lost, waited for, as tables of events and decisions."""

from __future__ import annotations

from dataclasses import replace

from decision_table import START_MS, Table, settings
from restarted_table import Restarted, busy_house

from acd.core import house_rules
from acd.core.events import CallArrived, DeadlinePassed
from acd.core.facts import CallWidened
from acd.core.needs import MAX_LENGTH, parse_needs


def test_nothing_is_offered_before_the_first_snapshot() -> None:
    Table(linked=False).run("""
        0       ready 1001                 | 1001 ready
        10      arrive c1 service since=10 | queued c1
        20      snapshot c1                | offered c1 to 1001 as 1-1
                                           | 1001 offered
                                           | ! offer c1 to 1001 for 20000
    """)


def test_nothing_is_offered_while_the_link_is_down() -> None:
    Table().run("""
        0       ready 1001                 | 1001 ready
        10      link_lost                  |
        20      arrive c1 service since=20 | queued c1
        30      snapshot c1                | offered c1 to 1001 as 1-1
                                           | 1001 offered
                                           | ! offer c1 to 1001 for 20000
    """)


def test_needs_as_long_as_settings_allow_outlast_steps_and_a_restart() -> None:
    long = " or ".join(f"skill{number:03}" for number in range(83))
    assert len(long) < MAX_LENGTH < len(str(parse_needs(long)))
    steps = (house_rules.StepRules(1_000, f"english or {long[:-12]}"),)
    given = settings()
    table = Restarted(replace(given, queues=tuple(replace(one, steps=steps) for one in given.queues)))
    table.run("""
        0       snapshot                    |
        1       log_in 1001 p1              | 1001 not_ready (login)
        2       log_in 1002 p2              | 1002 not_ready (login)
    """)
    asked = CallArrived("c1", "orders", long, 0, "zh", START_MS + 10)
    table.handle(asked, 10)
    [widened] = table.handle(DeadlinePassed(), 1010).facts
    assert isinstance(widened, CallWidened)
    assert table.restart(2000) == []
    table.run("""
        2010    snapshot c1                 |
        2020    arrive c1 orders since=10   |
        2030    ready 1001                  | 1001 ready
        2040    ready 1002                  | 1002 ready
                                            | offered c1 to 1002 as 2-1
                                            | 1002 offered
                                            | ! offer c1 to 1002 for 8000
    """)


def test_an_answered_offer_has_the_time_of_a_whisper_again_and_a_callback_that_of_the_person() -> None:
    for reach, rings_until, whispers_until in (("", 14000, 62000), ("reach=50000", 64000, 112000)):
        table = Restarted()
        table.run(f"""
            0       snapshot                             |
            1       log_in 1001 p1                       | 1001 not_ready (login)
            10      ready 1001                           | 1001 ready
            100     arrive c1 orders since=100 {reach}   | queued c1
                                                         | offered c1 to 1001 as 1-1
                                                         | 1001 offered
                                                         | ! offer c1 to 1001 for 8000
        """)
        table.restart(1000)
        table.run(f"""
            1100    link_lost                            | alarm at {rings_until}
        """)
        table.run("""
            1200    snapshot c1 1-1:c1:1001:ringing      | rang 1-1
            1300    answered 1-1                         | 1001 on_contact
                                                         | answered c1: waited 1200, rang 100
        """)
        table.restart(2000)
        table.run(f"""
            2100    snapshot c1 1-1:c1:1001:up           | alarm at {whispers_until}
        """)


def test_the_living_go_on_and_those_who_wait_are_waited_for() -> None:
    table = busy_house()
    assert table.restart(1000) == []
    table.run("""
        1001    ready 1003                 | 1003 ready
                                           | alarm at 14000
        1100    snapshot c1 c2 c3 c4 1-1:c1:1001:bridged 1-2:c2:1002:ringing waiting=c2,c3,c4
                                           | alarm at 2600
        1500    arrive c4 service since=95 | alarm at 2600
        1600    arrive c3 orders since=90  | offered c3 to 1003 as 2-1
                                           | 1003 offered
                                           | ! offer c3 to 1003 for 8000
                                           | alarm at 2600
        1700    answered 1-2               | 1002 on_contact
                                           | answered c2: waited 1630, rang 1620
                                           | alarm at 2600
        1800    bridged 1-2                | connected c2 with 1002
                                           | left c2: answered after 1630
                                           | alarm at 2600
        2050    leg_ended 1-1 16 agent     | talked c1: 2000, held 0, by agent
                                           | 1001 acw until 12050
                                           | alarm at 2600
        2800    leg_ended 1-2 16 agent     | talked c2: 1000, held 0, by agent
                                           | 1002 ready
                                           | offered c4 to 1002 as 2-2
                                           | 1002 offered
                                           | ! offer c4 to 1002 for 20000
                                           | alarm at 12050
    """)


def test_callers_are_waited_for_no_longer_than_a_second_and_a_half() -> None:
    table = busy_house()
    table.restart(1000)
    table.run("""
        1100    snapshot c1 c2 c3 c4 1-1:c1:1001:bridged 1-2:c2:1002:ringing
                                           | alarm at 2600
        1200    ready 1003                 | 1003 ready
                                           | alarm at 2600
        1500    arrive c4 service since=95 | alarm at 2600
        2600    alarm                      | offered c4 to 1003 as 2-1
                                           | 1003 offered
                                           | ! offer c4 to 1003 for 20000
                                           | alarm at 14000
    """)


def test_a_caller_whom_the_journal_does_not_know_is_waited_for_too() -> None:
    table = Restarted()
    table.run("""
        0       snapshot                 |
        1       log_in 1001 p1           | 1001 not_ready (login)
        2       ready 1001               | 1001 ready
    """)
    table.restart(1000)
    table.run("""
        1100    snapshot c1 c2 waiting=c1,c2 |
        1200    arrive c2 service since=900  | queued c2
        1300    arrive c1 service since=800  | queued c1
                                             | offered c1 to 1001 as 2-1
                                             | 1001 offered
                                             | ! offer c1 to 1001 for 20000
    """)


def test_whoever_was_turned_away_before_the_list_came_is_not_waited_for() -> None:
    table = Restarted()
    table.run("""
        0       snapshot                        |
        1       log_in 1001 p1                  | 1001 not_ready (login)
        2       ready 1001                      | 1001 ready
        3       close_queue orders              | closed orders
                                                | acted close_queue orders
    """)
    table.restart(1000)
    table.run("""
        1090    arrive c1 orders since=900      | overflowed c1 to voicemail: closed
                                                | ! send c1 to voicemail as closed
        1100    snapshot asked=1050 c1 c2 waiting=c1,c2 |
        1110    withdraw c1 voicemail           | - the call is not here
        1200    arrive c2 service since=950     | queued c2
                                                | offered c2 to 1001 as 2-1
                                                | 1001 offered
                                                | ! offer c2 to 1001 for 20000
    """)


def test_whoever_hung_up_is_not_waited_for() -> None:
    table = busy_house()
    table.restart(1000)
    table.run("""
        1050    ready 1003                            | 1003 ready
        1100    snapshot c1 c3 c4 1-1:c1:1001:bridged | ended 1-2: lost, rang 1020
                                                      | 1002 ready
                                                      | left c2: lost after 1030
        1200    arrive c4 service since=95            |
        1300    hang_up c3                            | left c3: abandoned after 1210
                                                      | offered c4 to 1003 as 2-1
                                                      | 1003 offered
                                                      | ! offer c4 to 1003 for 20000
    """)


def test_what_the_snapshot_does_not_show_is_lost() -> None:
    table = busy_house()
    table.restart(1000)
    table.run("""
        1100    snapshot                 | talked c1: 1050, held 0, by lost
                                         | 1001 acw until 11100
                                         | ended 1-2: lost, rang 1020
                                         | 1002 ready
                                         | left c2: lost after 1030
                                         | left c3: lost after 1010
                                         | left c4: lost after 1005
        11100   alarm                    | 1001 ready
    """)


def test_a_conversation_that_ended_unseen_leads_to_work_and_a_ring_to_no_mark() -> None:
    table = busy_house()
    table.restart(1000)
    table.run("""
        1100    snapshot c1 c2 c3 c4       | talked c1: 1050, held 0, by lost
                                           | 1001 acw until 11100
                                           | ended 1-2: lost, rang 1020
                                           | 1002 ready
        1200    arrive c3 orders since=90  |
        1300    arrive c4 service since=95 |
        1400    arrive c2 orders since=70  | offered c2 to 1002 as 2-1
                                           | 1002 offered
                                           | ! offer c2 to 1002 for 8000
        1500    ready 1003                 | 1003 ready
                                           | offered c3 to 1003 as 2-2
                                           | 1003 offered
                                           | ! offer c3 to 1003 for 8000
    """)


def test_a_conversation_that_began_in_the_gap_is_no_abandoned_call() -> None:
    table = busy_house()
    table.restart(1000)
    table.run("""
        1100    answered 1-2 at=300            | 1002 on_contact
                                               | answered c2: waited 230, rang 220
        1101    bridged 1-2 at=400             | connected c2 with 1002
                                               | left c2: answered after 230
        1102    leg_ended 1-2 16 agent at=900  | talked c2: 500, held 0, by agent
                                               | 1002 ready
    """)


def test_what_ended_in_the_gap_ended_when_it_did_and_not_when_it_is_told() -> None:
    table = busy_house()
    table.restart(1000)
    table.run("""
        1100    leg_ended 1-1 16 agent at=650  | talked c1: 600, held 0, by agent
                                               | 1001 acw until 10650
        1101    hang_up c3 at=400              | left c3: abandoned after 310
        1102    snapshot c1 c2 c4              | ended 1-2: lost, rang 1022
                                               | 1002 ready
    """)


def test_work_that_is_over_when_the_end_is_told_is_over_at_once() -> None:
    table = busy_house()
    table.restart(30000)
    table.run("""
        30100   leg_ended 1-1 16 agent at=650  | talked c1: 600, held 0, by agent
                                               | 1001 acw until 30100
                                               | 1001 ready
    """)


def test_an_end_told_before_the_beginning_or_after_now_is_brought_between() -> None:
    table = busy_house()
    table.run("""
        1000    leg_ended 1-1 16 agent at=20   | talked c1: 0, held 0, by agent
                                               | 1001 acw until 10050
        1001    hang_up c3 at=9000             | left c3: abandoned after 911
    """)


def test_what_a_snapshot_does_not_show_after_a_gap_went_when_the_gap_began() -> None:
    table = busy_house()
    table.run("""
        550     link_lost    |
        900     link_lost    |
        5000    snapshot     | talked c1: 500, held 0, by lost
                             | 1001 acw until 10550
                             | ended 1-2: lost, rang 4920
                             | 1002 ready
                             | left c2: lost after 480
                             | left c3: lost after 460
                             | left c4: lost after 455
    """)


def test_an_answer_and_a_bridge_in_the_gap_are_seen() -> None:
    table = busy_house()
    table.run("""
        100     link_lost                |
        1100    snapshot c1 c2 c3 c4 1-1:c1:1001:bridged 1-2:c2:1002:up
                                         | 1002 on_contact
                                         | answered c2: waited 1030, rang 1020
        1200    link_lost                |
        1300    snapshot c1 c2 c3 c4 1-1:c1:1001:bridged 1-2:c2:1002:bridged
                                         | connected c2 with 1002
                                         | left c2: answered after 1030
    """)


def test_a_restarted_asterisk_has_nothing_of_ours() -> None:
    table = busy_house()
    table.run("""
        100     link_lost                |
        110     session_lost c2          |
        120     session_lost c3          |
        1100    snapshot restarted=1     | talked c1: 50, held 0, by lost
                                         | 1001 acw until 10100
                                         | ended 1-2: lost, rang 1020
                                         | 1002 ready
                                         | left c2: lost after 30
                                         | left c3: lost after 10
                                         | left c4: lost after 5
    """)


def test_a_leg_that_vanished_in_a_gap_leaves_the_word_to_dial() -> None:
    table = busy_house()
    table.run("""
        100     link_lost                                |
        1100    snapshot c1 c2 c3 c4 1-1:c1:1001:bridged |
        1150    failed 1-2 no_answer                     | ended 1-2: no_answer, rang 1070
                                                         | 1002 not_responding (no_answer)
    """)


def test_what_began_after_the_list_was_asked_for_is_not_judged_by_it() -> None:
    Table().run("""
        given c1 offered to 1001 in service
        110     rang 1-1                    | rang 1-1
        120     arrive c2 service since=120 | queued c2
        130     snapshot asked=105          | ended 1-1: lost, rang 20
                                            | left c1: lost after 30
        140     snapshot asked=125 c1       | 1001 ready
                                            | left c2: lost after 20
    """)


def test_an_offer_not_seen_so_far_may_just_be_dialled() -> None:
    Table().run("""
        given c1 offered to 1001 in service
        110     snapshot c1 asked=105 |
        120     rang 1-1              | rang 1-1
    """)


def test_the_dead_stay_dead_against_stale_lists() -> None:
    Table().run("""
        given c1 offered to 1001 in orders
        110     rang 1-1                        | rang 1-1
        200     leg_ended 1-1 21                |
        210     failed 1-1 rejected             | ended 1-1: rejected, rang 100
                                                | 1001 not_ready (rejected)
        220     hang_up c1                      | left c1: abandoned after 120
        230     snapshot c1 1-1:c1:1001:ringing |
        240     ready 1001                      | 1001 ready
    """)


def test_an_unknown_leg_holds_its_agent() -> None:
    Table().run("""
        0       ready 1001                  | 1001 ready
        10      ready 1002                  | 1002 ready
        50      snapshot c7 c8 9-1:c7:1001:bridged 9-2:c8:1002:ringing 9-3:c8:4711:ringing
                                            | 1001 on_contact
                                            | 1002 offered
        100     arrive c1 service since=100 | queued c1
        200     leg_ended 9-1 16 agent      | 1001 ready
                                            | offered c1 to 1001 as 1-1
                                            | 1001 offered
                                            | ! offer c1 to 1001 for 20000
        25050   alarm                       | 1002 unknown (lease_expired)
                                            | ! snapshot
        25060   snapshot c8                 | 1002 ready
                                            | ended 1-1: lost, rang 0
                                            | left c1: lost after 24960
    """)


def test_a_list_without_a_leg_that_has_ended_says_nothing_new() -> None:
    Table().run("""
        given c1 offered to 1001 in orders
        110     rang 1-1         | rang 1-1
        200     leg_ended 1-1 17 |
        210     snapshot c1      |
        220     failed 1-1 busy  | ended 1-1: busy, rang 110
                                 | 1001 communicating (busy) until 5220
    """)
