"""What agents do, as tables of events and decisions (see `decision_table`)."""

from __future__ import annotations

from decision_table import Table, event_of, settings

from acd.core.commands import OfferCall
from acd.core.house_rules import AgentRules


def test_log_in_is_not_ready_yet_and_log_out_is_offline() -> None:
    Table(at_work=False).run("""
        0       ready 1001               | - the agent is logged out
        10      log_in 1001 p1           | 1001 not_ready (login)
        20      ready 1001               | 1001 ready
        30      ready 1001               |
        40      not_ready 1001 lunch     | 1001 not_ready (lunch)
        50      not_ready 1001 training  | 1001 not_ready (training)
        60      log_out 1001             | 1001 offline
        70      log_out 1001             | - the agent is logged out
        80      log_in 4711 p1           | - the settings name no such agent
        90      finish 1001              | - the agent is logged out
    """)


def test_a_phone_holds_one_agent() -> None:
    Table(at_work=False).run("""
        0       log_in 1001 p1           | 1001 not_ready (login)
        10      ready 1001               | 1001 ready
        20      log_in 1002 p1           | 1001 offline (phone_taken)
                                         | 1002 not_ready (login)
        30      log_in 1001 p1           | 1002 offline (phone_taken)
                                         | 1001 not_ready (login)
    """)


def test_an_agent_sits_at_one_phone() -> None:
    table = Table(at_work=False)
    table.run("""
        0       log_in 1001 p1           | 1001 not_ready (login)
        10      log_in 1001 p2           | 1001 not_ready (login)
        20      log_in 1002 p1           | 1002 not_ready (login)
        30      ready 1001               | 1001 ready
    """)
    [order] = table.handle(event_of(["arrive", "c1", "service", "since=40"]), 40).commands
    assert isinstance(order, OfferCall)
    assert (order.agent, order.phone) == ("1001", "p2")


def test_moving_while_it_rings_withdraws_the_offer() -> None:
    Table().run("""
        given c1 rings at 1001 in service
        300     log_in 1001 p9         | 1001 offered then not_ready
                                       | ! cancel 1-1
        310     failed 1-1 unreachable | ended 1-1: withdrawn, rang 110
        320     leg_ended 1-1 26       | 1001 not_ready (login)
        330     ready 1001             | 1001 ready
                                       | offered c1 to 1001 as 1-2
                                       | 1001 offered
                                       | ! offer c1 to 1001 for 20000
    """)


def test_log_out_while_it_rings_withdraws_the_offer() -> None:
    Table().run("""
        given c1 rings at 1001 in service
        300     log_out 1001           | 1001 offered then offline
                                       | ! cancel 1-1
        310     log_out 1001           |
        320     failed 1-1 unreachable | ended 1-1: withdrawn, rang 120
        330     leg_ended 1-1 26       | 1001 offline
    """)


def test_log_out_in_a_conversation_waits_for_its_end_and_its_work() -> None:
    Table().run("""
        given c1 talks with 1001 in service
        300     log_out 1001           | 1001 on_contact then offline
        5000    leg_ended 1-1 16 agent | talked c1: 4800, held 0, by agent
                                       | 1001 acw until 15000 then offline
        15000   alarm                  | 1001 offline
    """)


def test_log_out_ends_after_contact_work() -> None:
    Table().run("""
        given c1 talks with 1001 in service
        5000    leg_ended 1-1 16 agent | talked c1: 4800, held 0, by agent
                                       | 1001 acw until 15000
        6000    log_out 1001           | 1001 offline
    """)


def test_what_is_intended_in_a_conversation_follows_after_the_work() -> None:
    Table().run("""
        given c1 talks with 1001 in service
        300     not_ready 1001 lunch   | 1001 on_contact then not_ready
        5000    leg_ended 1-1 16 agent | talked c1: 4800, held 0, by agent
                                       | 1001 acw until 15000 then not_ready
        6000    finish 1001            | 1001 not_ready (lunch)
    """)


def test_ready_does_not_cut_after_contact_work_short_but_finishing_does() -> None:
    Table().run("""
        given c1 talks with 1001 in service
        300     not_ready 1001 lunch   | 1001 on_contact then not_ready
        5000    leg_ended 1-1 16 agent | talked c1: 4800, held 0, by agent
                                       | 1001 acw until 15000 then not_ready
        6000    ready 1001             | 1001 acw until 15000
        7000    finish 1001            | 1001 ready
    """)


def test_a_phone_out_of_reach_is_offered_nothing() -> None:
    Table().run("""
        0       ready 1001                 | 1001 ready
        10      phone_lost 1001            | 1001 not_ready (unreachable) then ready
        20      arrive c1 service since=20 | queued c1
        30      phone_lost 1001            |
        40      phone_back 1001            | 1001 ready
                                           | offered c1 to 1001 as 1-1
                                           | 1001 offered
                                           | ! offer c1 to 1001 for 20000
    """)


def test_a_phone_lost_in_a_conversation_counts_after_it() -> None:
    Table().run("""
        given c1 talks with 1001 in orders
        300     phone_lost 1001        | 1001 on_contact phone gone
        5000    leg_ended 1-1 16 agent | talked c1: 4800, held 0, by agent
                                       | 1001 not_ready (unreachable) then ready
        6000    ready 1001             | 1001 ready
    """)


def test_a_break_stays_a_break_without_a_phone() -> None:
    Table().run("""
        0       not_ready 1001 lunch     | 1001 not_ready (lunch)
        10      phone_lost 1001          | 1001 not_ready (lunch) phone gone
        20      phone_back 1001          | 1001 not_ready (lunch)
    """)


GONE = settings(agent_rules=AgentRules(phone_gone_ms=60_000))


def test_an_agent_whose_phone_is_gone_for_long_is_logged_out() -> None:
    Table(rules=GONE).run("""
        0       ready 1001               | 1001 ready
                                         | alarm at never
        1000    phone_lost 1001          | 1001 not_ready (unreachable) then ready
                                         | alarm at 61000
        2000    not_ready 1001 lunch     | 1001 not_ready (lunch) phone gone
                                         | alarm at 61000
        61000   alarm                    | 1001 offline (phone_gone)
                                         | alarm at never
    """)


def test_a_phone_that_is_back_in_time_changes_nothing() -> None:
    Table(rules=GONE).run("""
        0       ready 1001               | 1001 ready
                                         | alarm at never
        1000    phone_lost 1001          | 1001 not_ready (unreachable) then ready
                                         | alarm at 61000
        60999   phone_back 1001          | 1001 ready
                                         | alarm at never
    """)


def test_a_phone_that_is_gone_ends_neither_a_talk_nor_its_work() -> None:
    Table(rules=GONE).run("""
        0       ready 1001                  | 1001 ready
        100     arrive c1 service since=100 | queued c1
                                            | offered c1 to 1001 as 1-1
                                            | 1001 offered
                                            | ! offer c1 to 1001 for 20000
        200     bridged 1-1                 | 1001 on_contact
                                            | answered c1: waited 100, rang 0
                                            | connected c1 with 1001
                                            | left c1: answered after 100
        300     phone_lost 1001             | 1001 on_contact phone gone
        60300   alarm                       | 1001 on_contact phone gone then offline
        61000   leg_ended 1-1 16 agent      | talked c1: 60800, held 0, by agent
                                            | 1001 acw until 71000 phone gone then offline
        71000   alarm                       | 1001 offline (phone_gone)
    """)


def test_never_is_the_default_of_the_log_out() -> None:
    Table().run("""
        0       ready 1001               | 1001 ready
                                         | alarm at never
        1000    phone_lost 1001          | 1001 not_ready (unreachable) then ready
                                         | alarm at never
    """)


BREAKS = settings(agent_rules=AgentRules(break_ms=(("lunch", 1000), ("tea", 100))))


def test_a_break_that_lasts_too_long_is_told() -> None:
    Table(rules=BREAKS).run("""
        0       not_ready 1001 lunch     | 1001 not_ready (lunch) break until 1000
        500     not_ready 1001 lunch     |
        1000    alarm                    | 1001 not_ready (lunch) break until 1000 overdue
        1100    not_ready 1001 lunch     |
        1200    not_ready 1001 tea       | 1001 not_ready (tea) break until 1300
        1250    not_ready 1001 training  | 1001 not_ready (training)
        1300    alarm                    |
        1310    ready 1001               | 1001 ready
    """)


def test_a_break_begins_when_the_conversation_is_over() -> None:
    Table(rules=BREAKS).run("""
        0       ready 1001                 | 1001 ready
        100     arrive c1 orders since=100 | queued c1
                                           | offered c1 to 1001 as 1-1
                                           | 1001 offered
                                           | ! offer c1 to 1001 for 8000
        200     bridged 1-1                | 1001 on_contact
                                           | answered c1: waited 100, rang 0
                                           | connected c1 with 1001
                                           | left c1: answered after 100
        300     not_ready 1001 lunch       | 1001 on_contact then not_ready
        5000    leg_ended 1-1 16 agent     | talked c1: 4800, held 0, by agent
                                           | 1001 not_ready (lunch) break until 6000
    """)


def test_new_skills_count_at_once() -> None:
    table = Table()
    table.run("""
        0       ready 1003                        | 1003 ready
        100     arrive c1 service sales since=100 | queued c1
    """)
    decision = table.handle(settings({"1003": {"sales": 1}}, version=2), 200)
    assert [type(fact).__name__ for fact in decision.facts] == [
        "AgentStateChanged",
        "AgentStateChanged",
        "CallOffered",
        "AgentStateChanged",
    ]
    assert decision.facts[2].proof["settings_version"] == 2  # type: ignore[attr-defined]


def test_a_removed_agent_goes_offline_when_free() -> None:
    table = Table()
    table.run("""
        0       ready 1001                 | 1001 ready
        10      ready 1002                 | 1002 ready
        100     arrive c1 orders since=100 | queued c1
                                           | offered c1 to 1001 as 1-1
                                           | 1001 offered
                                           | ! offer c1 to 1001 for 8000
        200     bridged 1-1                | 1001 on_contact
                                           | answered c1: waited 100, rang 0
                                           | connected c1 with 1001
                                           | left c1: answered after 100
    """)
    decision = table.handle(settings({"1003": {}}, version=2), 300)
    assert [(fact.agent, fact.state, fact.intent) for fact in decision.facts] == [  # type: ignore[attr-defined]
        ("1001", "on_contact", "offline"),
        ("1002", "offline", "offline"),
    ]
    table.run("""
        400     ready 1001               | - the settings name no such agent
        410     ready 1002               | - the settings name no such agent
        5000    leg_ended 1-1 16 agent   | talked c1: 4800, held 0, by agent
                                         | 1001 offline (removed)
        6000    log_in 1001 p1           | - the settings name no such agent
    """)


def test_an_agent_who_comes_back_into_the_settings_in_time_keeps_the_conversation() -> None:
    table = Table()
    table.run("""
        given c1 offered to 1001 in orders
        200     bridged 1-1 | 1001 on_contact
                            | answered c1: waited 100, rang 0
                            | connected c1 with 1001
                            | left c1: answered after 100
    """)
    table.handle(settings({}, version=2), 300)
    table.handle(settings(version=3), 400)
    table.run("""
        500     ready 1001               | 1001 on_contact
        5000    leg_ended 1-1 16 agent   | talked c1: 4800, held 0, by agent
                                         | 1001 ready
    """)


def test_whose_phone_was_taken_in_the_talk_finishes_the_work_and_is_logged_out() -> None:
    """Nobody comes back to a phone where somebody else sits by now, not by a supervisor's deed either."""
    Table().run("""
        given c1 talks with 1001 in service
        300     log_in 1003 phone1001       | 1001 on_contact then offline
                                            | 1003 not_ready (login)
        1000    leg_ended 1-1 16 agent      | talked c1: 800, held 0, by agent
                                            | 1001 acw until 11000 then offline
        1100    ready 1001                  | - somebody else has logged in at the agent's phone
        1200    not_ready 1001 lunch        | - somebody else has logged in at the agent's phone
        1300    force 1001 ready            | acted force 1001 ready: logged_out
                                            | - logged_out
        11000   alarm                       | 1001 offline (phone_taken)
        11100   ready 1003                  | 1003 ready
    """)
