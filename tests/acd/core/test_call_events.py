"""What becomes of calls, as tables of events and decisions (see `decision_table`)."""

from __future__ import annotations

from decision_table import Table

from acd.core import events, house_rules


def test_a_caller_who_hangs_up_while_waiting_has_abandoned() -> None:
    Table().run("""
        100     arrive c1 service since=60 | queued c1
        5000    hang_up c1                 | left c1: abandoned after 4940
        5010    session_lost c1            | - the call is not here
    """)


def test_a_caller_who_hangs_up_while_it_rings_frees_the_agent_when_the_leg_ends() -> None:
    Table().run("""
        given c1 rings at 1001 in service
        900     hang_up c1       | ended 1-1: caller_gone, rang 700
                                 | left c1: abandoned after 800
        910     leg_ended 1-1 26 | 1001 ready
    """)


def test_a_caller_who_hangs_up_ends_the_conversation_at_once() -> None:
    Table().run("""
        given c1 talks with 1001 in service
        5200    hang_up c1              | talked c1: 5000, held 0, by caller
        5210    leg_ended 1-1 16 caller | 1001 acw until 15210
    """)


def test_who_hung_up_is_told_by_the_leg() -> None:
    Table().run("""
        given c1 talks with 1001 in orders
        5200    leg_ended 1-1 16 caller | talked c1: 5000, held 0, by caller
                                        | 1001 ready
        5210    hang_up c1              | - the call is not here
    """)


def test_the_agent_hung_up_though_the_callers_channel_went_first() -> None:
    Table().run("""
        given c1 talks with 1001 in orders
        5200    hang_up c1 by=agent    | talked c1: 5000, held 0, by agent
        5201    leg_ended 1-1 16 agent | 1001 ready
    """)


def test_a_caller_who_leaves_for_elsewhere_is_out() -> None:
    Table().run("""
        100     arrive c1 service since=100 | queued c1
        900     withdraw c1 voicemail       | left c1: out to voicemail after 800
        910     session_lost c1             | - the call is not here
    """)


def test_leaving_while_it_rings_withdraws_the_offer() -> None:
    Table().run("""
        given c1 rings at 1001 in service
        900     withdraw c1 voicemail  | ended 1-1: withdrawn, rang 700
                                       | left c1: out to voicemail after 800
                                       | ! cancel 1-1
        910     failed 1-1 unreachable | - the caller is free of this offer already
        920     leg_ended 1-1 26       | 1001 ready
    """)


def test_leaving_an_answered_offer_cancels_nothing() -> None:
    Table().run("""
        given c1 offered to 1001 in service
        200     answered 1-1          | 1001 on_contact
                                      | answered c1: waited 100, rang 0
        900     withdraw c1 voicemail | ended 1-1: withdrawn, rang 0
                                      | left c1: out to voicemail after 800
        920     leg_ended 1-1 16      | 1001 ready
    """)


def test_leaving_a_conversation_is_a_transfer() -> None:
    Table().run("""
        given c1 talks with 1001 in orders
        900     withdraw c1 outside       | talked c1: 700, held 0, by transfer
        920     leg_ended 1-1 16 transfer | 1001 ready
    """)


def test_a_second_entry_follows_a_transfer_in_either_order() -> None:
    Table().run("""
        given c1 talks with 1001 in orders
        900     leg_ended 1-1 16 transfer                       | talked c1: 700, held 0, by transfer
                                                                | 1001 ready
        950     arrive c1 service sales >= 9 since=950 entry=2  | queued c1 entry 2
        1000    ready 1002                                      | 1002 ready
        1100    arrive c2 orders english since=1100             | queued c2
                                                                | offered c2 to 1002 as 1-2
                                                                | 1002 offered
                                                                | ! offer c2 to 1002 for 8000
        1200    bridged 1-2                                     | 1002 on_contact
                                                                | answered c2: waited 100, rang 0
                                                                | connected c2 with 1002
                                                                | left c2: answered after 100
        1300    arrive c2 service sales >= 9 since=1300 entry=2 | talked c2: 100, held 0, by transfer
                                                                | queued c2 entry 2
        1310    leg_ended 1-2 16 transfer                       | 1002 ready
    """)


def test_a_lost_session_keeps_the_place_but_is_offered_nobody() -> None:
    Table().run("""
        100     arrive c1 service since=100 | queued c1
        200     arrive c2 service since=200 | queued c2
        300     session_lost c1             |
        310     session_lost c1             | - the call has no session
        400     ready 1001                  | 1001 ready
                                            | offered c2 to 1001 as 1-1
                                            | 1001 offered
                                            | ! offer c2 to 1001 for 20000
        500     arrive c1 service since=100 |
        600     ready 1002                  | 1002 ready
                                            | offered c1 to 1002 as 1-2
                                            | 1002 offered
                                            | ! offer c1 to 1002 for 20000
    """)


def test_dial_goes_on_without_the_session() -> None:
    Table().run("""
        given c1 offered to 1001 in orders
        110     rang 1-1               | rang 1-1
        200     session_lost c1        |
        1500    answered 1-1           | 1001 on_contact
                                       | answered c1: waited 1400, rang 1390
        1600    bridged 1-1            | connected c1 with 1001
                                       | left c1: answered after 1400
        1700    session_lost c1        | - the conversation goes on in Asterisk without the session
        2600    leg_ended 1-1 16 agent | talked c1: 1000, held 0, by agent
                                       | 1001 ready
    """)


def test_a_return_tells_that_dial_is_over() -> None:
    Table().run("""
        0       ready 1001                 | 1001 ready
        5       ready 1002                 | 1002 ready
        100     arrive c1 orders since=100 | queued c1
                                           | offered c1 to 1001 as 1-1
                                           | 1001 offered
                                           | ! offer c1 to 1001 for 8000
        110     rang 1-1                   | rang 1-1
        200     session_lost c1            |
        900     arrive c1 orders since=100 | ended 1-1: lost, rang 790
                                           | offered c1 to 1002 as 1-2
                                           | 1002 offered
                                           | ! offer c1 to 1002 for 8000
        910     leg_ended 1-1 0            | 1001 ready
    """)


def test_an_order_that_met_no_session_is_asked_after_soon() -> None:
    Table().run("""
        0       ready 1001                  | 1001 ready
                                            | alarm at never
        100     arrive c1 service since=100 | queued c1
                                            | offered c1 to 1001 as 1-1
                                            | 1001 offered
                                            | ! offer c1 to 1001 for 20000
                                            | alarm at 25100
        105     session_lost c1             | alarm at 1105
        1105    alarm                       | 1001 unknown (lease_expired)
                                            | ! snapshot
                                            | alarm at 11105
        1200    snapshot c1                 | ended 1-1: lost, rang 0
                                            | 1001 ready
                                            | alarm at never
        1900    arrive c1 service since=100 | offered c1 to 1001 as 1-2
                                            | 1001 offered
                                            | ! offer c1 to 1001 for 20000
                                            | alarm at 26900
    """)


def test_after_a_lost_session_the_end_of_the_leg_does_not_make_it_offerable() -> None:
    Table().run("""
        0       ready 1001                 | 1001 ready
        5       ready 1002                 | 1002 ready
        100     arrive c1 orders since=100 | queued c1
                                           | offered c1 to 1001 as 1-1
                                           | 1001 offered
                                           | ! offer c1 to 1001 for 8000
        110     rang 1-1                   | rang 1-1
        200     session_lost c1            |
        300     leg_ended 1-1 21           |
        1300    alarm                      | ended 1-1: rejected, rang 1190
                                           | 1001 not_ready (rejected)
        1400    failed 1-1 rejected        | - the offer is over, or never was ours
        1500    arrive c1 orders since=100 | offered c1 to 1002 as 1-2
                                           | 1002 offered
                                           | ! offer c1 to 1002 for 8000
    """)


def test_who_cannot_be_queued_is_refused() -> None:
    Table().run("""
        0       arrive c1 nowhere since=0           | ! refuse c1: unknown_queue
        10      arrive c2 service sales >= since=10 | ! refuse c2: bad_needs
        20      arrive c3 small since=20            | queued c3
        30      arrive c4 small since=30            | ! refuse c4: queue_full
        40      hang_up c3                          | left c3: abandoned after 20
        50      arrive c4 small since=30            | queued c4
    """)


def test_who_could_not_be_served_at_a_step_to_come_is_refused_at_once() -> None:
    Table().run("""
        0       arrive c1 steps sales chosen=( since=0               | ! refuse c1: bad_needs
        10      arrive c1 steps sales chosen=( since=0 fallback=service | queued c1
    """)


def test_a_returning_caller_is_never_refused() -> None:
    Table().run("""
        20      arrive c3 small since=20 | queued c3
        30      session_lost c3          |
        40      arrive c4 small since=30 | ! refuse c4: queue_full
        50      arrive c3 small since=20 |
    """)


def test_connected_calls_do_not_fill_a_queue() -> None:
    Table().run("""
        0       ready 1001               | 1001 ready
        20      arrive c3 small since=20 | queued c3
                                         | offered c3 to 1001 as 1-1
                                         | 1001 offered
                                         | ! offer c3 to 1001 for 8000
        30      bridged 1-1              | 1001 on_contact
                                         | answered c3: waited 10, rang 0
                                         | connected c3 with 1001
                                         | left c3: answered after 10
        40      arrive c4 small since=30 | queued c4
    """)


def test_the_dead_do_not_queue() -> None:
    Table().run("""
        100     hang_up c1                 | - the call is not here
        150     arrive c1 service since=90 | - the caller has hung up
        60100   arrive c1 service since=90 | queued c1
    """)


def test_strange_arrivals_mean_nothing() -> None:
    Table().run("""
        0       ready 1001                         | 1001 ready
        100     arrive c1 orders since=100 entry=2 | queued c1 entry 2
                                                   | offered c1 to 1001 as 1-1
                                                   | 1001 offered
                                                   | ! offer c1 to 1001 for 8000
        110     arrive c1 orders since=100 entry=1 | - a later entry of this contact is here already
        200     bridged 1-1                        | 1001 on_contact
                                                   | answered c1: waited 100, rang 0
                                                   | connected c1 with 1001
                                                   | left c1: answered after 100
        300     arrive c1 orders since=100 entry=2 | ! refuse c1: already_served
                                                   | - the call has been connected
        400     arrive c2 orders since=400         | queued c2
        410     arrive c2 orders since=400         | - the call waits already, its place is kept
        500     withdraw c9 voicemail              | - the call is not here
        510     session_lost c9                    | - the call is not here
    """)


def test_a_return_does_not_change_what_was_asked() -> None:
    """The plan of an entry is resolved once, at entry."""
    table = Table()
    table.run("""
        100     arrive c1 service sales >= 5 since=100 | queued c1
        200     session_lost c1                        |
        300     arrive c1 orders since=5000 priority=9 |
        400     ready 1003                             | 1003 ready
        500     ready 1001                             | 1001 ready
                                                       | offered c1 to 1001 as 1-1
                                                       | 1001 offered
                                                       | ! offer c1 to 1001 for 20000
    """)


def test_settings_do_not_change_the_rules_of_a_call_that_waits() -> None:
    table = Table()
    table.run("""
        100     arrive c1 service since=100 | queued c1
    """)
    rules = house_rules.QueueRules("service", "", 0, 1_000, 3_000, 4_000)
    profile = house_rules.AgentProfile("1001", ())
    table.handle(events.SettingsChanged(2, (profile,), (rules,)), 200)
    table.run("""
        300     ready 1001                  | 1001 ready
                                            | offered c1 to 1001 as 1-1
                                            | 1001 offered
                                            | ! offer c1 to 1001 for 20000
        310     arrive c2 service since=310 | queued c2
        400     bridged 1-1                 | 1001 on_contact
                                            | answered c1: waited 300, rang 0
                                            | connected c1 with 1001
                                            | left c1: answered after 300
        500     leg_ended 1-1 16 agent      | talked c1: 100, held 0, by agent
                                            | 1001 acw until 10500
        10500   alarm                       | 1001 ready
                                            | offered c2 to 1001 as 1-2
                                            | 1001 offered
                                            | ! offer c2 to 1001 for 3000
    """)


def test_the_person_of_a_callback_is_not_reached_the_agent_has_no_mark_and_the_idle_time_goes_on() -> None:
    Table().run("""
        0       ready 1001                             | 1001 ready
        10      ready 1002                             | 1002 ready
        100     arrive c1 orders since=100 reach=50000 | queued c1
                                                       | offered c1 to 1001 as 1-1
                                                       | 1001 offered
                                                       | ! offer c1 to 1001 for 8000
        200     rang 1-1                               | rang 1-1
        1200    answered 1-1                           | 1001 on_contact
                                                       | answered c1: waited 1100, rang 1000
        31200   withdraw c1 callback cause=not_reached | ended 1-1: not_reached, rang 1000
                                                       | left c1: out to callback after 31100
        31220   leg_ended 1-1 16                       | 1001 ready
        31300   arrive c2 orders since=31300           | queued c2
                                                       | offered c2 to 1001 as 1-2
                                                       | 1001 offered
                                                       | ! offer c2 to 1001 for 8000
    """)


def test_a_callback_of_one_who_was_put_first_is_before_all_others() -> None:
    """Also before c1, who has waited for longer; after c2, who was put first and has waited longer, too."""
    Table().run("""
        100     arrive c1 orders since=100                    | queued c1
        200     arrive c2 orders since=200                    | queued c2
        210     put_first c2                                  | first c2
                                                              | acted put_first c2 orders
        300     arrive c3 orders since=300 reach=50000 first=yes | queued c3
                                                              | first c3
        310     put_first c3                                  | acted put_first c3 orders: first_already
                                                              | - first_already
        400     ready 1001                                    | 1001 ready
                                                              | offered c2 to 1001 as 1-1
                                                              | 1001 offered
                                                              | ! offer c2 to 1001 for 8000
        500     ready 1002                                    | 1002 ready
                                                              | offered c3 to 1002 as 1-2
                                                              | 1002 offered
                                                              | ! offer c3 to 1002 for 8000
    """)


def test_the_lease_of_a_callback_leaves_time_to_reach_the_person() -> None:
    """Before the phone rings, and after it was answered."""
    Table().run("""
        0       ready 1001                             | 1001 ready
                                                       | alarm at never
        100     arrive c1 orders since=100 reach=50000 | queued c1
                                                       | offered c1 to 1001 as 1-1
                                                       | 1001 offered
                                                       | ! offer c1 to 1001 for 8000
                                                       | alarm at 63100
        30000   rang 1-1                               | rang 1-1
                                                       | alarm at 43000
        31000   answered 1-1                           | 1001 on_contact
                                                       | answered c1: waited 30900, rang 1000
                                                       | alarm at 141000
    """)


def test_a_callback_has_its_old_place_and_no_limit_of_the_queue_is_for_it() -> None:
    """Full, closed, nobody there: it was let in long ago, and nobody on the line has waited for too long."""
    Table().run("""
        0       arrive c1 small since=0                        | queued c1
        10      arrive c2 small since=10                       | ! refuse c2: queue_full
        20      arrive c2 small since=20 place=5 reach=1000    | queued c2
        30      arrive c3 limited sales since=30 reach=1000    | queued c3
        40      close_queue orders                             | closed orders
                                                               | acted close_queue orders
        50      arrive c4 orders since=50 closed reach=1000    | queued c4
        20000   alarm                                          |
        20010   ready 1001                                     | 1001 ready
                                                               | offered c1 to 1001 as 1-1
                                                               | 1001 offered
                                                               | ! offer c1 to 1001 for 8000
        20020   hang_up c1                                     | ended 1-1: caller_gone, rang 0
                                                               | left c1: abandoned after 20020
        20030   leg_ended 1-1 26                               | 1001 ready
                                                               | offered c2 to 1001 as 1-2
                                                               | 1001 offered
                                                               | ! offer c2 to 1001 for 8000
    """)


def test_a_callback_widens_by_the_time_since_the_first_wait_began() -> None:
    Table().run("""
        15000   arrive c1 steps sales >= 5 since=15000 place=0 reach=1000 | queued c1
                                                                          | widened c1: sales >= 2
        20000   alarm                                                     | widened c1: anyone
    """)
