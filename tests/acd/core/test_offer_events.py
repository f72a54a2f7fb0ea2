"""What becomes of offers, as tables of events and decisions (see `decision_table`)."""

from __future__ import annotations

from decision_table import Table


def test_a_call_is_offered_answered_talked_and_worked_on() -> None:
    Table().run("""
        0       ready 1001                             | 1001 ready
                                                       | alarm at never
        100     arrive c1 service sales >= 3 since=100 | queued c1
                                                       | offered c1 to 1001 as 1-1
                                                       | 1001 offered
                                                       | ! offer c1 to 1001 for 20000
                                                       | alarm at 25100
        110     rang 1-1                               | rang 1-1
                                                       | alarm at 25110
        5110    answered 1-1                           | 1001 on_contact
                                                       | answered c1: waited 5010, rang 5000
                                                       | alarm at 65110
        6000    bridged 1-1                            | connected c1 with 1001
                                                       | left c1: answered after 5010
                                                       | alarm at never
        9000    hold 1-1                               | held c1
                                                       | 1001 on_hold
                                                       | alarm at never
        11000   resume 1-1                             | resumed c1
                                                       | 1001 on_contact
                                                       | alarm at never
        16000   leg_ended 1-1 16 agent                 | talked c1: 8000, held 2000, by agent
                                                       | 1001 acw until 26000
                                                       | alarm at 26000
        26000   alarm                                  | 1001 ready
                                                       | alarm at never
    """)


def test_unanswered_the_caller_goes_to_the_next_and_the_agent_does_not_respond() -> None:
    Table().run("""
        0       ready 1001                        | 1001 ready
        10      ready 1002                        | 1002 ready
        100     arrive c1 service sales since=100 | queued c1
                                                  | offered c1 to 1001 as 1-1
                                                  | 1001 offered
                                                  | ! offer c1 to 1001 for 20000
        200     rang 1-1                          | rang 1-1
        20200   failed 1-1 no_answer              | ended 1-1: no_answer, rang 20000
                                                  | offered c1 to 1002 as 1-2
                                                  | 1002 offered
                                                  | ! offer c1 to 1002 for 20000
        20210   leg_ended 1-1 0                   | 1001 not_responding (no_answer)
        20220   ready 1001                        | 1001 ready
    """)


def test_the_leg_may_end_before_dial_tells() -> None:
    Table().run("""
        given c1 rings at 1001 in service
        20200   leg_ended 1-1 0      |
        20210   failed 1-1 no_answer | ended 1-1: no_answer, rang 20010
                                     | 1001 not_responding (no_answer)
    """)


def test_an_agent_who_rejects_is_not_ready_by_own_deed() -> None:
    Table().run("""
        given c1 rings at 1001 in service
        300     failed 1-1 rejected | ended 1-1: rejected, rang 100
        310     leg_ended 1-1 21    | 1001 not_ready (rejected)
        400     ready 1001          | 1001 ready
                                    | offered c1 to 1001 as 1-2
                                    | 1001 offered
                                    | ! offer c1 to 1001 for 20000
    """)


def test_a_busy_phone_is_left_alone_for_five_seconds() -> None:
    Table().run("""
        given c1 rings at 1001 in service
        210     failed 1-1 busy  | ended 1-1: busy, rang 10
        220     leg_ended 1-1 17 | 1001 communicating (busy) until 5220
        5220    alarm            | 1001 ready
                                 | offered c1 to 1001 as 1-2
                                 | 1001 offered
                                 | ! offer c1 to 1001 for 20000
    """)


def test_ready_ends_the_pause_of_a_busy_phone() -> None:
    Table().run("""
        given c1 rings at 1001 in service
        210     failed 1-1 busy  | ended 1-1: busy, rang 10
        220     leg_ended 1-1 17 | 1001 communicating (busy) until 5220
        1000    ready 1001       | 1001 ready
                                 | offered c1 to 1001 as 1-2
                                 | 1001 offered
                                 | ! offer c1 to 1001 for 20000
    """)


def test_an_unreachable_phone_had_no_leg_and_counts_until_it_is_back() -> None:
    Table().run("""
        given c1 offered to 1001 in service
        150     failed 1-1 unreachable | ended 1-1: unreachable, rang 0
        1150    alarm                  | 1001 not_ready (unreachable) then ready
        2000    phone_back 1001        | 1001 ready
                                       | offered c1 to 1001 as 1-2
                                       | 1001 offered
                                       | ! offer c1 to 1001 for 20000
    """)


def test_a_failure_without_reason_is_not_repeated_at_once() -> None:
    Table().run("""
        given c1 offered to 1001 in service
        150     failed 1-1 weather | ended 1-1: unknown, rang 0
        1150    alarm              | 1001 communicating (unknown) until 6150
        6150    alarm              | 1001 ready
                                   | offered c1 to 1001 as 1-2
                                   | 1001 offered
                                   | ! offer c1 to 1001 for 20000
    """)


def test_hung_up_in_the_whisper_the_caller_keeps_the_place() -> None:
    Table().run("""
        0       ready 1001                 | 1001 ready
        10      ready 1002                 | 1002 ready
        100     arrive c1 service since=50 | queued c1
                                           | offered c1 to 1001 as 1-1
                                           | 1001 offered
                                           | ! offer c1 to 1001 for 20000
        200     rang 1-1                   | rang 1-1
        900     answered 1-1               | 1001 on_contact
                                           | answered c1: waited 850, rang 700
        1500    leg_ended 1-1 16 agent     |
        1510    failed 1-1 agent_gone      | ended 1-1: agent_gone, rang 700
                                           | 1001 not_ready (rejected)
                                           | offered c1 to 1002 as 1-2
                                           | 1002 offered
                                           | ! offer c1 to 1002 for 20000
        1600    rang 1-2                   | rang 1-2
        2000    answered 1-2               | 1002 on_contact
                                           | answered c1: waited 1950, rang 400
        2500    bridged 1-2                | connected c1 with 1002
                                           | left c1: answered after 1950
    """)


def test_a_caller_who_hangs_up_in_the_whisper_has_abandoned() -> None:
    Table().run("""
        given c1 rings at 1001 in service
        900     answered 1-1     | 1001 on_contact
                                 | answered c1: waited 800, rang 700
        1500    leg_ended 1-1 16 |
        1510    hang_up c1       | ended 1-1: caller_gone, rang 700
                                 | 1001 ready
                                 | left c1: abandoned after 1410
    """)


def test_whoever_does_not_become_ready_gets_no_mark_but_the_intent() -> None:
    Table().run("""
        given c1 rings at 1001 in service
        300     not_ready 1001 lunch | 1001 offered then not_ready
        20200   failed 1-1 no_answer | ended 1-1: no_answer, rang 20000
        20210   leg_ended 1-1 0      | 1001 not_ready (lunch)
    """)


def test_a_vanished_caller_before_the_first_ring_leaves_the_idle_time() -> None:
    table = Table()
    table.run("""
        0       ready 1001                   | 1001 ready
        50      ready 1002                   | 1002 ready
        100     arrive c1 service since=100  | queued c1
                                             | offered c1 to 1001 as 1-1
                                             | 1001 offered
                                             | ! offer c1 to 1001 for 20000
        110     hang_up c1                   | ended 1-1: caller_gone, rang 0
                                             | left c1: abandoned after 10
        1110    alarm                        | 1001 ready
        1200    arrive c2 service since=1200 | queued c2
                                             | offered c2 to 1001 as 1-2
                                             | 1001 offered
                                             | ! offer c2 to 1001 for 20000
    """)


def test_after_a_ring_idle_time_begins_anew() -> None:
    table = Table()
    table.run("""
        0       ready 1001                   | 1001 ready
        50      ready 1002                   | 1002 ready
        100     arrive c1 service since=100  | queued c1
                                             | offered c1 to 1001 as 1-1
                                             | 1001 offered
                                             | ! offer c1 to 1001 for 20000
        105     rang 1-1                     | rang 1-1
        110     hang_up c1                   | ended 1-1: caller_gone, rang 5
                                             | left c1: abandoned after 10
        120     leg_ended 1-1 26             | 1001 ready
        1200    arrive c2 service since=1200 | queued c2
                                             | offered c2 to 1002 as 1-2
                                             | 1002 offered
                                             | ! offer c2 to 1002 for 20000
    """)


def test_after_an_answer_idle_time_begins_anew_though_no_ring_was_told() -> None:
    table = Table()
    table.run("""
        0       ready 1001                   | 1001 ready
        50      ready 1002                   | 1002 ready
        100     arrive c1 service since=100  | queued c1
                                             | offered c1 to 1001 as 1-1
                                             | 1001 offered
                                             | ! offer c1 to 1001 for 20000
        105     answered 1-1                 | 1001 on_contact
                                             | answered c1: waited 5, rang 0
        110     hang_up c1                   | ended 1-1: caller_gone, rang 0
                                             | left c1: abandoned after 10
        120     leg_ended 1-1 26             | 1001 ready
        1200    arrive c2 service since=1200 | queued c2
                                             | offered c2 to 1002 as 1-2
                                             | 1002 offered
                                             | ! offer c2 to 1002 for 20000
    """)


def test_an_expired_lease_is_never_ready_until_the_leg_tells() -> None:
    Table().run("""
        0       ready 1001                  | 1001 ready
                                            | alarm at never
        100     arrive c1 service since=100 | queued c1
                                            | offered c1 to 1001 as 1-1
                                            | 1001 offered
                                            | ! offer c1 to 1001 for 20000
                                            | alarm at 25100
        200     rang 1-1                    | rang 1-1
                                            | alarm at 25200
        25200   alarm                       | 1001 unknown (lease_expired)
                                            | ! snapshot
                                            | alarm at 35200
        35200   alarm                       | ! snapshot
                                            | alarm at 45200
        36000   leg_ended 1-1 0             | alarm at 37000
        37000   alarm                       | ended 1-1: no_answer, rang 36800
                                            | 1001 not_responding (no_answer)
                                            | alarm at never
        38000   failed 1-1 no_answer        | alarm at never
    """)


def test_an_expired_lease_may_still_be_answered() -> None:
    Table().run("""
        given c1 rings at 1001 in orders
        13200   alarm                  | 1001 unknown (lease_expired)
                                       | ! snapshot
        13300   answered 1-1           | 1001 on_contact
                                       | answered c1: waited 13200, rang 13100
        13400   bridged 1-1            | connected c1 with 1001
                                       | left c1: answered after 13200
        14000   leg_ended 1-1 16 agent | talked c1: 600, held 0, by agent
                                       | 1001 ready
    """)


def test_a_leg_that_ends_unsaid_is_judged_by_itself_and_the_caller_waits_for_dial() -> None:
    Table().run("""
        given c1 rings at 1001 in service
        300     leg_ended 1-1 17 |
        1300    alarm            | ended 1-1: busy, rang 1100
                                 | 1001 communicating (busy) until 6300
        9000    failed 1-1 busy  | 1001 ready
                                 | offered c1 to 1001 as 1-2
                                 | 1001 offered
                                 | ! offer c1 to 1001 for 20000
    """)


def test_the_bridge_implies_the_answer() -> None:
    Table().run("""
        given c1 offered to 1001 in orders
        300     bridged 1-1 | 1001 on_contact
                            | answered c1: waited 200, rang 0
                            | connected c1 with 1001
                            | left c1: answered after 200
    """)


def test_news_of_an_offer_that_is_over_means_nothing() -> None:
    Table().run("""
        given c1 rings at 1001 in orders
        210     rang 1-1             | - the leg has come that far already
        220     hold 1-1             | - nobody talks on this leg
        300     hang_up c1           | ended 1-1: caller_gone, rang 100
                                     | left c1: abandoned after 200
        310     answered 1-1         | 1001 on_contact
                                     | - the caller is free of this offer already
        320     bridged 1-1          | - the caller is free of this offer already
        330     failed 1-1 no_answer | - the caller is free of this offer already
        340     leg_ended 1-1 26     | 1001 ready
        350     leg_ended 1-1 26     | - the offer is over, or never was ours
        360     answered 9-9         | - the offer is over, or never was ours
        370     bridged 9-9          | - the offer is over, or never was ours
        380     hold 9-9             | - the offer is over, or never was ours
        390     rang 9-9             | - the offer is over, or never was ours
        400     failed 9-9 busy      | - the offer is over, or never was ours
    """)


def test_dial_does_not_undo_a_conversation() -> None:
    Table().run("""
        given c1 talks with 1001 in orders
        210     failed 1-1 agent_gone   | - caller and agent have talked
        220     hold 1-1                | held c1
                                        | 1001 on_hold
        230     hold 1-1                | - the leg is in that state already
        1000    hang_up c1              | talked c1: 20, held 780, by caller
        6000    alarm                   | 1001 unknown (lease_expired)
                                        | ! snapshot
        6100    leg_ended 1-1 16 caller | 1001 ready
    """)


def test_a_whisper_without_end_is_asked_after() -> None:
    Table().run("""
        given c1 offered to 1001 in orders
        200     answered 1-1 | 1001 on_contact
                             | answered c1: waited 100, rang 0
        60200   alarm        | 1001 unknown (lease_expired)
                             | ! snapshot
        60300   bridged 1-1  | 1001 on_contact
                             | connected c1 with 1001
                             | left c1: answered after 100
        60400   hold 1-1     | held c1
                             | 1001 on_hold
    """)


def test_hold_after_the_conversation_is_no_fact() -> None:
    Table().run("""
        given c1 talks with 1001 in orders
        900     hang_up c1              | talked c1: 700, held 0, by caller
        910     hold 1-1                | 1001 on_hold
        920     leg_ended 1-1 16 caller | 1001 ready
    """)


def test_a_leg_that_begins_only_after_it_was_cancelled_is_cancelled_then() -> None:
    """Our first cancel found nothing to hang up: Dial had not yet made the leg."""
    Table().run("""
        given c1 offered to 1001 in service
        110     log_out 1001           | 1001 offered then offline
                                       | ! cancel 1-1
        120     rang 1-1               | rang 1-1
                                       | ! cancel 1-1
        130     rang 1-1               | ! cancel 1-1
                                       | - the leg has come that far already
        140     answered 1-1           | 1001 on_contact then offline
                                       | answered c1: waited 40, rang 20
        150     rang 1-1               | - the leg has come that far already
    """)
