"""Limits of a queue, as tables: who is not let in, who is sent on while waiting.

The queue "limited" of these tables needs sales (1001 and 1002), has room for 3, one and a half callers per
agent, a wait of 10 s at most, and overflows to "small", which has room for 1.
"""

from __future__ import annotations

from decision_table import QUEUES, START_MS, Table

from acd.core import events, house_rules, remembered


def test_who_waited_for_too_long_is_sent_on() -> None:
    talking().run("""
        100    arrive c1 limited sales since=50           | queued c1
        10100  alarm                                      | overflowed c1 to queue:small: max_wait
                                                          | ! send c1 to queue:small
        10110  arrive c1 small entry=2 since=50           | left c1: out to small after 10060
                                                          | queued c1 entry 2
    """)


def talking() -> Table:
    """1002 talks, so that the queue has somebody at work; 1001 is not ready."""
    table = Table()
    table.run("""
        0      ready 1002                                 | 1002 ready
        10     arrive c0 orders since=10                  | queued c0
                                                          | offered c0 to 1002 as 1-1
                                                          | 1002 offered
                                                          | ! offer c0 to 1002 for 8000
        20     bridged 1-1                                | 1002 on_contact
                                                          | answered c0: waited 10, rang 0
                                                          | connected c0 with 1002
                                                          | left c0: answered after 10
    """)
    return table


def test_it_waits_on_while_the_other_queue_is_full_and_may_be_answered() -> None:
    talking().run("""
        50     arrive s1 small english>=9 since=50        | queued s1
        100    arrive c1 limited sales since=100          | queued c1
        10100  alarm                                      |
        10200  ready 1001                                 | 1001 ready
                                                          | offered c1 to 1001 as 1-2
                                                          | 1001 offered
                                                          | ! offer c1 to 1001 for 8000
        10300  hang_up s1                                 | left s1: abandoned after 10250
        10400  failed 1-2 busy                            | ended 1-2: busy, rang 0
                                                          | overflowed c1 to queue:small: max_wait
                                                          | ! send c1 to queue:small
    """)


def test_of_several_only_as_many_are_sent_on_as_the_other_queue_has_room_for() -> None:
    talking().run("""
        100    arrive c1 limited sales since=100          | queued c1
        101    arrive c2 limited sales since=101          | queued c2
        10101  alarm                                      | overflowed c1 to queue:small: max_wait
                                                          | ! send c1 to queue:small
        10110  withdraw c1 queue:small                    | left c1: out to queue:small after 10010
        10115  session_lost c1                            | - the call is not here
        10120  arrive n1 small since=10120                | ! refuse n1: queue_full
        10130  arrive c1 small entry=2 since=100          | queued c1 entry 2
        10140  hang_up c1                                 | left c1: abandoned after 10040
                                                          | overflowed c2 to queue:small: max_wait
                                                          | ! send c2 to queue:small
    """)


def test_a_place_is_kept_until_the_caller_is_not_on_the_way_any_more() -> None:
    for row in (
        "10110  hang_up c1 | left c1: abandoned after 10010",
        "10110  session_lost c1 |",
        "10110  snapshot c0 c2 1-1:c0:1002:bridged | left c1: lost after 10010",
    ):
        talking().run(f"""
            100    arrive c1 limited sales since=100      | queued c1
            101    arrive c2 limited sales since=101      | queued c2
            10101  alarm                                  | overflowed c1 to queue:small: max_wait
                                                          | ! send c1 to queue:small
            {row}
                                                          | overflowed c2 to queue:small: max_wait
                                                          | ! send c2 to queue:small
        """)


def test_whom_a_supervisor_sends_on_has_a_place_too() -> None:
    talking().run("""
        100    arrive c1 limited sales since=100          | queued c1
        101    arrive c2 orders english>=9 since=101      | queued c2
        10090  send_on c2 queue:small                     | acted move c2 orders queue:small
                                                          | ! send c2 to queue:small
        10100  alarm                                      |
        10110  hang_up c2                                 | left c2: abandoned after 10009
                                                          | overflowed c1 to queue:small: max_wait
                                                          | ! send c1 to queue:small
    """)


def test_a_place_is_kept_for_five_seconds_at_most() -> None:
    talking().run("""
        100    arrive c1 limited sales since=100          | queued c1
        101    arrive c2 limited sales since=101          | queued c2
        10101  alarm                                      | overflowed c1 to queue:small: max_wait
                                                          | ! send c1 to queue:small
        10110  withdraw c1 queue:small                    | left c1: out to queue:small after 10010
        15100  alarm                                      |
        15101  alarm                                      | overflowed c2 to queue:small: max_wait
                                                          | ! send c2 to queue:small
    """)


def test_a_newcomer_who_is_not_let_in_has_a_place_where_sent() -> None:
    talking().run("""
        100    arrive c1 limited sales since=100          | queued c1
        101    arrive c2 limited sales since=101          | queued c2
        102    arrive c3 limited sales since=102          | queued c3
        10090  arrive c4 limited sales since=10090        | overflowed c4 to queue:small: queue_full
                                                          | ! send c4 to queue:small as refused
        10100  alarm                                      |
        10110  arrive c4 small entry=2 since=10090        | queued c4 entry 2
    """)


def test_one_whose_session_is_lost_is_sent_on_when_it_is_back() -> None:
    talking().run("""
        100    arrive c1 limited sales since=100          | queued c1
        5000   session_lost c1                            |
        10100  alarm                                      |
        10500  arrive c1 limited sales since=100          | overflowed c1 to queue:small: max_wait
                                                          | ! send c1 to queue:small
        10600  session_lost c1                            |
        11600  arrive c1 limited sales since=100          | overflowed c1 to queue:small: max_wait
                                                          | ! send c1 to queue:small
        11700  hang_up c1                                 | left c1: abandoned after 11600
    """)


def test_no_more_callers_per_agent_than_allowed() -> None:
    talking().run("""
        100    arrive c1 limited sales since=100          | queued c1
        101    arrive c2 limited sales since=101          | queued c2
        102    arrive c3 limited sales since=102          | queued c3
        103    arrive c4 limited sales since=103          | overflowed c4 to queue:small: queue_full
                                                          | ! send c4 to queue:small as refused
        104    hang_up c3                                 | left c3: abandoned after 2
        105    log_out 1001                               | 1001 offline
        106    arrive c5 limited sales since=106          | overflowed c5 to queue:small: callers_per_agent
                                                          | ! send c5 to queue:small as refused
    """)


def test_nobody_logged_in_and_nobody_ready_are_told_apart() -> None:
    talking().run("""
        100    arrive c1 limited sales>=5 since=100       | queued c1
                                                          | overflowed c1 to hangup: nobody_ready
                                                          | ! send c1 to hangup
        200    ready 1001                                 | 1001 ready
        300    not_ready 1001 lunch                       | 1001 not_ready (lunch)
        400    log_out 1001                               | 1001 offline
        500    arrive c2 limited sales>=5 since=500       | overflowed c2 to voicemail: nobody_logged_in
                                                          | ! send c2 to voicemail as refused
        600    arrive c3 limited sales since=600          | queued c3
        700    leg_ended 1-1 16 agent                     | talked c0: 680, held 0, by agent
                                                          | 1002 ready
                                                          | offered c3 to 1002 as 1-2
                                                          | 1002 offered
                                                          | ! offer c3 to 1002 for 8000
        800    failed 1-2 rejected                        | ended 1-2: rejected, rang 0
        801    leg_ended 1-2 21                           | 1002 not_ready (rejected)
                                                          | overflowed c3 to hangup: nobody_ready
                                                          | ! send c3 to hangup
    """)


def test_those_who_wait_are_sent_on_when_the_last_agent_logs_out_and_stay_when_one_comes_back() -> None:
    table = talking()
    table.run("""
        100    arrive c1 limited sales since=100          | queued c1
        110    session_lost c1                            |
        200    log_out 1001                               | 1001 offline
        300    log_out 1002                               | 1002 on_contact then offline
        400    leg_ended 1-1 16 agent                     | talked c0: 380, held 0, by agent
                                                          | 1002 offline
        500    log_in 1001 p1                             | 1001 not_ready (login)
        510    ready 1001                                 | 1001 ready
        600    arrive c1 limited sales since=100          | offered c1 to 1001 as 1-2
                                                          | 1001 offered
                                                          | ! offer c1 to 1001 for 8000
    """)
    table = talking()
    table.run("""
        100    arrive c1 limited sales since=100          | queued c1
        200    log_out 1001                               | 1001 offline
        300    log_out 1002                               | 1002 on_contact then offline
        400    leg_ended 1-1 16 agent                     | talked c0: 380, held 0, by agent
                                                          | 1002 offline
                                                          | overflowed c1 to message:sorry: nobody_logged_in
                                                          | ! send c1 to message:sorry
        410    withdraw c1 message:sorry                  | left c1: out to message:sorry after 310
    """)


def test_who_could_serve_a_wider_step_counts() -> None:
    rules = house_rules.QueueRules(
        "q",
        "",
        0,
        0,
        8_000,
        15_000,
        steps=(house_rules.StepRules(5_000, ""),),
        nobody_logged_in=("voicemail", "voicemail"),
    )
    table = Table()
    agents = (house_rules.AgentProfile("1001", (("sales", 5),)), house_rules.AgentProfile("1003", ()))
    table.handle(events.SettingsChanged(2, agents, (rules,)), 1)
    table.run("""
        10     log_out 1001                               | 1001 offline
        100    arrive c1 q sales since=100                | queued c1
        200    log_out 1003                               | 1003 offline
                                                          | overflowed c1 to voicemail: nobody_logged_in
                                                          | ! send c1 to voicemail
    """)


def test_the_hours_of_a_queue_are_over() -> None:
    Table().run("""
        100    arrive c1 limited sales since=100 closed=1 | overflowed c1 to voicemail: closed
                                                          | ! send c1 to voicemail as closed
    """)


def test_a_late_word_of_an_entry_that_was_left_does_not_end_the_next_one() -> None:
    table = talking()
    table.run("""
        100    arrive c1 orders entry=2 since=100         | queued c1 entry 2
    """)
    decision = table.handle(events.CallWithdrawn("c1", "queue:orders", entry=1), 200)
    assert (decision.facts, decision.ignored) == ((), "a later entry of this contact is here already")
    assert table.handle(events.CallWithdrawn("c1", "voicemail", entry=2), 300).facts


def callback_queue(**ways: tuple[str, str]) -> events.SettingsChanged:
    """A queue that asks for a number: who waits for longer than 10 s, and as `ways` say."""
    rules = house_rules.QueueRules(
        "asks", "", 0, 0, 8_000, 15_000, max_wait_ms=10_000, overflow="callback", **ways
    )
    agents = (house_rules.AgentProfile("1001", ()), house_rules.AgentProfile("1002", ()))
    return events.SettingsChanged(1, agents, (rules,))


def test_who_would_rather_wait_than_be_called_back_waits_on_in_the_old_place() -> None:
    table = Table(rules=callback_queue())
    table.run("""
        50     arrive c0 asks since=50                    | queued c0
        100    arrive c1 asks since=100                   | queued c1
        200    arrive c2 asks since=200                   | queued c2
        10050  alarm                                      | overflowed c0 to callback: max_wait
                                                          | ! send c0 to callback
        10060  session_lost c0                            |
        10100  alarm                                      | overflowed c1 to callback: max_wait
                                                          | ! send c1 to callback
        10110  session_lost c1                            |
        10150  ready 1001                                 | 1001 ready
                                                          | offered c2 to 1001 as 1-1
                                                          | 1001 offered
                                                          | ! offer c2 to 1001 for 8000
        10160  arrive c1 asks since=100                   |
        10170  hang_up c0                                 | left c0: abandoned after 10120
        10180  failed 1-1 busy                            | ended 1-1: busy, rang 0
        10190  ready 1002                                 | 1002 ready
                                                          | offered c1 to 1002 as 1-2
                                                          | 1002 offered
                                                          | ! offer c1 to 1002 for 8000
    """)


def test_nobody_is_asked_twice_while_agents_come_and_go() -> None:
    table = Table(rules=callback_queue(nobody_ready=("", "callback")))
    table.run("""
        50     ready 1001                                 | 1001 ready
        60     not_ready 1001 break                       | 1001 not_ready (break)
        100    arrive c1 asks since=100                   | queued c1
                                                          | overflowed c1 to callback: nobody_ready
                                                          | ! send c1 to callback
        110    session_lost c1                            |
        5000   arrive c1 asks since=100                   |
        5100   log_out 1002                               | 1002 offline
        10100  alarm                                      |
        10200  ready 1001                                 | 1001 ready
                                                          | offered c1 to 1001 as 1-1
                                                          | 1001 offered
                                                          | ! offer c1 to 1001 for 8000
    """)


def test_a_newcomer_whose_wait_is_expected_to_be_too_long_is_sent_on_and_judged_but_once_as_such() -> None:
    """Up to the limit, the last ms included, a call waits; then it goes where those go who wait already."""
    table = talking()
    table.run("""
        100    arrive c1 quick since=100          | queued c1
        110    arrive c2 quick since=110          | queued c2
        200    predicted c1 60001                 | overflowed c1 to voicemail: predicted_wait of 60001
                                                  | ! send c1 to voicemail
        210    predicted c2 60000                 |
        300    withdraw c1 voicemail              | left c1: out to voicemail after 200
        5210   predicted c2 60001                 | overflowed c2 to queue:small: predicted_wait of 60001
                                                  | ! send c2 to queue:small
    """)
    assert table.distributor.to_predict() == ([], [])


def test_the_newest_expected_wait_counts_while_there_is_no_room_elsewhere() -> None:
    table = talking()
    table.run("""
        50     arrive s1 small english>=9 since=50 | queued s1
        100    arrive c1 quick since=100           | queued c1
        110    arrive c2 quick since=110           | queued c2
        200    predicted c1 1000                   |
        201    predicted c2 1000                   |
        5200   predicted c1 99000                  |
        5201   predicted c2 99000                  |
        10200  predicted c1 1000                   |
        10300  hang_up s1                          | left s1: abandoned after 10250
                                                   | overflowed c2 to queue:small: predicted_wait of 99000
                                                   | ! send c2 to queue:small
    """)
    assert table.distributor.to_predict() == ([], ["c1"])


def test_an_expected_wait_means_nothing_to_one_who_does_not_wait_or_of_whom_nothing_can_be_foreseen() -> None:
    table = talking()
    table.run("""
        100    arrive c1 quick sales since=100    | queued c1
        200    predicted c1 never                 |
        300    predicted c1 99000 entry=2         | - the call does not wait in this entry
        400    ready 1001                         | 1001 ready
                                                  | offered c1 to 1001 as 1-2
                                                  | 1001 offered
                                                  | ! offer c1 to 1001 for 8000
        500    predicted c1 99000                 | - the call does not wait in this entry
        600    predicted c9 99000                 | - the call does not wait in this entry
        700    arrive c2 orders since=700         | queued c2
        800    predicted c2 99000                 |
    """)


def test_who_comes_to_certain_agents_is_judged_as_one_who_waits() -> None:
    table = talking()
    table.run("""
        100    arrive c1 quick since=100 aims=1002 | queued c1
                                                   | c1 meant for nobody
    """)
    table.run("""
        200    log_out 1002                       | 1002 on_contact then offline
    """)
    assert table.distributor.to_predict()[0] == []


def test_a_restart_judges_nobody_as_a_newcomer_again() -> None:
    table = Table(linked=False)
    quick = next(rules for rules in QUEUES if rules.name == "quick")
    call = remembered.RestoredCall("c1", 1, "quick", "", 0, "zh", START_MS, "waiting", rules=quick)
    table.handle(events.JournalRestored((), (call,)), 0)
    table.run("""
        20      snapshot c1               |
        30      arrive c1 quick since=0   |
    """)
    assert table.distributor.to_predict() == ([], ["c1"])
