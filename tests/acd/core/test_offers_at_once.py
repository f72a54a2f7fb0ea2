"""What becomes of offers when several phones ring at once, as tables of events and decisions."""

from __future__ import annotations

from decision_table import Table, outcome

from acd.core import events


def test_of_several_phones_one_wins_and_the_others_are_as_idle_as_before() -> None:
    Table().run("""
        given c1 rings at all in together
        1000    answered 1-2                  | 1002 on_contact
                                              | ended 1-1: answered_elsewhere, rang 800
                                              | ended 1-3: answered_elsewhere, rang 800
                                              | answered c1: waited 900, rang 800
        1010    leg_ended 1-1 26              | 1001 ready
        1020    leg_ended 1-3 26              | 1003 ready
        1500    bridged 1-2                   | connected c1 with 1002
                                              | left c1: answered after 900
        1600    arrive c2 orders since=1600   | queued c2
                                              | offered c2 to 1001 as 1-4
                                              | 1001 offered
                                              | ! offer c2 to 1001 for 8000
        3000    failed 1-1 no_answer          | - the offer is over, or never was ours
        4000    leg_ended 1-2 16 agent        | talked c1: 2500, held 0, by agent
                                              | 1002 ready
    """)


def test_a_loser_that_hangs_up_before_the_winner_is_told_has_lost_all_the_same() -> None:
    Table().run("""
        given c1 rings at all in together
        1000    leg_ended 1-1 26              |
        1001    answered 1-3                  | 1003 on_contact
                                              | ended 1-1: answered_elsewhere, rang 801
                                              | 1001 ready
                                              | ended 1-2: answered_elsewhere, rang 801
                                              | answered c1: waited 901, rang 801
    """)


def test_a_second_answer_changes_nothing_for_the_caller() -> None:
    """Asterisk tells of no second one; if it did, there would still be one winner."""
    Table().run("""
        given c1 rings at all in together
        1000    answered 1-1                  | 1001 on_contact
                                              | ended 1-2: answered_elsewhere, rang 800
                                              | ended 1-3: answered_elsewhere, rang 800
                                              | answered c1: waited 900, rang 800
        1000    answered 1-2                  | 1002 on_contact
                                              | - the caller is free of this offer already
        1100    bridged 1-2                   | - the caller is free of this offer already
        1200    bridged 1-1                   | connected c1 with 1001
                                              | left c1: answered after 900
        1300    leg_ended 1-2 26              | 1002 ready
    """)


def test_each_phone_that_is_out_has_its_own_verdict_while_the_others_ring_on() -> None:
    Table().run("""
        given c1 rings at all in together
        300     leg_ended 1-1 21              | ended 1-1: rejected, rang 100
                                              | 1001 not_ready (rejected)
        400     leg_ended 1-2 17              | ended 1-2: busy, rang 200
                                              | 1002 communicating (busy) until 5400
        5400    alarm                         | 1002 ready
        8200    leg_ended 1-3 0               |
        8210    failed 1-1 no_answer          | ended 1-3: no_answer, rang 8010
                                              | 1003 not_responding (no_answer)
                                              | offered c1 to 1002 as 1-4
                                              | 1002 offered
                                              | ! offer c1 to 1002 for 8000
    """)


def test_a_phone_of_which_nothing_was_heard_is_unreachable() -> None:
    """1002's phone was called and never rang; of 1003's there never was a leg."""
    table = Table()
    table.run("""
        0       ready 1001                    | 1001 ready
        10      ready 1002                    | 1002 ready
        20      ready 1003                    | 1003 ready
        100     arrive c1 together since=100  | queued c1
                                              | offered c1 to 1001 as 1-1
                                              | 1001 offered
                                              | offered c1 to 1002 as 1-2
                                              | 1002 offered
                                              | offered c1 to 1003 as 1-3
                                              | 1003 offered
                                              | ! offer c1 to 1001 1002 1003 for 8000
        200     rang 1-1                      | rang 1-1
        200     rang 1-2                      | rang 1-2
        8200    leg_ended 1-1 0               |
    """)
    assert outcome(table.handle(events.LegEnded("1-2", 0, heard=False), 8205)) == []
    table.run("""
        8210    failed 1-1 no_answer          | ended 1-1: no_answer, rang 8010
                                              | 1001 not_responding (no_answer)
                                              | ended 1-2: unreachable, rang 8010
                                              | 1002 not_ready (unreachable) then ready
                                              | ended 1-3: unreachable, rang 0
        9210    alarm                         | 1003 not_ready (unreachable) then ready
    """)


def test_one_who_logs_out_leaves_the_others_ringing() -> None:
    Table().run("""
        given c1 rings at all in together
        300     log_out 1001                  | 1001 offered then offline
                                              | ! cancel 1-1
        310     leg_ended 1-1 26              | ended 1-1: withdrawn, rang 110
                                              | 1001 offline
        400     answered 1-3                  | 1003 on_contact
                                              | ended 1-2: answered_elsewhere, rang 200
                                              | answered c1: waited 300, rang 200
    """)


def test_the_winner_who_hangs_up_in_the_whisper_brings_the_caller_back_to_the_line() -> None:
    """The first phone is out by then, though Dial tells by its offer."""
    Table().run("""
        given c1 rings at all in together
        1000    answered 1-3                  | 1003 on_contact
                                              | ended 1-1: answered_elsewhere, rang 800
                                              | ended 1-2: answered_elsewhere, rang 800
                                              | answered c1: waited 900, rang 800
        1010    not_ready 1002 lunch          | 1002 offered then not_ready
        1020    leg_ended 1-1 26              | 1001 ready
        1030    leg_ended 1-2 26              | 1002 not_ready (lunch)
        1500    leg_ended 1-3 16 agent        |
        1510    failed 1-1 agent_gone         | ended 1-3: agent_gone, rang 800
                                              | 1003 not_ready (rejected)
                                              | offered c1 to 1001 as 1-4
                                              | 1001 offered
                                              | ! offer c1 to 1001 for 8000
    """)


def test_a_caller_who_gives_up_ends_every_offer() -> None:
    Table().run("""
        given c1 rings at all in together
        300     hang_up c1                    | ended 1-1: caller_gone, rang 100
                                              | ended 1-2: caller_gone, rang 100
                                              | ended 1-3: caller_gone, rang 100
                                              | left c1: abandoned after 200
        310     leg_ended 1-1 26              | 1001 ready
        310     leg_ended 1-2 26              | 1002 ready
        310     leg_ended 1-3 26              | 1003 ready
    """)
