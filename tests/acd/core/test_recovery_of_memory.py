"""What is remembered over a restart: states, work, rules, steps, as tables of events and decisions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from decision_table import START_MS, outcome, rows_of, settings
from restarted_table import Restarted, busy_house, talk

from acd.core import events, house_rules
from acd.core.facts import AgentStateChanged, CallOffered


def at_work() -> Restarted:
    """1001 has talked with c1 and works on it until 11000."""
    table = Restarted()
    table.run("""
        given 1001 comes to work, is offered c1 in service
        50      bridged 1-1                | 1001 on_contact
                                           | answered c1: waited 30, rang 0
                                           | connected c1 with 1001
                                           | left c1: answered after 30
        1000    leg_ended 1-1 16 agent     | talked c1: 950, held 0, by agent
                                           | 1001 acw until 11000
    """)
    return table


def test_after_contact_work_ends_at_the_time_it_was_to_end() -> None:
    table = at_work()
    table.restart(5000)
    table.run("""
        5100    snapshot                 | alarm at 11000
        11000   alarm                    | 1001 ready
                                         | alarm at never
    """)
    table = at_work()
    assert table.restart(60_000) == ["1001 ready"]


def test_marks_intents_and_idle_times_outlive_a_restart() -> None:
    table = Restarted()
    table.run("""
        0       snapshot                  |
        1       log_in 1001 p1            | 1001 not_ready (login)
        2       log_in 1002 p2            | 1002 not_ready (login)
        3       log_in 1003 p3            | 1003 not_ready (login)
        10      ready 1001                | 1001 ready
        20      arrive c1 orders since=20 | queued c1
                                          | offered c1 to 1001 as 1-1
                                          | 1001 offered
                                          | ! offer c1 to 1001 for 8000
        30      rang 1-1                  | rang 1-1
        8030    failed 1-1 no_answer      | ended 1-1: no_answer, rang 8000
        8040    leg_ended 1-1 0           | 1001 not_responding (no_answer)
        8050    hang_up c1                | left c1: abandoned after 8030
        8060    ready 1003                | 1003 ready
        8070    ready 1002                | 1002 ready
        8080    phone_lost 1002           | 1002 not_ready (unreachable) then ready
    """)
    table.restart(9000)
    table.run("""
        9100    snapshot                    |
        9110    phone_back 1002             | 1002 ready
        9200    arrive c2 orders since=9200 | queued c2
                                            | offered c2 to 1003 as 2-1
                                            | 1003 offered
                                            | ! offer c2 to 1003 for 8000
        9300    arrive c3 orders since=9300 | queued c3
                                            | offered c3 to 1002 as 2-2
                                            | 1002 offered
                                            | ! offer c3 to 1002 for 8000
        9400    arrive c4 orders since=9400 | queued c4
        9500    ready 1001                  | 1001 ready
                                            | offered c4 to 1001 as 2-3
                                            | 1001 offered
                                            | ! offer c4 to 1001 for 8000
    """)


def test_the_break_that_follows_a_conversation_keeps_its_reason() -> None:
    table = Restarted()
    table.run("""
        given 1001 comes to work, is offered c1 in orders
        50      bridged 1-1               | 1001 on_contact
                                          | answered c1: waited 30, rang 0
                                          | connected c1 with 1001
                                          | left c1: answered after 30
        60      not_ready 1001 lunch      | 1001 on_contact then not_ready
        70      hold 1-1                  | held c1
                                          | 1001 on_hold then not_ready
    """)
    table.restart(1000)
    table.run("""
        1100    snapshot c1 1-1:c1:1001:bridged |
        1200    resume 1-1                      | resumed c1
                                                | 1001 on_contact then not_ready
        2000    leg_ended 1-1 16 agent          | talked c1: 820, held 1130, by agent
                                                | 1001 not_ready (lunch)
    """)


def test_a_leg_whose_caller_was_gone_holds_the_agent_over_a_restart() -> None:
    table = busy_house()
    table.run("""
        100     hang_up c2               | ended 1-2: caller_gone, rang 20
                                         | left c2: abandoned after 30
        110     hang_up c1               | talked c1: 60, held 0, by caller
    """)
    table.restart(1000)
    table.run("""
        1100    snapshot c3 c4 1-1:c1:1001:bridged 1-2:c2:1002:ringing
        1200    arrive c3 orders since=90  |
        1300    arrive c4 service since=95 |
        1400    leg_ended 1-2 26           | 1002 ready
                                           | offered c3 to 1002 as 2-1
                                           | 1002 offered
                                           | ! offer c3 to 1002 for 8000
        1500    leg_ended 1-1 16           | 1001 acw until 11500
        11500   alarm                      | 1001 ready
                                           | offered c4 to 1001 as 2-2
                                           | 1001 offered
                                           | ! offer c4 to 1001 for 20000
    """)


@pytest.mark.parametrize(
    ("after", "work"),
    [
        ("1100 snapshot c1", "| 1001 acw until 11100"),
        ("1100 leg_ended 1-1 16 at=700", "| 1001 acw until 10700"),
        ("1100 link_lost", ""),
    ],
)
def test_the_work_after_a_talk_is_not_lost_if_acd_is_away_while_the_agent_hangs_up(
    after: str, work: str
) -> None:
    table = talk()
    table.run("600 hang_up c1 | talked c1: 550, held 0, by caller")
    assert table.restart(1000) == []
    table.run(f"{after} {work or '|'}")
    if not work:
        table.run("""
            6000    alarm                  | 1001 unknown (lease_expired)
                                           | ! snapshot
            6100    snapshot               | 1001 acw until 11100
        """)


def test_the_code_of_a_talk_is_required_though_acd_was_away_while_the_agent_hung_up() -> None:
    rules = settings(disposition="required")
    for restarts in (1, 2):
        table = Restarted(rules)
        table.run("""
            0       snapshot                   |
            1       log_in 1001 p1             | 1001 not_ready (login)
            10      ready 1001                 | 1001 ready
            20      arrive c1 orders since=20  | queued c1
                                               | offered c1 to 1001 as 1-1
                                               | 1001 offered
                                               | ! offer c1 to 1001 for 8000
            50      bridged 1-1                | 1001 on_contact
                                               | answered c1: waited 30, rang 0
                                               | connected c1 with 1001
                                               | left c1: answered after 30
            600     hang_up c1                 | talked c1: 550, held 0, by caller
        """)
        for number in range(restarts):
            table.restart(1000 + number)
        decision = table.handle(events.LegEnded("1-1", 16), 1100)
        *_, changed = [fact for fact in decision.facts if isinstance(fact, AgentStateChanged)]
        assert changed.reason == "disposition"
        assert (changed.state, changed.segment, changed.disposition) == ("acw", "1-1", "required")


def test_a_leg_that_never_talked_leads_to_no_work_though_its_agent_has_talked_before() -> None:
    table = talk()
    table.run("""
        600     leg_ended 1-1 16 agent      | talked c1: 550, held 0, by agent
                                            | 1001 acw until 10600
        10600   alarm                       | 1001 ready
        10700   arrive c2 service since=10700 | queued c2
                                            | offered c2 to 1001 as 1-2
                                            | 1001 offered
                                            | ! offer c2 to 1001 for 20000
        10800   answered 1-2                | 1001 on_contact
                                            | answered c2: waited 100, rang 0
        10900   hang_up c2                  | ended 1-2: caller_gone, rang 0
                                            | left c2: abandoned after 200
    """)
    table.restart(11_000)
    table.run("""
        11100   leg_ended 1-2 16            | 1001 ready
    """)


def test_agents_no_longer_in_the_settings_are_offline_after_a_restart() -> None:
    table = busy_house()
    assert table.restart(1000, agents={"1002": {}}) == [
        "1001 on_contact then offline",
        "1003 offline (removed)",
    ]
    table.run("""
        1100    snapshot c1 c2 c3 c4 1-1:c1:1001:bridged 1-2:c2:1002:ringing
        1200    leg_ended 1-1 16 agent   | talked c1: 1150, held 0, by agent
                                         | 1001 acw until 11200 then offline
        11200   alarm                    | 1001 offline (removed)
    """)


def test_the_ready_time_of_one_who_was_dropped_from_the_settings_meanwhile_counts() -> None:
    """10 s of talk and 50 s ready, 40 of these while acd was away: occupied for a sixth of the time."""
    table = Restarted()
    table.run("""
        0       snapshot                   |
        1       log_in 1001 p1             | 1001 not_ready (login)
        10      ready 1001                 | 1001 ready
        10      arrive c1 orders since=10  | queued c1
                                           | offered c1 to 1001 as 1-1
                                           | 1001 offered
                                           | ! offer c1 to 1001 for 8000
        10      bridged 1-1                | 1001 on_contact
                                           | answered c1: waited 0, rang 0
                                           | connected c1 with 1001
                                           | left c1: answered after 0
        10010   leg_ended 1-1 16 agent     | talked c1: 10000, held 0, by agent
                                           | 1001 ready
    """)
    assert table.restart(60_010, agents={"1002": {}}) == ["1001 offline (removed)"]
    again = settings(version=3)
    queues = tuple(replace(rules, agent_choice="least_occupied") for rules in again.queues)
    table.handle(replace(again, queues=queues), 70_000)
    table.run("""
        70_001  snapshot                   |
        70_002  log_in 1001 p1             | 1001 not_ready (login)
        70_002  ready 1001                 | 1001 ready
    """)
    decision = table.handle(events.CallArrived("c2", "orders", "", 0, "zh", START_MS + 70_002), 70_002)
    (offered,) = [fact for fact in decision.facts if isinstance(fact, CallOffered)]
    assert offered.proof["best"][0]["key"] == 1_000_000 // 6


def changed_rules(**rules: Any) -> events.SettingsChanged:
    """The settings of these tables' next version, with other rules for every queue."""
    now = settings(version=2)
    return replace(now, queues=tuple(replace(queue, **rules) for queue in now.queues))


def test_a_waiting_call_keeps_the_rules_of_its_entry_over_a_restart() -> None:
    """After-contact work, ring time and code are those of the entry, though the settings have changed."""
    table = Restarted()
    table.run("""
        0       snapshot                    |
        1       log_in 1001 p1              | 1001 not_ready (login)
        100     arrive c1 service since=100 | queued c1
    """)
    table.rules = changed_rules(after_contact_ms=77, offer_ring_ms=999, target_ms=1, disposition="required")
    assert table.restart(1000) == []
    table.run("""
        1100    snapshot c1 waiting=c1      |
        1200    arrive c1 service since=100 |
        1300    ready 1001                  | 1001 ready
                                            | offered c1 to 1001 as 2-1
                                            | 1001 offered
                                            | ! offer c1 to 1001 for 20000
        1400    bridged 2-1                 | 1001 on_contact
                                            | answered c1: waited 1300, rang 0
                                            | connected c1 with 1001
                                            | left c1: answered after 1300
        2400    leg_ended 2-1 16 agent      | talked c1: 1000, held 0, by agent
                                            | 1001 acw until 12400
    """)
    # The next caller has the rules of now.
    table.run("""
        12400   alarm                       | 1001 ready
        13000   arrive c2 service since=13000 | queued c2
                                            | offered c2 to 1001 as 2-2
                                            | 1001 offered
                                            | ! offer c2 to 1001 for 999
    """)


@pytest.mark.parametrize(
    ("queue", "now", "told"),
    [
        ("limited", {"nobody_ready": ("", "")}, "overflowed c1 to hangup: nobody_ready"),
        ("orders", {"nobody_ready": ("", "voicemail")}, ""),
    ],
)
def test_limits_for_absent_agents_are_those_of_the_entry_over_a_restart(
    queue: str, now: dict[str, Any], told: str
) -> None:
    table = Restarted()
    table.run(f"""
        0       snapshot                          |
        1       log_in 1001 p1                    | 1001 not_ready (login)
        2       ready 1001                        | 1001 ready
        3       in_use p1                         | 1001 communicating (own_call)
        100     arrive c1 {queue} sales since=100 | queued c1
    """)
    table.rules = changed_rules(**now)
    table.restart(1000)
    table.run(f"""
        1100    snapshot c1 waiting=c1 in_use=p1  |
        1200    arrive c1 {queue} sales since=100 |
        1300    not_ready 1001 lunch              | 1001 communicating (own_call) then not_ready
    """)
    [agent, *came] = outcome(table.handle(events.PhoneFree("p1"), 1400))
    assert agent == "1001 not_ready (lunch)"
    assert came == ([told, "! send c1 to hangup"] if told else [])


def test_a_journal_without_kept_rules_gives_those_of_now() -> None:
    table = Restarted()
    table.run("""
        0       snapshot                    |
        1       log_in 1001 p1              | 1001 not_ready (login)
        100     arrive c1 service since=100 | queued c1
    """)
    table.picture.contacts["c1"].rules = {}
    table.rules = changed_rules(offer_ring_ms=999)
    table.restart(1000)
    table.run("""
        1100    snapshot c1 waiting=c1      |
        1200    arrive c1 service since=100 |
        1300    ready 1001                  | 1001 ready
                                            | offered c1 to 1001 as 2-1
                                            | 1001 offered
                                            | ! offer c1 to 1001 for 999
    """)


def test_the_after_contact_work_of_a_talk_is_that_of_the_entry_over_a_restart() -> None:
    table = busy_house()
    table.rules = changed_rules(after_contact_ms=1)
    table.restart(1000)
    table.run("""
        1100    snapshot c1 c2 c3 c4 1-1:c1:1001:bridged 1-2:c2:1002:ringing waiting=c2,c3,c4 |
        2050    leg_ended 1-1 16 agent     | talked c1: 2000, held 0, by agent
                                           | 1001 acw until 12050
    """)


def test_a_whisper_outlives_a_restart() -> None:
    table = Restarted()
    table.run("""
        given 1001 comes to work, is offered c1 in service
        30      rang 1-1                   | rang 1-1
        40      answered 1-1               | 1001 on_contact
                                           | answered c1: waited 20, rang 10
    """)
    table.restart(1000)
    table.run("""
        1100    snapshot c1 1-1:c1:1001:up |
        1200    bridged 1-1                | connected c1 with 1001
                                           | left c1: answered after 20
    """)


def test_breaks_codes_rows_of_failures_and_lost_phones_survive_a_restart() -> None:
    rules = house_rules.AgentRules(
        break_ms=(("lunch", 5000),), codes=("11",), phone_gone_ms=60_000, longest_work_ms=30_000
    )
    told = settings(agent_rules=rules, disposition="required")
    table = Restarted(told)
    table.run("""
        0       snapshot                   |
        1       log_in 1001 p1             | 1001 not_ready (login)
        2       log_in 1002 p2             | 1002 not_ready (login)
        3       not_ready 1002 lunch       | 1002 not_ready (lunch) break until 5003
        4       phone_lost 1002            | 1002 not_ready (lunch) break until 5003 phone gone
        10      ready 1001                 | 1001 ready
        20      arrive c1 service since=20 | queued c1
                                           | offered c1 to 1001 as 1-1
                                           | 1001 offered
                                           | ! offer c1 to 1001 for 20000
        30      failed 1-1 busy            | ended 1-1: busy, rang 0
        40      leg_ended 1-1 17           | 1001 communicating (busy) until 5040
        5003    alarm                      | 1002 not_ready (lunch) break until 5003 overdue phone gone
        5040    alarm                      | 1001 ready
                                           | offered c1 to 1001 as 1-2
                                           | 1001 offered
                                           | ! offer c1 to 1001 for 20000
        5050    bridged 1-2                | 1001 on_contact
                                           | answered c1: waited 5030, rang 0
                                           | connected c1 with 1001
                                           | left c1: answered after 5030
    """)
    table.restart(6000)
    table.run("""
        6001    snapshot c1 1-2:c1:1001:bridged  |
        6002    help 1001                  | help for 1001 with c1
        7000    leg_ended 1-2 16 agent     | talked c1: 1950, held 0, by agent
                                           | 1001 acw until 17000
    """)
    table.restart(8000)
    table.run("""
        8001    snapshot c1                |
        8002    prolong 1001               | 1001 acw until 37000
        8002    helped 1001 9001           | help over for 1001 by 9001 after 2000
        8003    finish 1001                | - the queue requires a code first
        8004    code 1001 11               | 1001 acw until 37000
                                           | code 11 for 1-2 by 1001
        37000   alarm                      | 1001 ready
        67999   alarm                      |
        68000   alarm                      | 1002 offline (phone_gone)
    """)


def all_ring() -> Restarted:
    """The phones of all three ring for c1."""
    table = Restarted()
    table.run(
        """
        0       snapshot                      |
        1       log_in 1001 p1                | 1001 not_ready (login)
        2       log_in 1002 p2                | 1002 not_ready (login)
        3       log_in 1003 p3                | 1003 not_ready (login)
    """
        + "\n".join(rows_of("given c1 rings at all in together"))
    )
    return table


def test_of_several_phones_that_rang_when_acd_was_killed_the_living_leg_wins() -> None:
    table = all_ring()
    assert table.restart(1000) == []
    table.run("""
        1100    snapshot c1 1-2:c1:1002:up    | 1002 on_contact
                                              | ended 1-3: answered_elsewhere, rang 900
                                              | ended 1-1: answered_elsewhere, rang 900
                                              | answered c1: waited 1000, rang 900
                                              | 1003 ready
                                              | 1001 ready
        1200    bridged 1-2                   | connected c1 with 1002
                                              | left c1: answered after 1000
    """)


def test_of_several_phones_that_rang_those_that_ring_on_may_still_win() -> None:
    table = all_ring()
    assert table.restart(1000) == []
    table.run("""
        1100    snapshot c1 1-1:c1:1001:ringing 1-3:c1:1003:ringing | ended 1-2: lost, rang 900
                                              | 1002 ready
        1200    answered 1-3                  | 1003 on_contact
                                              | ended 1-1: answered_elsewhere, rang 1000
                                              | answered c1: waited 1100, rang 1000
    """)


def test_a_phone_in_use_survives_a_restart_until_a_snapshot_tells() -> None:
    table = Restarted()
    table.run("""
        0       snapshot                   |
        1       log_in 1001 p1             | 1001 not_ready (login)
        2       log_in 1002 p2             | 1002 not_ready (login)
        3       ready 1001                 | 1001 ready
        4       ready 1002                 | 1002 ready
        5       in_use p1                  | 1001 communicating (own_call)
        6       in_use p2                  | 1002 communicating (own_call)
    """)
    assert table.restart(1000) == []
    table.run("""
        1001    ready 1001                 |
        1002    snapshot in_use=p2         | 1001 ready
        1003    free p2                    | 1002 ready
    """)


def test_a_restart_keeps_the_step_and_the_times_of_those_to_come() -> None:
    table = Restarted()
    table.run("""
        0       snapshot                                        |
        1       log_in 1001 p1                                  | 1001 not_ready (login)
        100     arrive c1 steps sales>=5 since=100 last=1001    | queued c1 for 1001
        12000   alarm                                           | widened c1: sales >= 5
                                                                | widened c1: sales >= 2
    """)
    assert table.restart(13_000) == []
    view = table.picture.contacts["c1"]
    assert (view.step, view.needs, view.prefer, view.queued_ms) == (2, "sales >= 2", [], START_MS + 100)
    table.run("""
        13100   snapshot c1 waiting=c1                          | alarm at 14600
        13200   arrive c1 steps sales>=5 since=100              | alarm at 14600
        14600   alarm                                           | alarm at 20100
        20100   alarm                                           | widened c1: anyone
                                                                | alarm at never
    """)


def test_the_steps_of_a_callback_count_from_the_first_wait_also_after_a_restart() -> None:
    table = Restarted()
    table.run("""
        0       snapshot                                          |
        8000    arrive c1 steps since=8000 place=100 reach=50000  | queued c1
        10100   alarm                                             | widened c1: sales >= 2
    """)
    assert table.restart(12_000) == []
    table.run("""
        12100   snapshot c1 waiting=c1                            |
        12200   arrive c1 steps since=8000 place=100 reach=50000  |
        20100   alarm                                             | widened c1: anyone
    """)


def test_a_step_that_was_due_while_we_were_away_comes_at_once() -> None:
    table = Restarted()
    table.run("""
        0       snapshot                             |
        100     arrive c1 steps sales>=5 since=100   | queued c1
    """)
    assert table.restart(25_000) == ["widened c1: sales >= 2", "widened c1: anyone"]


def test_an_agent_of_whose_offer_nothing_was_heard_is_as_idle_as_before_also_after_a_restart() -> None:
    table = Restarted()
    table.run("""
        0       snapshot                      |
        1       log_in 1001 p1                | 1001 not_ready (login)
        10      ready 1001                    | 1001 ready
        100     arrive c1 orders since=100    | queued c1
                                              | offered c1 to 1001 as 1-1
                                              | 1001 offered
                                              | ! offer c1 to 1001 for 8000
        13100   alarm                         | 1001 unknown (lease_expired)
                                              | ! snapshot
    """)
    table.restart(14_000)
    decision = table.handle(events.AsteriskSnapshot(("c1",), ()), 14_100)
    (ready,) = [fact for fact in decision.facts if isinstance(fact, AgentStateChanged)]
    assert (ready.state, ready.idle_since_ms) == ("ready", START_MS + 10)


def test_a_phone_belongs_after_a_restart_to_who_took_it_not_to_who_still_talks_there() -> None:
    table = Restarted()
    table.run("""
        0       snapshot                   |
        1       log_in 1003 p3             | 1003 not_ready (login)
        2       log_in 1001 p1             | 1001 not_ready (login)
        10      ready 1001                 | 1001 ready
        20      arrive c1 orders since=20  | queued c1
                                           | offered c1 to 1001 as 1-1
                                           | 1001 offered
                                           | ! offer c1 to 1001 for 8000
        50      bridged 1-1                | 1001 on_contact
                                           | answered c1: waited 30, rang 0
                                           | connected c1 with 1001
                                           | left c1: answered after 30
        60      log_in 1003 p1             | 1001 on_contact then offline
                                           | 1003 not_ready (login)
    """)
    table.restart(1000)
    assert table.distributor.agent_at("p1") == "1003"
